/* Each figure is data and commands appended to two texts, which gnuplot.c writes and runs. Long curves are thinned
 * here; axes become logarithmic when what they show is of different orders. */
#include "reports/figures.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "reports/gnuplot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CURVE_POINTS = 400 };

bool figure_map_by_method(const Summary *s, size_t column, const char *folder, const char *name, Error *err)
{
    Text data = {0}, body = {0}, tics = {0};
    size_t used = 0;
    double highest = 0;
    for (size_t row = s->row_count; row-- > 0;) { /* gnuplot's y grows upwards: the first row goes on top */
        const Cell *cell = summary_cell(s, row, column);
        if (!cell->count || s->rows[row].swept) continue;
        text_add(&tics, used ? ", " : "");
        gnuplot_tic(s->rows[row].label, (double)used, &tics);
        text_addf(&data, "%zu %.4f %.4f %.1f\n", used++, cell->map.mean, cell->map.std, cell->map.mean);
        highest = fmax(highest, cell->map.mean + cell->map.std);
    }
    text_add(&body, gnuplot_axes);
    text_addf(&body,
              "set xrange [0:%.0f]\nset yrange [-0.6:%.1f]\nset xlabel 'mAP (percent), mean and standard deviation "
              "over seeds'\n"
              "set grid x lc rgb '#dddddd'\nset style fill solid 0.9 noborder\nset ytics (%s)\n"
              "plot $data using ($2/2):1:($2/2):(0.36) with boxxyerror lc rgb '%s' notitle, \\\n"
              "     $data using 2:1:3 with xerrorbars pt 0 lw 1.6 lc rgb '#222222' notitle, \\\n"
              "     $data using ($2+$3+%.1f):1:4 with labels left notitle\n",
              fmin(108, ceil(highest * 1.12)), (double)used - 0.4, tics.data, gnuplot_colours[0], highest * 0.012);
    const bool good = gnuplot_draw(folder, name, 900, 90 + 30 * (int)used, data.data, body.data, err);
    text_free(&data), text_free(&body), text_free(&tics);
    return good;
}

/* Thinned to at most CURVE_POINTS means of neighbours, so that a figure of a long run stays small and readable. */
static void add_curve(const StoredResult *r, Text *data)
{
    const size_t span = (r->steps + CURVE_POINTS - 1) / CURVE_POINTS;
    for (size_t start = 0; start < r->steps; start += span) {
        const size_t end = start + span < r->steps ? start + span : r->steps;
        double sum = 0;
        for (size_t i = start; i < end; i++) sum += (double)r->loss[i];
        text_addf(data, "%.1f %.6g\n", (double)(start + end + 1) / 2, sum / (double)(end - start));
    }
    text_add(data, "\n\n");
}

/* Rows that differ only in how they score have one training, and one curve. */
static bool same_training(const Summary *s, size_t column, size_t row)
{
    const Cell *cell = summary_cell(s, row, column);
    for (size_t other = 0; other < row; other++) {
        const Cell *earlier = summary_cell(s, other, column);
        if (!summary_represents(s, other, column) || !cell->count) continue;
        const StoredResult *a = earlier->results[0], *b = cell->results[0];
        if (a->steps && a->steps == b->steps && !memcmp(a->loss, b->loss, a->steps * sizeof *a->loss)) return true;
    }
    return false;
}

static bool has_curve(const Summary *s, size_t column, size_t row)
{
    bool trained = false;
    const Cell *cell = summary_cell(s, row, column);
    for (size_t k = 0; k < cell->count; k++) trained = trained || cell->results[k]->steps;
    return trained && summary_represents(s, row, column) && !same_training(s, column, row);
}

/* Curves of one row, a block of data each; *block is the number of the next. */
static void add_curves(const Summary *s, size_t column, size_t row, const char *colour, size_t *block, Text *data,
                       Text *body)
{
    const Cell *cell = summary_cell(s, row, column);
    bool titled = false;
    for (size_t k = 0; k < cell->count; k++) {
        if (!cell->results[k]->steps) continue;
        add_curve(cell->results[k], data);
        text_addf(body, "%s$data index %zu using 1:2 with lines lw 1.4 lc rgb '%s' ", *block ? ", \\\n     " : "",
                  *block, colour);
        if (titled)
            text_add(body, "notitle");
        else
            gnuplot_title(s->rows[row].label, body);
        titled = true, ++*block;
    }
}

static double last_loss(const StoredResult *r)
{
    const size_t last = r->steps < 10 ? 1 : r->steps / 10;
    double sum = 0;
    for (size_t i = r->steps - last; i < r->steps; i++) sum += (double)r->loss[i];
    return sum / (double)last;
}

/* Trainings whose lengths or losses are of different orders stand on logarithmic axes. */
static void loss_axes(const Summary *s, size_t column, Text *body)
{
    double shortest = INFINITY, longest = 0, lowest = INFINITY, highest = 0;
    double smallest = INFINITY, largest = 0;
    for (size_t row = 0; row < s->row_count; row++) {
        if (!has_curve(s, column, row)) continue;
        const Cell *cell = summary_cell(s, row, column);
        for (size_t k = 0; k < cell->count; k++) {
            const StoredResult *r = cell->results[k];
            if (!r->steps) continue;
            shortest = fmin(shortest, (double)r->steps), longest = fmax(longest, (double)r->steps);
            lowest = fmin(lowest, last_loss(r)), highest = fmax(highest, last_loss(r));
            for (size_t i = 0; i < r->steps; i++)
                if (isfinite(r->loss[i]))
                    smallest = fmin(smallest, (double)r->loss[i]), largest = fmax(largest, (double)r->loss[i]);
        }
    }
    if (longest >= 20 * shortest) text_addf(body, "set logscale x\nset xrange [1:%g]\n", 1.05 * longest);
    if (smallest > 0 && highest >= 10 * lowest)
        text_addf(body, "set logscale y\nset yrange [%g:%g]\n", smallest / 1.1, largest * 1.1);
}

bool figure_loss(const Summary *s, size_t column, const char *folder, const char *name, bool *drawn, Error *err)
{
    enum { WIDTH = 900 };
    Text data = {0}, body = {0}, plots = {0};
    size_t block = 0, lines = 0, longest = 0;
    for (size_t row = 0; row < s->row_count; row++) {
        if (!has_curve(s, column, row)) continue;
        add_curves(s, column, row, gnuplot_colours[lines++ % GNUPLOT_COLOURS], &block, &data, &plots);
        if (strlen(s->rows[row].label) > longest) longest = strlen(s->rows[row].label);
    }
    *drawn = block > 0;
    if (!*drawn) return true;
    text_add(&body, gnuplot_axes);
    gnuplot_legend(longest, lines, WIDTH, &body);
    loss_axes(s, column, &body);
    text_addf(&body, "set xlabel 'step'\nset ylabel 'training loss'\nset grid lc rgb '#dddddd'\nplot %s\n", plots.data);
    const bool good = gnuplot_draw(folder, name, WIDTH, 400, data.data, body.data, err);
    text_free(&data), text_free(&body), text_free(&plots);
    return good;
}
