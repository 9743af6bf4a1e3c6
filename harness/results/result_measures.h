/* What is said of a stored result beside its mAP, computed from its stored scores: the numbers of harness/score/measures.h in one row,
 * so that results, CSV and report have the same columns. */
#pragma once

#include "harness/results/results.h"
#include "harness/score/measures.h"

#include <cjson/cJSON.h>

typedef struct MeasureColumn {
    const char *name;  /* "f5": in JSON and CSV, as `eval --json` has it */
    const char *title; /* "F1@5": in tables */
} MeasureColumn;

/* The columns, in groups that are tables of their own. */
enum {
    MEASURE_P3,
    MEASURE_R3,
    MEASURE_F3,
    MEASURE_P5,
    MEASURE_R5,
    MEASURE_F5,
    MEASURE_CF1_3,
    MEASURE_LABELS, /* 1, 2, 3, 4, 5+ labels in the image */
    MEASURE_HEAD = MEASURE_LABELS + LABEL_GROUPS,
    MEASURE_MEDIUM,
    MEASURE_TAIL,
    MEASURE_SEEN,
    MEASURE_UNSEEN,
    MEASURE_HARMONIC,
    MEASURE_ECE,
    MEASURE_ACE,
    MEASURE_MCE,
    MEASURE_MCE_WEIGHTED,
    MEASURE_BRIER,
    MEASURE_ECE_CLASS,
    MEASURE_ACE_CLASS,
    MEASURE_MCE_CLASS,
    MEASURE_COLUMNS
};
extern const MeasureColumn measure_columns[MEASURE_COLUMNS];

typedef struct ResultMeasures {
    double values[MEASURE_COLUMNS]; /* percent; NaN: cannot be measured */
    bool sigmoid;                   /* confidences are sigmoids of scores */
    bool calibrated;                /* `reliability` is filled: these are scores, no ranks */
    ReliabilityBin reliability[CALIBRATION_BINS];
} ResultMeasures;

/* Reads the result's file. Its protocol says what difficult labels are. Fails as reading does, and on scores that cannot be ranked. */
bool result_measures(const StoredResult *r, ResultMeasures *m, Error *err);

/* How difficult labels counted: "difficult" of the protocol that a result's configuration (attribute `config`) spells out; failing that,
 * of the built-in protocol of that name, or `otherwise`. */
DifficultRule result_difficult(const cJSON *config, const char *protocol, DifficultRule otherwise);
