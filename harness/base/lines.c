/* Reads a stream byte by byte into one buffer, looks at every line as a whole once it is complete (its mark, its UTF-8) and hands it
 * over. A NUL is refused where it is met, so that a device or a binary file is not read into memory first. */
#include "harness/base/lines.h"

#include "harness/base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

enum { LINE_LIMIT = 16 << 20 };
static const size_t list_limit = (size_t)4 << 30; /* an endless pipe ends here */

typedef struct Reader {
    FILE *stream;
    const char *name;
    Text line;
    size_t number; /* of the line in `line` */
    size_t bytes;  /* of all lines so far */
} Reader;

/* Characters before byte `at`, and one: the column of what stands there. */
static size_t column_of(const char *text, size_t at)
{
    size_t column = 1;
    for (size_t i = 0; i < at; i++) column += ((unsigned char)text[i] & 0xc0) != 0x80;
    return column;
}

static bool is_utf16(const Reader *r)
{
    const char *c = r->line.data;
    return r->number == 1 && r->line.length >= 2 && (!memcmp(c, "\xff\xfe", 2) || !memcmp(c, "\xfe\xff", 2));
}

static bool refuse_utf16(const Reader *r, Error *err)
{
    return fail(err, "%s:1: column 1: this is UTF-16 text, UTF-8 is needed; save the file as UTF-8", r->name);
}

static bool refuse_nul(const Reader *r, Error *err)
{
    if (is_utf16(r)) return refuse_utf16(r, err);
    return fail(err, "%s:%zu: column %zu: a NUL byte; text is needed, saved as UTF-8 (not UTF-16, not binary)", r->name,
                r->number, column_of(r->line.data, r->line.length));
}

/* Reads up to and without the end of the line. *end: there was nothing more. */
static bool read_line(Reader *r, bool *end, Error *err)
{
    int c = getc_unlocked(r->stream);
    *end = c == EOF;
    r->number++;
    r->line.length = 0;
    text_add_bytes(&r->line, "", 0);
    for (; c != EOF && c != '\n' && c != '\r'; c = getc_unlocked(r->stream)) {
        const char byte = (char)c;
        if (c == 0) return refuse_nul(r, err);
        if (r->line.length == LINE_LIMIT)
            return fail(err, "%s:%zu: longer than the 16 MB allowed for a line; write one text or object a line",
                        r->name, r->number);
        text_add_bytes(&r->line, &byte, 1);
    }
    r->bytes += r->line.length;
    if (r->bytes > list_limit) return fail(err, "%s: more than the 4 GB allowed for a list of texts", r->name);
    if (c == '\r' && (c = getc_unlocked(r->stream)) != '\n' && c != EOF) ungetc(c, r->stream);
    return true;
}

/* Passes the mark over and looks at the encoding. */
static bool look_at(const Reader *r, Line *line, Error *err)
{
    const char *text = r->line.data;
    size_t length = r->line.length;
    if (r->number == 1 && length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3, length -= 3;
    *line = (Line){.path = r->name, .number = r->number, .text = text, .length = length};
    const uint8_t *bad = u8_check((const uint8_t *)text, length);
    if (!bad) return true;
    if (is_utf16(r)) return refuse_utf16(r, err);
    return fail(err, "%s:%zu: column %zu: the byte 0x%02X is not UTF-8 text; save the file as UTF-8", r->name,
                r->number, column_of(text, (size_t)(bad - (const uint8_t *)text)), *bad);
}

bool lines_read_stream(FILE *stream, const char *name, TakeLine *take, void *context, Error *err)
{
    Reader r = {.stream = stream, .name = name};
    bool good = true, end = false;
    while (good && !end) {
        Line line;
        good = read_line(&r, &end, err);
        if (!good || end) break;
        good = look_at(&r, &line, err);
        const bool only_a_mark = line.number == 1 && line.length == 0 && r.line.length > 0 && feof(stream);
        good = good && (only_a_mark || take(context, &line, err));
    }
    if (good && ferror(stream)) good = fail(err, "%s: cannot read: %s", name, strerror(errno));
    text_free(&r.line);
    return good;
}

bool lines_read(const char *path, TakeLine *take, void *context, Error *err)
{
    if (path_is_folder(path)) return fail(err, "%s: is a folder, a file is needed", path);
    FILE *file = fopen(path, "rb");
    if (!file) return fail(err, "%s: cannot open: %s", path, strerror(errno));
    const bool good = lines_read_stream(file, path, take, context, err);
    fclose(file);
    return good;
}

bool lines_read_bytes(const char *name, const char *bytes, size_t count, TakeLine *take, void *context, Error *err)
{
    if (count == 0) return true; /* fmemopen needs at least one byte */
    FILE *stream = fmemopen((char *)bytes, count, "rb");
    if (!stream) return fail(err, "%s: cannot be read from memory: %s", name, strerror(errno));
    const bool good = lines_read_stream(stream, name, take, context, err);
    fclose(stream);
    return good;
}

typedef struct Collected {
    TextList *lines;
    size_t bytes, limit;
} Collected;

static bool collect(void *context, const Line *line, Error *err)
{
    Collected *c = context;
    c->bytes += line->length + 1;
    if (c->bytes > c->limit)
        return fail(err, "%s: larger than the %zu bytes allowed for such a file", line->path, c->limit);
    text_list_add_bytes(c->lines, line->text, line->length);
    return true;
}

bool read_lines(const char *path, size_t limit, TextList *lines, Error *err)
{
    Collected c = {.lines = lines, .limit = limit};
    const size_t before = lines->count;
    if (lines_read(path, collect, &c, err)) return true;
    while (lines->count > before) free(lines->items[--lines->count]);
    if (!before) text_list_free(lines);
    return false;
}

bool line_is_blank(const Line *line)
{
    return line->text[strspn(line->text, " \t")] == 0;
}

bool check_utf8(const char *what, const char *text, Error *err)
{
    const uint8_t *bytes = (const uint8_t *)text, *bad = u8_check(bytes, strlen(text));
    if (!bad) return true;
    return fail_usage(err, "%s: column %zu: the byte 0x%02X is not UTF-8 text; give it as UTF-8", what,
                      column_of(text, (size_t)(bad - bytes)), *bad);
}
