/* Rows and columns are found in a first pass over the results, in the order of the experiments, cells filled in a
 * second, as the number of columns is not known before. Rows of one method along an axis of settings are marked as
 * swept, and tables and grids share them out by that mark. */
#include "reports/summary.h"

#include "harness/base/memory.h"
#include "reports/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

char *label_with_setting(const char *label, const char *setting)
{
    const bool said = strcmp(setting, "zero-shot") == 0 || strstr(label, setting);
    return said ? xstrdup(label) : xformat("%s (%s)", label, setting);
}

static size_t row_of(Summary *s, const char *plain, const StoredResult *r)
{
    char *label = label_with_setting(plain, r->setting);
    size_t row = 0;
    while (row < s->row_count && strcmp(s->rows[row].label, label) != 0) row++;
    if (row < s->row_count) {
        free(label);
        return row;
    }
    s->rows = xrealloc(s->rows, (s->row_count + 1) * sizeof *s->rows);
    Row *new = &s->rows[s->row_count];
    *new = (Row){.label = label, .plain = xstrdup(plain), .method = r->method, .setting = r->setting, .note = r->note};
    new->axis = setting_axis(r->setting, &new->value);
    return s->row_count++;
}

static bool same_column(const Column *c, const StoredResult *r)
{
    if (strcmp(c->dataset, r->dataset) || strcmp(c->protocol, r->protocol) || c->classes != r->classes) return false;
    for (size_t i = 0; i < c->classes; i++)
        if (strcmp(c->class_names[i], r->class_names[i])) return false;
    return true;
}

static size_t column_of(Summary *s, const StoredResult *r)
{
    for (size_t i = 0; i < s->column_count; i++)
        if (same_column(&s->columns[i], r)) return i;
    s->columns = xrealloc(s->columns, (s->column_count + 1) * sizeof *s->columns);
    s->columns[s->column_count] =
        (Column){.dataset = r->dataset, .protocol = r->protocol, .classes = r->classes, .class_names = r->class_names};
    return s->column_count++;
}

static void mean_per_class(Cell *cell, size_t classes)
{
    cell->ap = xcalloc(classes, sizeof *cell->ap);
    for (size_t c = 0; c < classes; c++) {
        for (size_t i = 0; i < cell->count; i++) cell->ap[c] += cell->results[i]->ap[c];
        cell->ap[c] /= (double)cell->count;
    }
}

static void fill_cell(Cell *cell, const StoredResult *r)
{
    cell->results = xrealloc(cell->results, (cell->count + 1) * sizeof *cell->results);
    cell->results[cell->count++] = r;
}

static bool same_line(const Row *a, const Row *b)
{
    return a->axis && b->axis && strcmp(a->axis, b->axis) == 0 && strcmp(a->plain, b->plain) == 0;
}

/* Of an axis all rows are swept or none: a method at one value alone is a point among the others' curves. */
static void mark_swept(Summary *s)
{
    for (size_t a = 0; a < s->row_count; a++)
        for (size_t b = 0; b < a; b++) {
            bool together = false;
            for (size_t c = 0; c < s->column_count && same_line(&s->rows[a], &s->rows[b]); c++)
                together = together || (summary_cell(s, a, c)->count && summary_cell(s, b, c)->count);
            for (size_t i = 0; together && i < s->row_count; i++)
                if (s->rows[i].axis && strcmp(s->rows[i].axis, s->rows[a].axis) == 0) s->rows[i].swept = true;
        }
}

void summary_make(Summary *s, const ResultList *results, const char *const *experiments, const char *const *labels)
{
    *s = (Summary){0};
    /* First the shape, then the cells: columns are known only when every result was seen. */
    for (size_t e = 0; experiments[e]; e++)
        for (size_t i = 0; i < results->count; i++)
            if (strcmp(results->items[i].experiment, experiments[e]) == 0) {
                row_of(s, labels ? labels[e] : experiments[e], &results->items[i]);
                column_of(s, &results->items[i]);
            }
    s->cells = xcalloc(s->row_count * s->column_count, sizeof *s->cells);
    for (size_t e = 0; experiments[e]; e++)
        for (size_t i = 0; i < results->count; i++) {
            const StoredResult *r = &results->items[i];
            if (strcmp(r->experiment, experiments[e])) continue;
            const size_t row = row_of(s, labels ? labels[e] : experiments[e], r);
            fill_cell(&s->cells[row * s->column_count + column_of(s, r)], r);
        }
    for (size_t i = 0; i < s->row_count * s->column_count; i++) {
        Cell *cell = &s->cells[i];
        if (!cell->count) continue;
        double *maps = xmalloc(cell->count * sizeof *maps);
        for (size_t k = 0; k < cell->count; k++) maps[k] = cell->results[k]->map;
        cell->map = spread_of(maps, cell->count);
        free(maps);
        mean_per_class(cell, s->columns[i % s->column_count].classes);
    }
    mark_swept(s);
    summary_mark_top(s);
}

void summary_free(Summary *s)
{
    for (size_t i = 0; i < s->row_count * s->column_count; i++)
        free(s->cells[i].results), free(s->cells[i].ap), free(s->cells[i].group);
    for (size_t i = 0; i < s->row_count; i++) free(s->rows[i].label), free(s->rows[i].plain);
    free(s->cells), free(s->rows), free(s->columns);
    *s = (Summary){0};
}

const Cell *summary_cell(const Summary *s, size_t row, size_t column)
{
    return &s->cells[row * s->column_count + column];
}

const Cell *summary_cell_of(const Summary *s, const StoredResult *result)
{
    for (size_t i = 0; i < s->row_count * s->column_count; i++)
        for (size_t k = 0; k < s->cells[i].count; k++)
            if (s->cells[i].results[k] == result) return &s->cells[i];
    return NULL;
}

size_t summary_best(const Summary *s, size_t column)
{
    size_t best = 0;
    double highest = -INFINITY;
    for (size_t row = 0; row < s->row_count; row++) {
        const Cell *cell = summary_cell(s, row, column);
        if (cell->count && cell->map.mean > highest) highest = cell->map.mean, best = row;
    }
    return best;
}

bool summary_has(const Summary *s, size_t column, bool swept)
{
    for (size_t row = 0; row < s->row_count; row++)
        if (s->rows[row].swept == swept && summary_cell(s, row, column)->count) return true;
    return false;
}

bool summary_represents(const Summary *s, size_t row, size_t column)
{
    const Cell *cell = summary_cell(s, row, column);
    if (!cell->count) return false;
    for (size_t other = 0; s->rows[row].swept && other < s->row_count; other++) {
        const Cell *rival = summary_cell(s, other, column);
        if (other == row || !rival->count || !same_line(&s->rows[row], &s->rows[other])) continue;
        if (rival->map.mean > cell->map.mean || (rival->map.mean >= cell->map.mean && other < row)) return false;
    }
    return true;
}
