/* Methods at several numbers of labelled images, or shares of known labels: the swept rows of a summary (summary.h) as a grid of
 * method x value, for one data set and protocol. */
#pragma once

#include "harness/base/text.h"
#include "reports/summary.h"

typedef struct LabelledGrid {
    const Summary *summary;
    size_t column;
    const char *axis; /* "setting.few_shot" */
    double *values;   /* [value_count] rising */
    size_t value_count;
    size_t *lines; /* [line_count] of every method its first row in the table's order */
    size_t line_count;
} LabelledGrid;

/* False when the column has no swept row of the axis; nothing is to be freed then. */
bool labelled_grid_make(LabelledGrid *grid, const Summary *summary, size_t column, const char *axis);
void labelled_grid_free(LabelledGrid *grid);
/* The summary's cell of a line at a value; NULL: nothing is stored. */
const Cell *labelled_grid_cell(const LabelledGrid *grid, size_t line, size_t value);
/* The highest mean of a line. */
double labelled_grid_highest(const LabelledGrid *grid, size_t line);

/* A table, mean +- standard deviation over seeds, a row a method, of every value the group at the top bold, with its letters. */
void labelled_plain(const LabelledGrid *grid, Text *out);
void labelled_html(const LabelledGrid *grid, Text *out);
void labelled_markdown(const LabelledGrid *grid, Text *out);
void labelled_latex(const LabelledGrid *grid, Text *out);

/* At most so many methods are drawn: those with the highest mean anywhere. */
enum { LABELLED_LINES_MAX = 14 };
/* FOLDER/NAME.svg, .png, .gp: mAP against the values, a line with error bars a method. The best row without labelled images and the
 * best with all labels, where the column has them, are level lines. *drawn is false when there is but one value. Fails when gnuplot
 * does. */
bool labelled_draw(const LabelledGrid *grid, const char *folder, const char *name, bool *drawn, Error *err);
