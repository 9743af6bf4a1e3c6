/* Stored results arranged as every table and figure needs them: a row a method, a column a data set under one protocol. */
#pragma once

#include "harness/results/results.h"
#include "harness/score/metrics.h"

typedef struct Cell { /* one experiment over its seeds */
    const StoredResult **results;
    size_t count; /* 0: nothing stored */
    Spread map;
    double *ap; /* [classes of the column] mean over seeds; NULL when empty */
} Cell;

typedef struct Column {
    const char *dataset, *protocol; /* results of different protocols never share a column */
    size_t classes;
    char *const *class_names;
} Column;

typedef struct Row {
    char *label;                  /* "CoOp", "CoOp (few-shot 4)": what was shown of the training images belongs to it */
    char *plain;                  /* "CoOp" */
    const char *method, *setting; /* of its first result */
    const char *note;             /* NULL: nothing to say */
    const char *axis;             /* "setting.few_shot", with `value`, of a setting that is a number; NULL: another */
    double value;
    bool swept; /* some method is there at several values of this axis: the row is part of a grid (labelled_grid.h) */
} Row;

/* The label, with the setting behind it unless that is zero-shot or stands in the label already. Caller frees. */
char *label_with_setting(const char *label, const char *setting);

typedef struct Summary {
    Row *rows;
    Column *columns;
    size_t row_count, column_count;
    Cell *cells; /* [row_count, column_count] */
} Summary;

/* Rows in the order of `experiments` (NULL-terminated; experiments with the same label and setting share a row). Everything but
 * the rows' labels is borrowed from `results`. Experiments without results are left out. */
void summary_make(Summary *summary, const ResultList *results, const char *const *experiments,
                  const char *const *labels);
void summary_free(Summary *summary);
const Cell *summary_cell(const Summary *summary, size_t row, size_t column);
/* The row with the highest mean of a column. */
size_t summary_best(const Summary *summary, size_t column);
/* The same among the rows that are swept, or among those that are not. */
size_t summary_best_among(const Summary *summary, size_t column, bool swept);
/* Whether a column has anything in a row that is (not) swept. */
bool summary_has(const Summary *summary, size_t column, bool swept);
/* Whether a row has results in a column and, if it is swept, the highest mean of its method's values: where all would be too many,
 * as in a table of classes, this one stands for them. */
bool summary_represents(const Summary *summary, size_t row, size_t column);
