/* The grid of methods and numbers of labelled images as tables. */
#include "harness/base/memory.h"
#include "reports/escape.h"
#include "reports/labelled_grid.h"
#include "reports/settings.h"
#include "reports/tables.h"

#include <stdlib.h>
#include <string.h>

static const Row *line_row(const LabelledGrid *g, size_t line)
{
    return &g->summary->rows[g->lines[line]];
}

/* Caller frees. */
static char *line_label(const LabelledGrid *g, size_t line)
{
    return noted_label(g->summary, g->lines[line], line_row(g, line)->plain);
}

static bool is_top(const LabelledGrid *g, size_t line, size_t value)
{
    const Cell *cell = labelled_grid_cell(g, line, value);
    return cell && cell->top;
}

static void value_group(const LabelledGrid *g, size_t line, size_t value, const char *before, const char *after,
                        Text *out)
{
    const Cell *cell = labelled_grid_cell(g, line, value);
    if (cell) cell_group(cell, before, after, out);
}

static void value_text(const LabelledGrid *g, size_t line, size_t value, const char *plus_minus, Text *out)
{
    const Cell *cell = labelled_grid_cell(g, line, value);
    if (cell)
        cell_text(cell, plus_minus, out);
    else
        text_add(out, "-");
}

/* Seeds of the value with the most of them. */
static size_t seeds_of(const LabelledGrid *g, size_t line)
{
    size_t seeds = 0;
    for (size_t v = 0; v < g->value_count; v++) {
        const Cell *cell = labelled_grid_cell(g, line, v);
        if (cell && cell->count > seeds) seeds = cell->count;
    }
    return seeds;
}

void labelled_plain(const LabelledGrid *g, Text *out)
{
    Text title = {0};
    size_t width = strlen("method");
    for (size_t line = 0; line < g->line_count; line++) {
        char *label = line_label(g, line);
        if (strlen(label) > width) width = strlen(label);
        free(label);
    }
    column_title(&g->summary->columns[g->column], &title);
    text_addf(out, "%s, %s\n%-*s", title.data, setting_axis_title(g->axis), (int)width, "method");
    text_free(&title);
    for (size_t v = 0; v < g->value_count; v++) text_addf(out, "  %11.6g", g->values[v]);
    text_add(out, "  seeds\n");
    for (size_t line = 0; line < g->line_count; line++) {
        char *label = line_label(g, line);
        text_addf(out, "%-*s", (int)width, label);
        free(label);
        for (size_t v = 0; v < g->value_count; v++) {
            Text value = {0};
            value_text(g, line, v, " +- ", &value);
            value_group(g, line, v, " ", "", &value);
            text_addf(out, "  %11s", value.data);
            text_free(&value);
        }
        text_addf(out, "  %5zu\n", seeds_of(g, line));
    }
}

void labelled_html(const LabelledGrid *g, Text *out)
{
    text_addf(out, "<div class=\"wide\"><table class=\"grid\"><tr><th></th><th colspan=\"%zu\">mAP, %s</th></tr>\n",
              g->value_count, setting_axis_title(g->axis));
    text_add(out, "<tr><th>method</th>");
    for (size_t v = 0; v < g->value_count; v++) text_addf(out, "<th>%g</th>", g->values[v]);
    text_add(out, "</tr>\n");
    for (size_t line = 0; line < g->line_count; line++) {
        const size_t note = note_number(g->summary, g->lines[line]);
        text_add(out, "<tr><td>");
        html_escaped(line_row(g, line)->plain, out);
        if (note) text_addf(out, " <sup>%zu</sup>", note);
        text_add(out, "</td>");
        for (size_t v = 0; v < g->value_count; v++) {
            text_add(out, is_top(g, line, v) ? "<td class=\"best\">" : "<td>");
            value_text(g, line, v, " ± ", out);
            value_group(g, line, v, " <sup>", "</sup>", out);
            text_add(out, "</td>");
        }
        text_add(out, "</tr>\n");
    }
    text_add(out, "</table></div>\n");
}

void labelled_markdown(const LabelledGrid *g, Text *out)
{
    text_add(out, "mAP on ");
    column_title_markdown(&g->summary->columns[g->column], out);
    text_addf(out, ", %s:\n\n| method |", setting_axis_title(g->axis));
    for (size_t v = 0; v < g->value_count; v++) text_addf(out, " %g |", g->values[v]);
    text_add(out, "\n| --- |");
    for (size_t v = 0; v < g->value_count; v++) text_add(out, " ---: |");
    text_add(out, "\n");
    for (size_t line = 0; line < g->line_count; line++) {
        text_add(out, "| ");
        noted_markdown(g->summary, g->lines[line], line_row(g, line)->plain, out);
        text_add(out, " |");
        for (size_t v = 0; v < g->value_count; v++) {
            const bool top = is_top(g, line, v);
            text_add(out, top ? " **" : " ");
            value_text(g, line, v, " ± ", out);
            if (top) text_add(out, "**");
            value_group(g, line, v, " <sup>", "</sup>", out);
            text_add(out, " |");
        }
        text_add(out, "\n");
    }
    text_add(out, "\n");
}

void labelled_latex(const LabelledGrid *g, Text *out)
{
    text_add(out, "\\begin{tabular}{l");
    for (size_t v = 0; v < g->value_count; v++) text_add(out, "r");
    text_addf(out, "}\n\\toprule\n & \\multicolumn{%zu}{c}{", g->value_count);
    column_title_latex(&g->summary->columns[g->column], out);
    text_addf(out, ", %s} \\\\\n\\cmidrule(lr){2-%zu}\nMethod", setting_axis_title(g->axis), g->value_count + 1);
    for (size_t v = 0; v < g->value_count; v++) text_addf(out, " & %g", g->values[v]);
    text_add(out, " \\\\\n\\midrule\n");
    for (size_t line = 0; line < g->line_count; line++) {
        const size_t note = note_number(g->summary, g->lines[line]);
        latex_escaped(line_row(g, line)->plain, out);
        if (note) text_addf(out, "$^{%zu}$", note);
        for (size_t v = 0; v < g->value_count; v++) {
            const bool top = is_top(g, line, v);
            text_add(out, top ? " & \\textbf{" : " & ");
            value_text(g, line, v, " $\\pm$ ", out);
            if (top) text_add(out, "}");
            value_group(g, line, v, "$^{", "}$", out);
        }
        text_add(out, " \\\\\n");
    }
    text_add(out, "\\bottomrule\n\\end{tabular}\n");
}
