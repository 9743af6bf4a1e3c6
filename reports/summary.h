/* Stored results arranged as every table and figure needs them: a row a method, a column a data set under one protocol. */
#pragma once

#include "harness/bench/metrics.h"
#include "harness/bench/results.h"

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
    char *label;               /* "CoOp", "CoOp (few-shot 4)": what was shown of the training images belongs to it */
    const char *method, *note; /* note NULL: nothing to say */
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
