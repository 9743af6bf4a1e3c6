/* The figure of average precision per class: clusters of bars, in as many panels below each other as keep them readable. */
#include "harness/base/memory.h"
#include "harness/results/import_scores.h"
#include "methods/shared/method.h"
#include "reports/figures.h"
#include "reports/gnuplot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 900, PANEL = 270, LEGEND_LINE = 20 }; /* pixels */

/* Ensembles, post-processings and results from elsewhere have one method's name in common, but not the method. */
static bool same_method(const Row *a, const Row *b)
{
    const Method *method = method_find(a->method);
    const bool many = (method && method->members) || strcmp(a->method, stage_imported.name) == 0;
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

/* A block of data a panel: a line a class, a column a row; the classes' names are its tics. */
static void panel_data(const Summary *s, size_t column, const size_t *rows, size_t count, size_t first, size_t end,
                       Text *data, Text *body)
{
    text_add(body, "set xtics rotate by -40 scale 0 (");
    for (size_t class = first; class < end; class ++) {
        text_add(body, class > first ? ", \\\n    " : "");
        gnuplot_tic(s->columns[column].class_names[class], (double)(class - first), body);
        for (size_t k = 0; k < count; k++) {
            const double ap = summary_cell(s, rows[k], column)->ap[class];
            text_addf(data, isnan(ap) ? "%sNaN" : "%s%.3f", k ? " " : "", ap);
        }
        text_add(data, "\n");
    }
    text_add(body, ")\n");
    text_add(data, "\n\n");
}

static void panel_plot(const Summary *s, const size_t *rows, size_t count, size_t panel, Text *body)
{
    text_add(body, panel ? "unset key\nplot " : "plot ");
    for (size_t k = 0; k < count; k++) {
        text_addf(body, "$data index %zu using %zu ", panel, k + 1);
        gnuplot_title(s->rows[rows[k]].label, body);
        text_addf(body, " lc rgb '%s'%s", gnuplot_colours[k % GNUPLOT_COLOURS], k + 1 < count ? ", \\\n     " : "\n");
    }
}

bool figure_per_class(const Summary *s, size_t column, const char *folder, const char *name, size_t *methods,
                      Error *err)
{
    size_t *rows = xcalloc(s->row_count + 1, sizeof *rows), longest = 0;
    *methods = best_rows(s, column, rows);
    const size_t count = highest_rows(s, column, rows, *methods, PER_CLASS_METHODS);
    const size_t classes = s->columns[column].classes, fitting = (WIDTH - 100) / (14 + 6 * count);
    const size_t panels = (classes + fitting - 1) / fitting, in_each = (classes + panels - 1) / panels;
    Text data = {0}, body = {0};
    for (size_t k = 0; k < count; k++)
        if (strlen(s->rows[rows[k]].label) > longest) longest = strlen(s->rows[rows[k]].label);
    text_add(&body, gnuplot_axes);
    const int legend = LEGEND_LINE * gnuplot_legend(longest, count, WIDTH, &body);
    const int height = legend + PANEL * (int)panels;
    text_addf(&body,
              "set style data histogram\nset style histogram clustered gap 1.4\nset style fill solid 0.9 noborder\n"
              "set yrange [0:100]\nset ylabel 'AP (percent)'\nset grid y lc rgb '#dddddd'\n"
              "set xrange [-0.8:%.1f]\nset lmargin 9\nset rmargin 4\n"
              "set bmargin 5\nset multiplot\n",
              (double)in_each - 0.2);
    for (size_t panel = 0; panel < panels; panel++) {
        const size_t first = panel * in_each, end = first + in_each < classes ? first + in_each : classes;
        const int above = panel ? 0 : legend; /* only the first one has it */
        text_addf(&body, "set size 1,%.6f\nset origin 0,%.6f\n", (double)(PANEL + above) / height,
                  (double)(PANEL * (int)(panels - 1 - panel)) / height);
        panel_data(s, column, rows, count, first, end, &data, &body);
        panel_plot(s, rows, count, panel, &body);
    }
    text_add(&body, "unset multiplot\n");
    const bool good = gnuplot_draw(folder, name, WIDTH, height, data.data, body.data, err);
    text_free(&data), text_free(&body);
    free(rows);
    return good;
}
