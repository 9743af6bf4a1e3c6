/* Stored results arranged as every table and figure needs them: a row a method, a column a data set under one protocol. */
#pragma once

#include "harness/base/progress.h"
#include "harness/results/results.h"
#include "harness/score/metrics.h"

typedef struct Cell { /* one experiment over its seeds */
    const StoredResult **results;
    size_t count; /* 0: nothing stored */
    Spread map;
    double *ap;  /* [classes of the column] mean over seeds; NULL when empty */
    char *group; /* "ab": letters of summary_group; NULL: not grouped */
    bool top;    /* bold: of the group at the top; where nothing is grouped, the highest mean */
} Cell;

typedef struct Column {
    const char *dataset, *protocol; /* results of different protocols never share a column */
    size_t classes;
    char *const *class_names;
    size_t resamples, images; /* of summary_group; resamples 0: nothing is grouped */
    double error;             /* standard error of a difference, of the median pair (harness/results/grouping.h) */
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
/* Letters for every cell that has others of its table above or beneath it, by the paired bootstrap over the test images (summary_groups.c,
 * harness/results/grouping.h). What cannot be compared, because files are gone or were judged by other labels, stays without, and
 * `remarks` (or NULL) gets the reason. */
void summary_group(Summary *summary, Progress *progress, TextList *remarks);
bool summary_is_grouped(const Summary *summary);
/* What the letters say and how many images a difference of 1 mAP takes; NULL: nothing is grouped. Caller frees. */
char *summary_groups_sentence(const Summary *summary);
/* Inside summary.c: marks the highest cell of every column of a table. */
void summary_mark_top(Summary *summary);
/* The cell that holds a result; NULL: none. */
const Cell *summary_cell_of(const Summary *summary, const StoredResult *result);
const Cell *summary_cell(const Summary *summary, size_t row, size_t column);
/* The row with the highest mean of a column. */
size_t summary_best(const Summary *summary, size_t column);
/* Whether a column has anything in a row that is (not) swept. */
bool summary_has(const Summary *summary, size_t column, bool swept);
/* Whether a row has results in a column and, if it is swept, the highest mean of its method's values: where all would be too many,
 * as in a table of classes, this one stands for them. */
bool summary_represents(const Summary *summary, size_t row, size_t column);
