/* Split by hand, field by field (a quoted field may hold commas, a number may not hold anything else). Names are
 * matched by binary search in sorted pointers, so that the data keep their order and a file of a hundred thousand
 * images takes no time. */
#include "harness/score/score_table.h"

#include "harness/base/lines.h"
#include "harness/base/memory.h"
#include "harness/base/nfc.h"
#include "harness/base/repeated_files.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *separator_name(char separator)
{
    return separator == ',' ? "comma" : separator == ';' ? "semicolon" : "tab";
}

/* The sign that stands between the fields: the first of , ; and tab in the first line outside of quotes. */
static char separator_of(const char *line)
{
    for (bool quoted = false; *line; line++) {
        quoted ^= *line == '"';
        if (!quoted && strchr(",;\t", *line)) return *line;
    }
    return ',';
}

/* One field from *at on; *at moves behind the separator that ends it, and *more tells whether there was one. False when a quote is not
 * closed. */
static bool next_field(const char **at, char separator, Text *field, bool *more)
{
    const char *c = *at;
    field->length = 0;
    text_add(field, "");
    if (*c == '"') {
        for (c++; *c && (*c != '"' || c[1] == '"'); c++) {
            text_add_bytes(field, c, 1);
            if (*c == '"') c++;
        }
        if (*c++ != '"') return false;
    } else {
        const char *end = strchr(c, separator);
        const size_t length = end ? (size_t)(end - c) : strlen(c);
        text_add_bytes(field, c, length);
        c += length;
    }
    *more = *c == separator;
    *at = c + *more;
    return *more || !*c;
}

bool csv_fields(const char *path, size_t number, const char *line, char separator, TextList *fields, Error *err)
{
    Text field = {0};
    bool good = true;
    for (bool more = true; good && more;) {
        good = next_field(&line, separator, &field, &more);
        text_list_add(fields, field.data);
    }
    text_free(&field);
    return good || fail(err, "%s: line %zu: a quoted field does not end with a quote and a %s", path, number,
                        separator_name(separator));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(**(char *const *const *)a, **(char *const *const *)b);
}

/* Places of the texts in the order of the texts. Caller frees. */
static const char *const **sorted_places(const char *const *texts, size_t count)
{
    const char *const **places = xmalloc((count ? count : 1) * sizeof *places);
    for (size_t i = 0; i < count; i++) places[i] = &texts[i];
    qsort(places, count, sizeof *places, by_text);
    return places;
}

const char *repeated_text(const char *const *texts, size_t count)
{
    const char *const **places = sorted_places(texts, count), *found = NULL;
    for (size_t i = 1; i < count && !found; i++)
        if (strcmp(*places[i - 1], *places[i]) == 0) found = *places[i];
    free(places);
    return found;
}

bool match_rows(const char *const *wanted, size_t count, const char *where, const char *const *names, size_t name_count,
                const char *path, const char *what, size_t *places, Error *err)
{
    const char *const **sorted = sorted_places(names, name_count);
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        const char *const *text = &wanted[i];
        const char *const *const *found =
            name_count ? bsearch(&text, sorted, name_count, sizeof *sorted, by_text) : NULL;
        if (found)
            places[i] = (size_t)(*found - names);
        else
            good = fail(err, "%s: the %s %s is missing, which %s has; it needs scores, and the same name in both", path,
                        what, wanted[i], where);
    }
    free(sorted);
    if (good && name_count > count)
        good = fail(err, "%s: it has %zu %s names, %s has %zu; leave out what is not there", path, name_count, what,
                    where, count);
    return good;
}

static bool read_head(ScoreTable *t, const char *path, const char *line, Error *err)
{
    TextList fields = {0};
    t->separator = separator_of(line);
    bool good = csv_fields(path, 1, line, t->separator, &fields, err);
    if (good && (fields.count < 2 || strcmp(fields.items[0], "file") != 0))
        good = fail(err, "%s: line 1: the names of the columns are needed: file, then the classes", path);
    for (size_t i = 1; i < fields.count && good; i++) text_list_add(&t->classes, fields.items[i]);
    text_list_nfc(&t->classes);
    const char *twice = good ? repeated_text((const char *const *)t->classes.items, t->classes.count) : NULL;
    text_list_free(&fields);
    return good && (!twice || fail(err, "%s: line 1: the class %s stands twice", path, twice));
}

/* "-1,25" */
static bool is_decimal_comma(const char *text)
{
    char *end;
    strtod(text, &end);
    return end > text && *end == ',' && end[1] >= '0' && end[1] <= '9' &&
           !end[1 + strspn(end + 1, "0123456789eE+- \t")];
}

static bool read_row(ScoreTable *t, const char *path, size_t number, const char *line, Error *err)
{
    const size_t classes = t->classes.count;
    TextList fields = {0};
    bool good = csv_fields(path, number, line, t->separator, &fields, err);
    if (good && fields.count != classes + 1)
        good =
            fail(err,
                 "%s: line %zu has %zu fields, the first line %zu; a file and a number for every class are needed, %ss "
                 "between "
                 "them%s",
                 path, number, fields.count, classes + 1, separator_name(t->separator),
                 fields.count == 2 * classes + 1 && t->separator == ',' ? " (numbers with decimal commas? write points)"
                                                                        : "");
    for (size_t c = 0; c < classes && good; c++) {
        char *end;
        const char *text = fields.items[c + 1];
        const double value = strtod(text, &end);
        end += strspn(end, " \t");
        t->values[t->files.count * classes + c] = value;
        if (end == text || *end || !isfinite(value))
            good = fail(err, "%s: line %zu: %s: \"%.40s\" is not a finite number%s", path, number, t->classes.items[c],
                        text, is_decimal_comma(text) ? "; write a decimal point in place of the comma" : "");
    }
    if (good && !*fields.items[0]) good = fail(err, "%s: line %zu: it names no file", path, number);
    if (good) t->lines[t->files.count] = number, text_list_add(&t->files, fields.items[0]);
    text_list_free(&fields);
    return good;
}

static bool same_values(const void *context, size_t a, size_t b)
{
    const ScoreTable *t = context;
    const size_t classes = t->classes.count;
    return memcmp(t->values + a * classes, t->values + b * classes, classes * sizeof *t->values) == 0;
}

/* A file may stand twice if its values are the same. */
static bool files_are_different(const ScoreTable *t, const char *path, Error *err)
{
    const Repeated r = repeated_files((const char *const *)t->files.items, t->files.count, same_values, t);
    return !r.differ ||
           fail(err, "%s: line %zu: the file %s stands in line %zu already, with other values; leave one of them out",
                path, t->lines[r.again], t->files.items[r.again], t->lines[r.first]);
}

bool score_table_read(ScoreTable *t, const char *path, Error *err)
{
    TextList lines = {0};
    *t = (ScoreTable){0};
    if (!read_lines(path, (size_t)1 << 30, &lines, err)) return false;
    bool good = lines.count || fail(err, "%s: it is empty", path);
    good = good && read_head(t, path, lines.items[0], err) &&
           big_alloc(&t->lines, lines.count, sizeof *t->lines, path, err) &&
           big_alloc(&t->values, lines.count, t->classes.count * sizeof *t->values, path, err);
    for (size_t i = 1; i < lines.count && good; i++)
        if (*lines.items[i]) good = read_row(t, path, i + 1, lines.items[i], err);
    if (good && t->files.count == 0)
        good = fail(err, "%s: it has no line but the first; a line an image is needed", path);
    good = good && files_are_different(t, path, err);
    text_list_free(&lines);
    if (!good) score_table_free(t);
    return good;
}

void score_table_free(ScoreTable *t)
{
    text_list_free(&t->classes);
    text_list_free(&t->files);
    free(t->values);
    free(t->lines);
    *t = (ScoreTable){0};
}
