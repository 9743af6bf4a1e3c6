/* The tables of a report in every form that people paste: plain text, Markdown, LaTeX (booktabs), CSV. Each function appends to a
 * Text. Numbers are mAP in percent, mean +- standard deviation over seeds. */
#pragma once

#include "harness/base/text.h"
#include "harness/results/result_measures.h"
#include "reports/summary.h"

/* Rows that are not swept (labelled_grid.h has the others), and columns that have any; nothing when there are none. */
void table_plain(const Summary *summary, Text *out);
void table_markdown(const Summary *summary, Text *out);
void table_latex(const Summary *summary, Text *out);
/* What stands under the tables: what the letters say, and the methods' notes. */
void notes_plain(const Summary *summary, Text *out);
void notes_markdown(const Summary *summary, Text *out);
void notes_latex(const Summary *summary, Text *out);
/* Per-class AP of one column, a row a class; of swept rows the best of every method, which the remark says. */
extern const char *const per_class_remark;
void per_class_markdown(const Summary *summary, size_t column, Text *out);
void per_class_latex(const Summary *summary, size_t column, Text *out);
/* One line a result (experiment and seed); one line a result and class. */
void results_csv(const Summary *summary, Text *out);
void per_class_csv(const Summary *summary, Text *out);
/* A line a result with its options as JSON; where they are given, its letters in `groups`, and all of `measures` [list->count]. What
 * cannot be measured is empty. */
void results_table_csv(const ResultList *list, const ResultMeasures *measures, const Summary *groups, Text *out);
/* "mini (protocol default)", shown. */
void column_title(const Column *column, Text *out);
void column_title_markdown(const Column *column, Text *out);
void column_title_latex(const Column *column, Text *out);
/* "61.2" or "61.2 +- 0.3" with the given sign between. */
void cell_text(const Cell *cell, const char *plus_minus, Text *out);
/* The letters of a cell between two texts; nothing where it has none. */
void cell_group(const Cell *cell, const char *before, const char *after, Text *out);
/* Methods' notes stand as numbered footnotes under the tables: the number of a row's note, from 1; 0: it has none. */
size_t note_number(const Summary *summary, size_t row);
/* The first row with that note, NULL behind the last number. */
const Row *note_row(const Summary *summary, size_t number);
/* What a row is called, shown, with the number of its note: "TaI", "T2I-PAL [1]"; caller frees. */
char *noted_label(const Summary *summary, size_t row, const char *label);
void noted_markdown(const Summary *summary, size_t row, const char *label, Text *out);
