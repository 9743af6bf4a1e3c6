/* Cells are collected as text in one list, row after row; only when the table is printed is it known how wide a column
 * is and whether it holds numbers alone. On a terminal that is narrower than the table, words are broken into lines inside
 * their columns. */
#include "harness/cli/table.h"

#include "harness/base/memory.h"
#include "harness/base/shown.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <unistr.h>
#include <uniwidth.h>

void table_cell(Table *t, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *cell = xvformat(format, arguments);
    va_end(arguments);
    char *plain = shown(cell);
    text_list_add(&t->cells, plain);
    free(plain);
    free(cell);
}

void table_head(Table *t, const char *const *names)
{
    for (; *names; names++, t->columns++) text_list_add(&t->cells, *names);
}

/* Columns of a terminal: a Chinese character takes two, a combining mark none. */
static size_t width_of(const char *text)
{
    const int width = u8_strwidth((const uint8_t *)text, "UTF-8");
    return width > 0 ? (size_t)width : 0;
}

static bool looks_numeric(const char *text)
{
    return *text == 0 || strcmp(text, "-") == 0 || strspn(text, "0123456789.+-%eE x:±") == strlen(text);
}

typedef struct Column {
    size_t width;
    bool numeric;
} Column;

static Column measure(const Table *t, size_t column)
{
    Column c = {.numeric = t->cells.count > t->columns};
    for (size_t i = column; i < t->cells.count; i += t->columns) {
        const size_t width = width_of(t->cells.items[i]);
        if (width > c.width) c.width = width;
        if (i >= t->columns && !looks_numeric(t->cells.items[i])) c.numeric = false;
    }
    return c;
}

/* ---- on a terminal ---- */

enum { BETWEEN = 2, NARROWEST = 12 };

/* Columns of the terminal behind `out`; 0: it is none, or does not say. */
static size_t columns_of(FILE *out)
{
    struct winsize size;
    return isatty(fileno(out)) && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* Makes the widest columns of words narrower, all of them to the same width, until the table fits; numbers are not broken. */
static void fit(Column *columns, size_t count, size_t room)
{
    for (;;) {
        size_t total = BETWEEN * (count - 1), widest = NARROWEST;
        for (size_t c = 0; c < count; c++) {
            total += columns[c].width;
            if (!columns[c].numeric && columns[c].width > widest) widest = columns[c].width;
        }
        if (total <= room || widest == NARROWEST) return;
        for (size_t c = 0; c < count && total > room; c++)
            if (!columns[c].numeric && columns[c].width == widest) columns[c].width--, total--;
    }
}

/* Bytes of the text that stand in the next line of a cell: up to the last blank that fits, or, of a word that is wider than the column,
 * as many characters as fit. */
static size_t piece_of(const char *text, size_t room)
{
    size_t bytes = 0, blank = 0, width = 0;
    ucs4_t c;
    while (text[bytes]) {
        const int used = u8_mbtouc(&c, (const uint8_t *)text + bytes, strlen(text + bytes));
        const int wide = uc_width(c, "UTF-8");
        if (c == ' ') blank = bytes;
        width += wide > 0 ? (size_t)wide : 0;
        if (width > room && bytes) return blank ? blank : bytes;
        bytes += (size_t)used;
    }
    return bytes;
}

/* ---- rows ---- */

static void add_padded(Text *line, const char *text, size_t bytes, Column column)
{
    char *piece = xformat("%.*s", (int)bytes, text);
    const size_t width = width_of(piece), padding = column.width > width ? column.width - width : 0;
    text_addf(line, "%*s%s%*s%*s", column.numeric ? (int)padding : 0, "", piece, column.numeric ? 0 : (int)padding, "",
              BETWEEN, "");
    free(piece);
}

/* Prints the line without the blanks at its end and empties it. */
static void end_line(Text *line, FILE *out)
{
    size_t length = line->length;
    while (length && line->data[length - 1] == ' ') length--;
    fprintf(out, "%.*s\n", (int)length, line->data);
    line->length = 0;
}

/* One row, in as many lines as its longest cell needs. */
static void print_row(char *const *cells, const Column *columns, size_t count, const char **rest, FILE *out)
{
    Text line = {0};
    for (size_t c = 0; c < count; c++) rest[c] = cells[c];
    for (bool more = true; more;) {
        more = false;
        for (size_t c = 0; c < count; c++) {
            const size_t bytes = columns[c].numeric ? strlen(rest[c]) : piece_of(rest[c], columns[c].width);
            add_padded(&line, rest[c], bytes, columns[c]);
            rest[c] += bytes;
            rest[c] += strspn(rest[c], " ");
            more = more || *rest[c];
        }
        end_line(&line, out);
    }
    text_free(&line);
}

static void print_rule(const Column *columns, size_t count, FILE *out)
{
    for (size_t c = 0; c < count; c++) {
        for (size_t d = 0; d < columns[c].width; d++) fputc('-', out);
        fputs(c + 1 == count ? "\n" : "  ", out);
    }
}

void table_print(const Table *t, FILE *out)
{
    if (!t->columns) return;
    Column *columns = xcalloc(t->columns, sizeof *columns);
    const char **rest = xcalloc(t->columns, sizeof *rest);
    for (size_t c = 0; c < t->columns; c++) columns[c] = measure(t, c);
    const size_t room = columns_of(out);
    if (room) fit(columns, t->columns, room);
    for (size_t i = 0; i + t->columns <= t->cells.count; i += t->columns) {
        print_row(t->cells.items + i, columns, t->columns, rest, out);
        if (i == 0) print_rule(columns, t->columns, out);
    }
    free(rest);
    free(columns);
}

void table_free(Table *t)
{
    text_list_free(&t->cells);
    *t = (Table){0};
}
