#include "reports/tables.h"

#include "harness/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void column_title(const Column *column, Text *out)
{
    text_addf(out, "%s (%s)", column->dataset, column->protocol);
}

void cell_text(const Cell *cell, const char *plus_minus, Text *out)
{
    if (!cell->count) {
        text_add(out, "-");
        return;
    }
    text_addf(out, "%.1f", cell->map.mean);
    if (cell->map.count > 1) text_addf(out, "%s%.1f", plus_minus, cell->map.std);
}

static size_t label_width(const Summary *s)
{
    size_t width = strlen("method");
    for (size_t row = 0; row < s->row_count; row++)
        if (strlen(s->rows[row].label) > width) width = strlen(s->rows[row].label);
    return width;
}

void table_plain(const Summary *s, Text *out)
{
    const int width = (int)label_width(s);
    text_addf(out, "%-*s", width, "method");
    for (size_t c = 0; c < s->column_count; c++) {
        Text title = {0};
        column_title(&s->columns[c], &title);
        text_addf(out, "  %18s", title.data);
        text_free(&title);
    }
    text_add(out, "  seeds\n");
    for (size_t row = 0; row < s->row_count; row++) {
        size_t seeds = 0;
        text_addf(out, "%-*s", width, s->rows[row].label);
        for (size_t c = 0; c < s->column_count; c++) {
            Text value = {0};
            const Cell *cell = summary_cell(s, row, c);
            cell_text(cell, " +- ", &value);
            text_addf(out, "  %18s", value.data);
            text_free(&value);
            if (cell->count > seeds) seeds = cell->count;
        }
        text_addf(out, "  %5zu\n", seeds);
    }
}

void table_markdown(const Summary *s, Text *out)
{
    text_add(out, "| method |");
    for (size_t c = 0; c < s->column_count; c++) {
        text_add(out, " ");
        column_title(&s->columns[c], out);
        text_add(out, " |");
    }
    text_add(out, "\n| --- |");
    for (size_t c = 0; c < s->column_count; c++) text_add(out, " ---: |");
    text_add(out, "\n");
    for (size_t row = 0; row < s->row_count; row++) {
        text_addf(out, "| %s |", s->rows[row].label);
        for (size_t c = 0; c < s->column_count; c++) {
            const bool best = summary_best(s, c) == row;
            text_add(out, best ? " **" : " ");
            cell_text(summary_cell(s, row, c), " ± ", out);
            text_add(out, best ? "** |" : " |");
        }
        text_add(out, "\n");
    }
}

static void latex_escaped(const char *text, Text *out)
{
    for (const char *c = text; *c; c++) {
        if (strchr("&%$#_{}", *c))
            text_addf(out, "\\%c", *c);
        else if (*c == '~')
            text_add(out, "\\textasciitilde{}");
        else if (*c == '^')
            text_add(out, "\\textasciicircum{}");
        else if (*c == '\\')
            text_add(out, "\\textbackslash{}");
        else
            text_add_bytes(out, c, 1);
    }
}

static void latex_column_title(const Column *column, Text *out)
{
    Text title = {0};
    column_title(column, &title);
    latex_escaped(title.data, out);
    text_free(&title);
}

void table_latex(const Summary *s, Text *out)
{
    text_add(out, "% needs \\usepackage{booktabs}\n\\begin{tabular}{l");
    for (size_t c = 0; c < s->column_count; c++) text_add(out, "r");
    text_add(out, "}\n\\toprule\nMethod");
    for (size_t c = 0; c < s->column_count; c++) {
        text_add(out, " & ");
        latex_column_title(&s->columns[c], out);
    }
    text_add(out, " \\\\\n\\midrule\n");
    for (size_t row = 0; row < s->row_count; row++) {
        latex_escaped(s->rows[row].label, out);
        for (size_t c = 0; c < s->column_count; c++) {
            const bool best = summary_best(s, c) == row;
            text_add(out, best ? " & \\textbf{" : " & ");
            cell_text(summary_cell(s, row, c), " $\\pm$ ", out);
            if (best) text_add(out, "}");
        }
        text_add(out, " \\\\\n");
    }
    text_add(out, "\\bottomrule\n\\end{tabular}\n");
}

static void ap_text(const Cell *cell, size_t class, Text *out)
{
    if (!cell->count || isnan(cell->ap[class]))
        text_add(out, "-");
    else
        text_addf(out, "%.1f", cell->ap[class]);
}

void per_class_markdown(const Summary *s, size_t column, Text *out)
{
    text_add(out, "| class |");
    for (size_t row = 0; row < s->row_count; row++)
        if (summary_cell(s, row, column)->count) text_addf(out, " %s |", s->rows[row].label);
    text_add(out, "\n| --- |");
    for (size_t row = 0; row < s->row_count; row++)
        if (summary_cell(s, row, column)->count) text_add(out, " ---: |");
    text_add(out, "\n");
    for (size_t class = 0; class < s->columns[column].classes; class ++) {
        text_addf(out, "| %s |", s->columns[column].class_names[class]);
        for (size_t row = 0; row < s->row_count; row++) {
            if (!summary_cell(s, row, column)->count) continue;
            text_add(out, " ");
            ap_text(summary_cell(s, row, column), class, out);
            text_add(out, " |");
        }
        text_add(out, "\n");
    }
}

void per_class_latex(const Summary *s, size_t column, Text *out)
{
    text_add(out, "\\begin{tabular}{l");
    for (size_t row = 0; row < s->row_count; row++)
        if (summary_cell(s, row, column)->count) text_add(out, "r");
    text_add(out, "}\n\\toprule\nClass");
    for (size_t row = 0; row < s->row_count; row++) {
        if (!summary_cell(s, row, column)->count) continue;
        text_add(out, " & \\rotatebox{90}{");
        latex_escaped(s->rows[row].label, out);
        text_add(out, "}");
    }
    text_add(out, " \\\\\n\\midrule\n");
    for (size_t class = 0; class < s->columns[column].classes; class ++) {
        latex_escaped(s->columns[column].class_names[class], out);
        for (size_t row = 0; row < s->row_count; row++) {
            if (!summary_cell(s, row, column)->count) continue;
            text_add(out, " & ");
            ap_text(summary_cell(s, row, column), class, out);
        }
        text_add(out, " \\\\\n");
    }
    text_add(out, "\\bottomrule\n\\end{tabular}\n");
}

/* RFC 4180: quoted when it has a comma, a quote or a line end. */
static void csv_field(const char *value, Text *out)
{
    if (!strpbrk(value, ",\"\r\n")) {
        text_add(out, value);
        return;
    }
    text_add(out, "\"");
    for (const char *c = value; *c; c++) text_add_bytes(out, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
    text_add(out, "\"");
}

static void csv_head(const StoredResult *r, Text *out)
{
    const char *const fields[] = {r->experiment, r->method, r->dataset, r->protocol};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        csv_field(fields[i], out);
        text_add(out, ",");
    }
    text_addf(out, "%lld,", (long long)r->seed);
}

void results_csv(const Summary *s, Text *out)
{
    text_add(out, "experiment,method,dataset,protocol,seed,map,file\n");
    for (size_t i = 0; i < s->row_count * s->column_count; i++)
        for (size_t k = 0; k < s->cells[i].count; k++) {
            const StoredResult *r = s->cells[i].results[k];
            csv_head(r, out);
            text_addf(out, "%.6f,", r->map);
            csv_field(r->file, out);
            text_add(out, "\n");
        }
}

void per_class_csv(const Summary *s, Text *out)
{
    text_add(out, "experiment,method,dataset,protocol,seed,class,ap\n");
    for (size_t i = 0; i < s->row_count * s->column_count; i++)
        for (size_t k = 0; k < s->cells[i].count; k++) {
            const StoredResult *r = s->cells[i].results[k];
            for (size_t class = 0; class < r->classes; class ++) {
                csv_head(r, out);
                csv_field(r->class_names[class], out);
                text_addf(out, isnan(r->ap[class]) ? ",\n" : ",%.6f\n", r->ap[class]);
            }
        }
}
