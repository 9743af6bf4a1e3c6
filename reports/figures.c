#include "reports/figures.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "reports/gnuplot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BARS_MAX = 5, CURVE_POINTS = 400 };

bool figure_map_by_method(const Summary *s, size_t column, const char *folder, const char *name, Error *err)
{
    Text data = {0}, body = {0};
    size_t used = 0;
    double highest = 0;
    for (size_t row = s->row_count; row-- > 0;) { /* gnuplot's y grows upwards: the first row goes on top */
        const Cell *cell = summary_cell(s, row, column);
        if (!cell->count) continue;
        text_addf(&data, "%zu ", used++);
        gnuplot_quoted(s->rows[row].label, &data);
        text_addf(&data, " %.4f %.4f \"%.1f\"\n", cell->map.mean, cell->map.std, cell->map.mean);
        highest = fmax(highest, cell->map.mean + cell->map.std);
    }
    text_add(&body, gnuplot_axes);
    text_addf(&body,
              "set xrange [0:%.0f]\nset yrange [-0.6:%.1f]\nset xlabel 'mAP (percent), mean and standard deviation "
              "over seeds'\n"
              "set grid x lc rgb '#dddddd'\nset style fill solid 0.9 noborder\n"
              "plot $data using ($3/2):1:($3/2):(0.36):ytic(2) with boxxyerror lc rgb '%s' notitle, \\\n"
              "     $data using 3:1:4 with xerrorbars pt 0 lw 1.6 lc rgb '#222222' notitle, \\\n"
              "     $data using ($3+$4+%.1f):1:5 with labels left notitle\n",
              fmin(108, ceil(highest * 1.12)), (double)used - 0.4, gnuplot_colours[0], highest * 0.012);
    const bool good = gnuplot_draw(folder, name, 900, 90 + 30 * (int)used, data.data, body.data, err);
    text_free(&data), text_free(&body);
    return good;
}

/* The best row of each method, at most BARS_MAX of them, in the table's order. */
static size_t best_rows(const Summary *s, size_t column, size_t rows[BARS_MAX])
{
    size_t count = 0;
    for (size_t row = 0; row < s->row_count; row++) {
        const Cell *cell = summary_cell(s, row, column);
        bool best = cell->count > 0;
        for (size_t other = 0; best && other < s->row_count; other++) {
            const Cell *rival = summary_cell(s, other, column);
            best = other == row || !rival->count || strcmp(s->rows[other].method, s->rows[row].method) ||
                   rival->map.mean < cell->map.mean || (rival->map.mean <= cell->map.mean && other > row);
        }
        if (best && count < BARS_MAX) rows[count++] = row;
    }
    return count;
}

bool figure_per_class(const Summary *s, size_t column, const char *folder, const char *name, Error *err)
{
    size_t rows[BARS_MAX];
    const size_t count = best_rows(s, column, rows);
    const Column *c = &s->columns[column];
    Text data = {0}, body = {0};
    text_add(&data, "class");
    for (size_t k = 0; k < count; k++) {
        text_add(&data, " ");
        gnuplot_quoted(s->rows[rows[k]].label, &data);
    }
    text_add(&data, "\n");
    for (size_t class = 0; class < c->classes; class ++) {
        gnuplot_quoted(c->class_names[class], &data);
        for (size_t k = 0; k < count; k++) {
            const double ap = summary_cell(s, rows[k], column)->ap[class];
            text_addf(&data, isnan(ap) ? " NaN" : " %.3f", ap);
        }
        text_add(&data, "\n");
    }
    text_add(&body, gnuplot_axes);
    text_addf(&body,
              "set style data histogram\nset style histogram clustered gap 1.4\nset style fill solid 0.9 noborder\n"
              "set yrange [0:100]\nset ylabel 'AP (percent)'\nset grid y lc rgb '#dddddd'\n"
              "set xtics rotate by -40 scale 0\nset key outside top horizontal center\nplot ");
    for (size_t k = 0; k < count; k++)
        text_addf(&body, "$data using %zu%s title columnheader(%zu) lc rgb '%s'%s", k + 2, k ? "" : ":xtic(1)", k + 2,
                  gnuplot_colours[k % GNUPLOT_COLOURS], k + 1 < count ? ", \\\n     " : "\n");
    const int width = 300 + 34 * (int)c->classes;
    const bool good = gnuplot_draw(folder, name, width > 2400 ? 2400 : width, 430, data.data, body.data, err);
    text_free(&data), text_free(&body);
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
        if (!earlier->count || !cell->count) continue;
        const StoredResult *a = earlier->results[0], *b = cell->results[0];
        if (a->steps && a->steps == b->steps && !memcmp(a->loss, b->loss, a->steps * sizeof *a->loss)) return true;
    }
    return false;
}

bool figure_loss(const Summary *s, size_t column, const char *folder, const char *name, bool *drawn, Error *err)
{
    Text data = {0}, body = {0};
    size_t block = 0, row_number = 0;
    text_add(&body, gnuplot_axes);
    text_add(&body, "set xlabel 'step'\nset ylabel 'training loss'\nset grid lc rgb '#dddddd'\n"
                    "set key outside top horizontal center\nplot ");
    for (size_t row = 0; row < s->row_count; row++) {
        const Cell *cell = summary_cell(s, row, column);
        bool titled = false;
        if (same_training(s, column, row)) continue;
        for (size_t k = 0; k < cell->count; k++) {
            if (!cell->results[k]->steps) continue;
            add_curve(cell->results[k], &data);
            text_addf(&body, "%s$data index %zu using 1:2 with lines lw 1.4 lc rgb '%s' ", block ? ", \\\n     " : "",
                      block, gnuplot_colours[row_number % GNUPLOT_COLOURS]);
            if (titled)
                text_add(&body, "notitle");
            else
                text_add(&body, "title "), gnuplot_quoted(s->rows[row].label, &body);
            titled = true, block++;
        }
        if (titled) row_number++;
    }
    text_add(&body, "\n");
    *drawn = block > 0;
    const bool good = !*drawn || gnuplot_draw(folder, name, 900, 400, data.data, body.data, err);
    text_free(&data), text_free(&body);
    return good;
}
