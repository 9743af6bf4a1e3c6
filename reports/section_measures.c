/* The section of measures beside mAP: best classes of an image, mAP by labels in the image and by class subsets, and
 * calibration with its reliability diagram. Every number is a mean over seeds, computed from the stored scores. */
#include "harness/base/memory.h"
#include "harness/results/result_measures.h"
#include "reports/escape.h"
#include "reports/gnuplot.h"
#include "reports/page.h"
#include "reports/section.h"
#include "reports/tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Measured { /* of a summary's row in one column */
    size_t row;
    ResultMeasures mean; /* over seeds; the reliability of the first one */
} Measured;

typedef struct MeasuredList {
    Measured *items;
    size_t count;
} MeasuredList;

static bool mean_over_seeds(const Cell *cell, ResultMeasures *mean, Error *err)
{
    for (size_t s = 0; s < cell->count; s++) {
        ResultMeasures one;
        if (!result_measures(cell->results[s], &one, err)) return false;
        if (s == 0) *mean = one;
        for (size_t k = 0; s && k < MEASURE_COLUMNS; k++) mean->values[k] += one.values[k];
    }
    for (size_t k = 0; k < MEASURE_COLUMNS; k++) mean->values[k] /= (double)cell->count;
    return true;
}

static bool measure_rows(const SectionInput *in, size_t column, MeasuredList *list, Error *err)
{
    for (size_t row = 0; row < in->summary->row_count; row++) {
        if (!summary_represents(in->summary, row, column)) continue;
        list->items = xrealloc(list->items, (list->count + 1) * sizeof *list->items);
        Measured *m = &list->items[list->count++];
        m->row = row;
        if (!mean_over_seeds(summary_cell(in->summary, row, column), &m->mean, err)) return false;
    }
    return true;
}

typedef struct MeasureTable {
    const char *title;
    size_t first, end; /* of measure_columns */
} MeasureTable;

static const MeasureTable tables[] = {
    {"Each image's best classes", MEASURE_P3, MEASURE_LABELS},
    {"mAP by labels in the image, and of subsets of the classes", MEASURE_LABELS, MEASURE_ECE},
    {"Calibration", MEASURE_ECE, MEASURE_COLUMNS},
};

static bool has_column(const MeasuredList *list, size_t k)
{
    for (size_t i = 0; i < list->count; i++)
        if (isfinite(list->items[i].mean.values[k])) return true;
    return false;
}

static void head(const MeasureTable *t, const MeasuredList *list, Section *out)
{
    size_t columns = 0;
    text_addf(&out->html, "<h4>%s</h4>\n<div class=\"wide\"><table><tr><th>method</th>", t->title);
    text_addf(&out->markdown, "%s, mean over seeds:\n\n| method |", t->title);
    text_addf(&out->latex, "%% %s\n\\begin{tabular}{l", t->title);
    for (size_t k = t->first; k < t->end; k++) {
        if (!has_column(list, k)) continue;
        text_addf(&out->html, "<th>%s</th>", measure_columns[k].title);
        text_addf(&out->markdown, " %s |", measure_columns[k].title);
        text_add(&out->latex, "r");
        columns++;
    }
    text_add(&out->html, "</tr>\n");
    text_add(&out->markdown, "\n| --- |");
    for (size_t i = 0; i < columns; i++) text_add(&out->markdown, " ---: |");
    text_add(&out->markdown, "\n");
    text_add(&out->latex, "}\n\\toprule\nMethod");
    for (size_t k = t->first; k < t->end; k++)
        if (has_column(list, k)) text_addf(&out->latex, " & %s", measure_columns[k].title);
    text_add(&out->latex, " \\\\\n\\midrule\n");
}

static void line(const Summary *s, const MeasureTable *t, const MeasuredList *list, const Measured *m, Section *out)
{
    const char *label = s->rows[m->row].label;
    text_add(&out->html, "<tr><td>");
    html_escaped(label, &out->html);
    text_add(&out->html, "</td>");
    text_add(&out->markdown, "| ");
    markdown_escaped(label, &out->markdown);
    text_add(&out->markdown, " |");
    latex_escaped(label, &out->latex);
    for (size_t k = t->first; k < t->end; k++) {
        if (!has_column(list, k)) continue;
        char number[32] = "-";
        if (isfinite(m->mean.values[k])) snprintf(number, sizeof number, "%.1f", m->mean.values[k]);
        text_addf(&out->html, "<td>%s</td>", number);
        text_addf(&out->markdown, " %s |", number);
        text_addf(&out->latex, " & %s", number);
    }
    text_add(&out->html, "</tr>\n");
    text_add(&out->markdown, "\n");
    text_add(&out->latex, " \\\\\n");
}

static void add_table(const Summary *s, const MeasureTable *t, const MeasuredList *list, Section *out)
{
    bool any = false;
    for (size_t k = t->first; k < t->end; k++) any = any || has_column(list, k);
    if (!any) return;
    head(t, list, out);
    for (size_t i = 0; i < list->count; i++) line(s, t, list, &list->items[i], out);
    text_add(&out->html, "</table></div>\n");
    text_add(&out->markdown, "\n");
    text_add(&out->latex, "\\bottomrule\n\\end{tabular}\n");
}

/* The CURVES_MAX calibrated rows with the highest mAP. */
enum { CURVES_MAX = 8, DIAGRAM = 520 };

static bool is_drawn(const Summary *s, size_t column, const MeasuredList *list, size_t i)
{
    const double own = summary_cell(s, list->items[i].row, column)->map.mean;
    size_t above = 0;
    for (size_t k = 0; k < list->count; k++) {
        const double other = summary_cell(s, list->items[k].row, column)->map.mean;
        above += list->items[k].mean.calibrated && (other > own || (other >= own && k < i));
    }
    return list->items[i].mean.calibrated && above < CURVES_MAX;
}

static void add_curve(const Row *row, const ResultMeasures *m, size_t drawn, Text *data, Text *body)
{
    for (size_t b = 0; b < CALIBRATION_BINS; b++)
        if (m->reliability[b].count)
            text_addf(data, "%.6f %.6f\n", m->reliability[b].confidence, m->reliability[b].positives);
    text_add(data, "\n\n");
    text_addf(body, ", \\\n     $data index %zu using 1:2 with linespoints pt 7 ps 0.8 lw 1.6 lc rgb '%s' ", drawn,
              gnuplot_colours[drawn % GNUPLOT_COLOURS]);
    gnuplot_title(row->label, body);
}

static bool draw_reliability(const SectionInput *in, size_t column, const MeasuredList *list, const char *name,
                             bool *drawn, Error *err)
{
    Text data = {0}, body = {0}, curves = {0};
    size_t count = 0, longest = 0;
    for (size_t i = 0; i < list->count; i++) {
        const Row *row = &in->summary->rows[list->items[i].row];
        if (!is_drawn(in->summary, column, list, i)) continue;
        add_curve(row, &list->items[i].mean, count++, &data, &curves);
        if (strlen(row->label) > longest) longest = strlen(row->label);
    }
    *drawn = count > 0;
    if (!*drawn) return true;
    text_add(&body, gnuplot_axes);
    const int lines = gnuplot_legend(longest, count, DIAGRAM, &body);
    text_addf(&body,
              "set size ratio -1\nset grid lc rgb '#e6e6e6'\nset xrange [0:1]\nset yrange [0:1]\n"
              "set xlabel 'confidence'\nset ylabel 'share of positives'\nplot x with lines dt 2 lc rgb '#888888' "
              "notitle%s\n",
              curves.data);
    const bool good = gnuplot_draw(in->figures, name, DIAGRAM, DIAGRAM + 20 * lines, data.data, body.data, err);
    text_free(&data), text_free(&body), text_free(&curves);
    return good;
}

static bool add_diagram(const SectionInput *in, size_t column, const MeasuredList *list, Section *out, Error *err)
{
    char *name = section_name("reliability", column);
    bool drawn = false;
    const bool good =
        draw_reliability(in, column, list, name, &drawn, err) &&
        (!drawn ||
         section_figure(in, name,
                        "Reliability: of all pairs of image and class with a confidence in one of 15 bins, the share "
                        "that are positive (first seed of the eight highest rows). On the dashed line confidence is "
                        "what it says.",
                        out, err));
    free(name);
    return good;
}

bool section_measures(const SectionInput *in, Section *out, Error *err)
{
    out->id = "measures", out->title = "Beside mAP";
    bool good = true;
    for (size_t column = 0; good && column < in->summary->column_count; column++) {
        MeasuredList list = {0};
        good = measure_rows(in, column, &list, err);
        if (good && list.count) {
            page_column_heading(&in->summary->columns[column], &out->html);
            text_add(&out->markdown, "### ");
            column_title_markdown(&in->summary->columns[column], &out->markdown);
            text_add(&out->markdown, "\n\n");
            for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) add_table(in->summary, &tables[t], &list, out);
            good = !in->gnuplot || add_diagram(in, column, &list, out, err);
        }
        free(list.items);
    }
    if (good && out->html.length)
        section_sentence(out,
                         "P, R, F1 at k: each image's k best classes, all entries pooled. Head, medium, tail: thirds "
                         "of the classes by their positives among the test labels. Confidence is the score where a "
                         "method's all lie in [0, 1], else its sigmoid; ECE and MCE in 15 bins of equal width, ACE "
                         "of equal count, pooled unless by class. All in percent.");
    return good;
}
