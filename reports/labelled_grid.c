/* Lines and values are collected from the swept rows of the summary, values sorted on the way; a cell is then looked
 * up by method and value. Grids are small, so nothing is indexed. */
#include "reports/labelled_grid.h"

#include "harness/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void add_value(LabelledGrid *g, double value)
{
    size_t at = 0;
    while (at < g->value_count && g->values[at] < value) at++;
    if (at < g->value_count && g->values[at] <= value) return;
    memmove(g->values + at + 1, g->values + at, (g->value_count - at) * sizeof *g->values);
    g->values[at] = value;
    g->value_count++;
}

static void add_line(LabelledGrid *g, size_t row)
{
    const Row *rows = g->summary->rows;
    for (size_t i = 0; i < g->line_count; i++)
        if (strcmp(rows[g->lines[i]].plain, rows[row].plain) == 0) return;
    g->lines[g->line_count++] = row;
}

static bool on_axis(const Row *row, const char *axis)
{
    return row->swept && strcmp(row->axis, axis) == 0;
}

bool labelled_grid_make(LabelledGrid *g, const Summary *s, size_t column, const char *axis)
{
    *g = (LabelledGrid){.summary = s, .column = column, .axis = axis};
    g->values = xcalloc(s->row_count + 1, sizeof *g->values);
    g->lines = xcalloc(s->row_count + 1, sizeof *g->lines);
    for (size_t row = 0; row < s->row_count; row++) {
        if (!on_axis(&s->rows[row], axis) || !summary_cell(s, row, column)->count) continue;
        add_value(g, s->rows[row].value);
        add_line(g, row);
    }
    if (!g->line_count) labelled_grid_free(g);
    return g->line_count > 0;
}

void labelled_grid_free(LabelledGrid *g)
{
    free(g->values), free(g->lines);
    *g = (LabelledGrid){0};
}

const Cell *labelled_grid_cell(const LabelledGrid *g, size_t line, size_t value)
{
    const Summary *s = g->summary;
    for (size_t row = 0; row < s->row_count; row++) {
        const Row *r = &s->rows[row];
        if (!on_axis(r, g->axis) || strcmp(r->plain, s->rows[g->lines[line]].plain) != 0) continue;
        const Cell *cell = summary_cell(s, row, g->column);
        if (cell->count && fabs(r->value - g->values[value]) <= 0) return cell;
    }
    return NULL;
}

double labelled_grid_highest(const LabelledGrid *g, size_t line)
{
    double highest = -INFINITY;
    for (size_t value = 0; value < g->value_count; value++) {
        const Cell *cell = labelled_grid_cell(g, line, value);
        if (cell) highest = fmax(highest, cell->map.mean);
    }
    return highest;
}
