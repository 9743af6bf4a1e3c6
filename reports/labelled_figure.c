/* mAP against the number of labelled images, or the share of labels known: all methods in one plot. */
#include "harness/base/memory.h"
#include "reports/gnuplot.h"
#include "reports/labelled_grid.h"
#include "reports/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Is the line among the LABELLED_LINES_MAX that reach highest? */
static bool is_drawn(const LabelledGrid *g, size_t line)
{
    size_t above = 0;
    const double own = labelled_grid_highest(g, line);
    for (size_t other = 0; other < g->line_count; other++) {
        const double rival = labelled_grid_highest(g, other);
        above += rival > own || (rival >= own && other < line);
    }
    return above < LABELLED_LINES_MAX;
}

/* Counts stand on a logarithmic axis: 1, 2, 4, 8 are even steps. */
static void set_axis(const LabelledGrid *g, Text *body)
{
    const double lowest = g->values[0], highest = g->values[g->value_count - 1], margin = 0.06 * (highest - lowest);
    const bool counts = strcmp(g->axis, setting_axes[0]) == 0;
    text_add(body, "set xtics (");
    for (size_t v = 0; v < g->value_count; v++)
        text_addf(body, "%s'%g' %.10g", v ? ", " : "", g->values[v], g->values[v]);
    text_add(body, ")\n");
    if (lowest > 0 && counts)
        text_addf(body, "set logscale x\nset xrange [%.10g:%.10g]\n", lowest / 1.2, highest * 1.2);
    else
        text_addf(body, "set xrange [%.10g:%.10g]\n", lowest - margin, highest + margin);
}

static void add_line(const LabelledGrid *g, size_t line, size_t drawn, Text *data, Text *body)
{
    static const int points[] = {7, 5, 9, 13, 11, 15, 6, 4}; /* filled shapes first */
    for (size_t v = 0; v < g->value_count; v++) {
        const Cell *cell = labelled_grid_cell(g, line, v);
        if (cell) text_addf(data, "%.10g %.4f %.4f\n", g->values[v], cell->map.mean, cell->map.std);
    }
    text_add(data, "\n\n");
    text_addf(body, "%s$data index %zu using 1:2:3 with yerrorlines pt %d ps 0.9 lw 1.7 dt %zu lc rgb '%s' ",
              drawn ? ", \\\n     " : "", drawn, points[drawn % (sizeof points / sizeof *points)],
              drawn / GNUPLOT_COLOURS + 1, gnuplot_colours[drawn % GNUPLOT_COLOURS]);
    gnuplot_title(g->summary->rows[g->lines[line]].plain, body);
}

/* What can be had with no labelled image, or with all of them: a level line, as wide as the plot. */
static void add_level(const LabelledGrid *g, const char *setting, int dashes, Text *body)
{
    const Summary *s = g->summary;
    const Row *best = NULL;
    double highest = -INFINITY;
    for (size_t row = 0; row < s->row_count; row++) {
        const Cell *cell = summary_cell(s, row, g->column);
        if (!cell->count || strcmp(s->rows[row].setting, setting) != 0 || cell->map.mean <= highest) continue;
        highest = cell->map.mean, best = &s->rows[row];
    }
    if (!best) return;
    text_addf(body, ", \\\n     %.4f with lines lw 1.5 dt %d lc rgb '#888888' ", highest, dashes);
    char *title = strstr(best->label, setting) ? xstrdup(best->label) : xformat("%s (%s)", best->label, setting);
    gnuplot_title(title, body);
    free(title);
}

bool labelled_draw(const LabelledGrid *g, const char *folder, const char *name, bool *drawn, Error *err)
{
    Text data = {0}, body = {0};
    size_t lines = 0;
    *drawn = g->value_count > 1;
    if (!*drawn) return true;
    text_add(&body, gnuplot_axes);
    set_axis(g, &body);
    text_addf(&body,
              "set xlabel '%s'\nset ylabel 'mAP (percent)'\nset grid y lc rgb '#dddddd'\n"
              "set offsets 0, 0, graph 0.05, graph 0.05\n"
              "set key outside right center vertical reverse Left samplen 2 spacing 1.25 width 3\nplot ",
              setting_axis_title(g->axis));
    for (size_t line = 0; line < g->line_count; line++)
        if (is_drawn(g, line)) add_line(g, line, lines++, &data, &body);
    add_level(g, "zero-shot", 2, &body);
    add_level(g, "full", 4, &body);
    text_add(&body, "\n");
    const bool good = gnuplot_draw(folder, name, 900, 460, data.data, body.data, err);
    text_free(&data), text_free(&body);
    return good;
}
