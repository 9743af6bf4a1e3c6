/* Lines are scanned by hand, number by number, and held against the labels that the data set has: a mask whose rows or
 * columns stand in another order would hide the wrong labels and nobody would see it. */
#include "harness/experiments/mask_file.h"

#include "harness/base/lines.h"

#include <stdlib.h>
#include <string.h>

enum { MASK_BYTES_MOST = 1 << 30 };

/* One of 1, -1, 0 between blanks; moves *at behind it. */
static bool read_value(const char **at, int8_t *value)
{
    const char *c = *at + strspn(*at, " \t");
    const bool negative = *c == '-';
    c += negative;
    if (*c != '0' && *c != '1') return false;
    *value = (int8_t)(*c == '0' ? 0 : negative ? -1 : 1);
    c++;
    *at = c + strspn(c, " \t");
    return true;
}

static bool read_row(const char *path, size_t number, const char *line, const int8_t *labels, size_t classes,
                     char separator, int8_t *out, Error *err)
{
    const char *at = line;
    for (size_t c = 0; c < classes; c++) {
        if (!read_value(&at, &out[c]))
            return fail_usage(err, "%s:%zu: column %zu: 1, -1 or 0 is needed", path, number, c + 1);
        if (out[c] && labels[c] && out[c] != labels[c])
            return fail_usage(err,
                              "%s:%zu: column %zu says %d, the label of training image %zu is %d; the lines must stand "
                              "in the order of the training images and the columns in that of the classes",
                              path, number, c + 1, out[c], number, labels[c]);
        if (c + 1 < classes && (separator == ' ' ? !*at : *at != separator))
            return fail_usage(err, "%s:%zu: %zu columns, the data set has %zu classes; one column a class is needed",
                              path, number, c + 1, classes);
        at += *at == separator && c + 1 < classes;
    }
    return *at == 0 || fail_usage(err, "%s:%zu: more than the data set's %zu classes; one column a class is needed",
                                  path, number, classes);
}

/* What stands between the values: the first comma or semicolon of the first line, else blanks or tabs. */
static char separator_of(const char *line)
{
    const char *at = strpbrk(line, ",;");
    return at ? *at : ' ';
}

bool mask_file_read(const char *path, const int8_t *labels, size_t count, size_t classes, bool beginning, int8_t *out,
                    Error *err)
{
    TextList lines = {0};
    if (!read_lines(path, MASK_BYTES_MOST, &lines, err)) return false;
    while (lines.count && !lines.items[lines.count - 1][strspn(lines.items[lines.count - 1], " \t")])
        free(lines.items[--lines.count]); /* empty lines at the end, as editors and shells leave them */
    bool good = lines.count == count || (beginning && lines.count > count);
    if (!good)
        fail_usage(err, "%s: %zu lines, the data set has %zu training images; one line an image is needed", path,
                   lines.count, count);
    const char separator = count && lines.count ? separator_of(lines.items[0]) : ',';
    for (size_t i = 0; i < count && good; i++)
        good = read_row(path, i + 1, lines.items[i], labels + i * classes, classes, separator, out + i * classes, err);
    text_list_free(&lines);
    return good;
}
