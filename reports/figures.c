#include "reports/figures.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/bench/import_scores.h"
#include "methods/ensemble.h"
#include "methods/method.h"
#include "reports/gnuplot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CURVE_POINTS = 400 };

/* A legend above the plot, in as many columns as surely fit: gnuplot's own guess of a text's width is too small for some fonts. */
static void legend_above(size_t longest, int width, Text *body)
{
    const int entry = 8 * (int)longest + 60, fitting = (width - 80) / entry;
    text_addf(body, "set key outside top center horizontal samplen 2 maxcols %d\n", fitting < 1 ? 1 : fitting);
}

bool figure_map_by_method(const Summary *s, size_t column, const char *folder, const char *name, Error *err)
{
    Text data = {0}, body = {0};
    size_t used = 0;
    double highest = 0;
    for (size_t row = s->row_count; row-- > 0;) { /* gnuplot's y grows upwards: the first row goes on top */
        const Cell *cell = summary_cell(s, row, column);
        if (!cell->count || s->rows[row].swept) continue;
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

/* Ensembles, and results from elsewhere, have one method's name in common, but not the method. */
static bool same_method(const Row *a, const Row *b)
{
    const bool many = strcmp(a->method, method_ensemble.name) == 0 || strcmp(a->method, stage_imported.name) == 0;
    return strcmp(a->method, b->method) == 0 && (!many || strcmp(a->plain, b->plain) == 0);
}

/* Does row a stand before b, by mAP? */
static bool ahead(const Summary *s, size_t column, size_t a, size_t b)
{
    const double x = summary_cell(s, a, column)->map.mean, y = summary_cell(s, b, column)->map.mean;
    return x > y || (x >= y && a < b);
}

/* The best row of each method, in the table's order. Returns their number; `rows` has room for every row. */
static size_t best_rows(const Summary *s, size_t column, size_t *rows)
{
    size_t count = 0;
    for (size_t row = 0; row < s->row_count; row++) {
        bool best = summary_cell(s, row, column)->count > 0;
        for (size_t other = 0; best && other < s->row_count; other++)
            best = other == row || !summary_cell(s, other, column)->count ||
                   !same_method(&s->rows[other], &s->rows[row]) || ahead(s, column, row, other);
        if (best) rows[count++] = row;
    }
    return count;
}

/* Leaves the `keep` highest of them, in the same order. */
static size_t highest_rows(const Summary *s, size_t column, size_t *rows, size_t count, size_t keep)
{
    while (count > keep) {
        size_t lowest = 0;
        for (size_t i = 1; i < count; i++)
            if (ahead(s, column, rows[lowest], rows[i])) lowest = i;
        memmove(rows + lowest, rows + lowest + 1, (--count - lowest) * sizeof *rows);
    }
    return count;
}

bool figure_per_class(const Summary *s, size_t column, const char *folder, const char *name, size_t *methods,
                      Error *err)
{
    size_t *rows = xcalloc(s->row_count + 1, sizeof *rows), longest = 0;
    *methods = best_rows(s, column, rows);
    const size_t count = highest_rows(s, column, rows, *methods, PER_CLASS_METHODS);
    const Column *c = &s->columns[column];
    Text data = {0}, body = {0};
    text_add(&data, "class");
    for (size_t k = 0; k < count; k++) {
        text_add(&data, " ");
        gnuplot_quoted(s->rows[rows[k]].label, &data);
        if (strlen(s->rows[rows[k]].label) > longest) longest = strlen(s->rows[rows[k]].label);
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
    const int wanted = 300 + (14 + 6 * (int)count) * (int)c->classes, width = wanted > 2400 ? 2400 : wanted;
    text_add(&body, gnuplot_axes);
    legend_above(longest, width, &body);
    text_addf(&body,
              "set style data histogram\nset style histogram clustered gap 1.4\nset style fill solid 0.9 noborder\n"
              "set yrange [0:100]\nset ylabel 'AP (percent)'\nset grid y lc rgb '#dddddd'\n"
              "set xtics rotate by -40 scale 0\nplot ");
    for (size_t k = 0; k < count; k++)
        text_addf(&body, "$data using %zu%s title columnheader(%zu) lc rgb '%s'%s", k + 2, k ? "" : ":xtic(1)", k + 2,
                  gnuplot_colours[k % GNUPLOT_COLOURS], k + 1 < count ? ", \\\n     " : "\n");
    const bool good = gnuplot_draw(folder, name, width, 430, data.data, body.data, err);
    text_free(&data), text_free(&body);
    free(rows);
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
            text_add(body, "title "), gnuplot_quoted(s->rows[row].label, body);
        titled = true, ++*block;
    }
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
    legend_above(longest, WIDTH, &body);
    text_addf(&body, "set xlabel 'step'\nset ylabel 'training loss'\nset grid lc rgb '#dddddd'\nplot %s\n", plots.data);
    const bool good = gnuplot_draw(folder, name, WIDTH, 400, data.data, body.data, err);
    text_free(&data), text_free(&body), text_free(&plots);
    return good;
}
