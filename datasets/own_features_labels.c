/* Labels that stand beside the features' file: a sheet with a column a class, whose lines are found by the names of the pictures. */
#include "datasets/own_features_internal.h"
#include "harness/score/score_table.h"

#include <stdlib.h>
#include <string.h>

/* Labels of rows by their files: a sheet without -1 has 0 for "not there". */
static bool labels_from_table(const Dataset *d, const ScoreTable *t, const size_t *rows, const size_t *columns,
                              size_t count, const char *path, int8_t *labels, Error *err)
{
    bool is_signed = false;
    for (size_t i = 0; i < t->files.count * t->classes.count; i++) {
        is_signed = is_signed || t->values[i] < 0;
        if (t->values[i] != 0 && t->values[i] != 1 && t->values[i] != -1)
            return fail(err, "%s:%zu: %g is no label; 1, 0 and -1 are", path, t->lines[i / t->classes.count],
                        t->values[i]);
    }
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < d->class_count; c++) {
            const double value = t->values[rows[i] * t->classes.count + columns[c]];
            labels[i * d->class_count + c] = (int8_t)(value == 0 && !is_signed ? -1 : value);
        }
    return true;
}

static bool find_rows(const ScoreTable *t, const char *path, const char *const *files, size_t count, size_t *rows,
                      Error *err)
{
    size_t next = 0;
    for (size_t i = 0; i < count; i++) {
        size_t tried = 0; /* sheets are mostly in the order of the features */
        while (tried < t->files.count && strcmp(t->files.items[next], files[i]) != 0) {
            next = (next + 1) % t->files.count;
            tried++;
        }
        if (tried == t->files.count)
            return fail(err, "%s: it has no line for %s, whose features are given; add it", path, files[i]);
        rows[i] = next;
    }
    return true;
}

bool feature_labels_from_sheet(const Dataset *d, const char *path, const char *const *files, size_t count,
                               int8_t **labels, Error *err)
{
    ScoreTable t;
    if (!score_table_read(&t, path, err)) return false;
    size_t *rows = xcalloc(count + 1, sizeof *rows), *columns = xcalloc(d->class_count + 1, sizeof *columns);
    const bool good = match_rows((const char *const *)d->class_names, d->class_count, d->name,
                                 (const char *const *)t.classes.items, t.classes.count, path, "class", columns, err) &&
                      find_rows(&t, path, files, count, rows, err) &&
                      big_alloc(labels, count * d->class_count, 1, "labels", err) &&
                      labels_from_table(d, &t, rows, columns, count, path, *labels, err);
    free(rows);
    free(columns);
    score_table_free(&t);
    return good;
}
