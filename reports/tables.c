/* One function a table and form; what is the same in all, titles, notes and which row is best, is asked from helpers
 * above, so that the forms cannot say different things. */
#include "reports/tables.h"

#include "harness/base/memory.h"
#include "harness/base/shown.h"
#include "reports/escape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void column_title(const Column *column, Text *out)
{
    text_add_shown(out, column->dataset);
    text_add(out, " (");
    text_add_shown(out, column->protocol);
    text_add(out, ")");
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

void cell_group(const Cell *cell, const char *before, const char *after, Text *out)
{
    if (cell->group) text_addf(out, "%s%s%s", before, cell->group, after);
}

static bool has_note(const Row *row)
{
    return row->note && row->note[0];
}

static bool same_note(const Row *a, const Row *b)
{
    return has_note(a) && has_note(b) && !strcmp(a->method, b->method) && !strcmp(a->note, b->note);
}

size_t note_number(const Summary *s, size_t row)
{
    if (!has_note(&s->rows[row])) return 0;
    size_t number = 1, first = 0;
    while (!same_note(&s->rows[first], &s->rows[row])) first++;
    for (size_t i = 0; i < first; i++) {
        bool fresh = has_note(&s->rows[i]);
        for (size_t k = 0; k < i; k++) fresh = fresh && !same_note(&s->rows[k], &s->rows[i]);
        number += fresh;
    }
    return number;
}

const Row *note_row(const Summary *s, size_t number)
{
    for (size_t row = 0; row < s->row_count; row++)
        if (note_number(s, row) == number) return &s->rows[row];
    return NULL;
}

char *noted_label(const Summary *s, size_t row, const char *label)
{
    const size_t note = note_number(s, row);
    Text text = {0};
    text_add_shown(&text, label);
    if (note) text_addf(&text, " [%zu]", note);
    return text.data;
}

void noted_markdown(const Summary *s, size_t row, const char *label, Text *out)
{
    const size_t note = note_number(s, row);
    markdown_escaped(label, out);
    if (note) text_addf(out, " <sup>%zu</sup>", note);
}

/* The first column at or behind `column` that has rows in the table of methods. */
static size_t table_column(const Summary *s, size_t column)
{
    while (column < s->column_count && !summary_has(s, column, false)) column++;
    return column;
}

static size_t table_row(const Summary *s, size_t row)
{
    while (row < s->row_count && s->rows[row].swept) row++;
    return row;
}

static size_t label_width(const Summary *s)
{
    size_t width = strlen("method");
    for (size_t row = table_row(s, 0); row < s->row_count; row = table_row(s, row + 1)) {
        char *label = noted_label(s, row, s->rows[row].label);
        if (strlen(label) > width) width = strlen(label);
        free(label);
    }
    return width;
}

void table_plain(const Summary *s, Text *out)
{
    if (table_column(s, 0) == s->column_count) return;
    const int width = (int)label_width(s);
    text_addf(out, "%-*s", width, "method");
    for (size_t c = table_column(s, 0); c < s->column_count; c = table_column(s, c + 1)) {
        Text title = {0};
        column_title(&s->columns[c], &title);
        text_addf(out, "  %18s", title.data);
        text_free(&title);
    }
    text_add(out, "  seeds\n");
    for (size_t row = table_row(s, 0); row < s->row_count; row = table_row(s, row + 1)) {
        size_t seeds = 0;
        char *label = noted_label(s, row, s->rows[row].label);
        text_addf(out, "%-*s", width, label);
        free(label);
        for (size_t c = table_column(s, 0); c < s->column_count; c = table_column(s, c + 1)) {
            Text value = {0};
            const Cell *cell = summary_cell(s, row, c);
            cell_text(cell, " +- ", &value);
            cell_group(cell, " ", "", &value);
            text_addf(out, "  %18s", value.data);
            text_free(&value);
            if (cell->count > seeds) seeds = cell->count;
        }
        text_addf(out, "  %5zu\n", seeds);
    }
}

void notes_plain(const Summary *s, Text *out)
{
    const Row *noted;
    char *letters = summary_groups_sentence(s);
    if (letters) text_addf(out, "%s\n", letters);
    free(letters);
    for (size_t n = 1; (noted = note_row(s, n)); n++) {
        char *sentence = xformat("%s: %s", noted->method, noted->note);
        text_addf(out, "[%zu] ", n);
        text_add_shown(out, sentence);
        text_add(out, "\n");
        free(sentence);
    }
}

void table_markdown(const Summary *s, Text *out)
{
    if (table_column(s, 0) == s->column_count) return;
    text_add(out, "| method |");
    for (size_t c = table_column(s, 0); c < s->column_count; c = table_column(s, c + 1)) {
        text_add(out, " ");
        column_title_markdown(&s->columns[c], out);
        text_add(out, " |");
    }
    text_add(out, "\n| --- |");
    for (size_t c = table_column(s, 0); c < s->column_count; c = table_column(s, c + 1)) text_add(out, " ---: |");
    text_add(out, "\n");
    for (size_t row = table_row(s, 0); row < s->row_count; row = table_row(s, row + 1)) {
        text_add(out, "| ");
        noted_markdown(s, row, s->rows[row].label, out);
        text_add(out, " |");
        for (size_t c = table_column(s, 0); c < s->column_count; c = table_column(s, c + 1)) {
            const Cell *cell = summary_cell(s, row, c);
            text_add(out, cell->top ? " **" : " ");
            cell_text(cell, " ± ", out);
            if (cell->top) text_add(out, "**");
            cell_group(cell, " <sup>", "</sup>", out);
            text_add(out, " |");
        }
        text_add(out, "\n");
    }
}

void notes_markdown(const Summary *s, Text *out)
{
    const Row *noted;
    char *sentence = summary_groups_sentence(s);
    if (sentence) {
        text_add(out, "\n");
        markdown_escaped(sentence, out);
        text_add(out, "\n");
    }
    free(sentence);
    for (size_t n = 1; (noted = note_row(s, n)); n++) {
        text_addf(out, "\n<sup>%zu</sup> ", n);
        markdown_escaped(noted->method, out);
        text_add(out, ": ");
        markdown_escaped(noted->note, out);
        text_add(out, "\n");
    }
}

void column_title_markdown(const Column *column, Text *out)
{
    Text title = {0};
    column_title(column, &title);
    markdown_escaped(title.data, out);
    text_free(&title);
}

void column_title_latex(const Column *column, Text *out)
{
    Text title = {0};
    column_title(column, &title);
    latex_escaped(title.data, out);
    text_free(&title);
}

void table_latex(const Summary *s, Text *out)
{
    if (table_column(s, 0) == s->column_count) return;
    text_add(out, "\\begin{tabular}{l");
    for (size_t c = table_column(s, 0); c < s->column_count; c = table_column(s, c + 1)) text_add(out, "r");
    text_add(out, "}\n\\toprule\nMethod");
    for (size_t c = table_column(s, 0); c < s->column_count; c = table_column(s, c + 1)) {
        text_add(out, " & ");
        column_title_latex(&s->columns[c], out);
    }
    text_add(out, " \\\\\n\\midrule\n");
    for (size_t row = table_row(s, 0); row < s->row_count; row = table_row(s, row + 1)) {
        latex_escaped(s->rows[row].label, out);
        if (note_number(s, row)) text_addf(out, "$^{%zu}$", note_number(s, row));
        for (size_t c = table_column(s, 0); c < s->column_count; c = table_column(s, c + 1)) {
            const Cell *cell = summary_cell(s, row, c);
            text_add(out, cell->top ? " & \\textbf{" : " & ");
            cell_text(cell, " $\\pm$ ", out);
            if (cell->top) text_add(out, "}");
            cell_group(cell, "$^{", "}$", out);
        }
        text_add(out, " \\\\\n");
    }
    text_add(out, "\\bottomrule\n\\end{tabular}\n");
}

void notes_latex(const Summary *s, Text *out)
{
    const Row *noted;
    char *sentence = summary_groups_sentence(s);
    if (sentence) {
        text_add(out, "\\par\\footnotesize ");
        latex_escaped(sentence, out);
        text_add(out, "\\par\n");
    }
    free(sentence);
    for (size_t n = 1; (noted = note_row(s, n)); n++) {
        text_addf(out, "\\par\\footnotesize $^{%zu}$ ", n);
        latex_escaped(noted->method, out);
        text_add(out, ": ");
        latex_escaped(noted->note, out);
        text_add(out, "\\par\n");
    }
}

static void ap_text(const Cell *cell, size_t class, Text *out)
{
    if (!cell->count || isnan(cell->ap[class]))
        text_add(out, "-");
    else
        text_addf(out, "%.1f", cell->ap[class]);
}

const char *const per_class_remark = "Of a method that was shown several numbers of labelled images, the one with the "
                                     "highest mAP; all are in per_class.csv.";

void per_class_markdown(const Summary *s, size_t column, Text *out)
{
    text_add(out, "| class |");
    for (size_t row = 0; row < s->row_count; row++) {
        if (!summary_represents(s, row, column)) continue;
        text_add(out, " ");
        markdown_escaped(s->rows[row].label, out);
        text_add(out, " |");
    }
    text_add(out, "\n| --- |");
    for (size_t row = 0; row < s->row_count; row++)
        if (summary_represents(s, row, column)) text_add(out, " ---: |");
    text_add(out, "\n");
    for (size_t class = 0; class < s->columns[column].classes; class ++) {
        text_add(out, "| ");
        markdown_escaped(s->columns[column].class_names[class], out);
        text_add(out, " |");
        for (size_t row = 0; row < s->row_count; row++) {
            if (!summary_represents(s, row, column)) continue;
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
        if (summary_represents(s, row, column)) text_add(out, "r");
    text_add(out, "}\n\\toprule\nClass");
    for (size_t row = 0; row < s->row_count; row++) {
        if (!summary_represents(s, row, column)) continue;
        text_add(out, " & \\rotatebox{90}{");
        latex_escaped(s->rows[row].label, out);
        text_add(out, "}");
    }
    text_add(out, " \\\\\n\\midrule\n");
    for (size_t class = 0; class < s->columns[column].classes; class ++) {
        latex_escaped(s->columns[column].class_names[class], out);
        for (size_t row = 0; row < s->row_count; row++) {
            if (!summary_represents(s, row, column)) continue;
            text_add(out, " & ");
            ap_text(summary_cell(s, row, column), class, out);
        }
        text_add(out, " \\\\\n");
    }
    text_add(out, "\\bottomrule\n\\end{tabular}\n");
}
