/* Cells are collected as text in one list, row after row; only when the table is printed is it known how wide a column
 * is and whether it holds numbers alone. */
#include "harness/cli/table.h"

#include "harness/base/memory.h"
#include "harness/base/shown.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void table_cell(Table *t, const char *format, ...)
{
    char cell[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cell, sizeof cell, format, arguments);
    va_end(arguments);
    char *plain = shown(cell);
    text_list_add(&t->cells, plain);
    free(plain);
}

void table_head(Table *t, const char *const *names)
{
    for (; *names; names++, t->columns++) text_list_add(&t->cells, *names);
}

/* Characters, not bytes: continuation bytes of UTF-8 take no place. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (; *text; text++) width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
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

static void print_spaces(FILE *out, size_t count)
{
    fprintf(out, "%*s", (int)count, "");
}

void table_print(const Table *t, FILE *out)
{
    if (!t->columns) return;
    Column *columns = xcalloc(t->columns, sizeof *columns);
    for (size_t c = 0; c < t->columns; c++) columns[c] = measure(t, c);

    for (size_t i = 0; i < t->cells.count; i++) {
        const size_t c = i % t->columns, padding = columns[c].width - width_of(t->cells.items[i]);
        const bool last = c + 1 == t->columns;
        if (columns[c].numeric) print_spaces(out, padding);
        fputs(t->cells.items[i], out);
        if (!columns[c].numeric && !last) print_spaces(out, padding);
        fputs(last ? "\n" : "  ", out);
        if (i + 1 != t->columns) continue;
        for (size_t k = 0; k < t->columns; k++) { /* a rule under the head */
            for (size_t d = 0; d < columns[k].width; d++) fputc('-', out);
            fputs(k + 1 == t->columns ? "\n" : "  ", out);
        }
    }
    free(columns);
}

void table_free(Table *t)
{
    text_list_free(&t->cells);
    *t = (Table){0};
}
