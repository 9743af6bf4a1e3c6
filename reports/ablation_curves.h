/* Curves of mAP against a setting, for experiments that differ in nothing else. */
#pragma once

#include "reports/ablation.h"
#include "reports/settings.h"

typedef struct CurveSource { /* an experiment that may be a point of a curve */
    const AblationRow *row;
    Settings settings;
} CurveSource;

typedef struct Curve {          /* experiments that differ in `key` alone, by rising value; at least two values */
    const CurveSource **points; /* [count] */
    size_t count;
} Curve;

typedef struct CurveSet {
    char *key;     /* "generate.steps" */
    Curve *curves; /* [count] */
    size_t count;
} CurveSet;

typedef struct CurveSets {
    CurveSet *items; /* sorted by key */
    size_t count;
} CurveSets;

/* Of two experiments with equal settings the first is taken. Points are borrowed from `sources`. */
void curves_find(CurveSets *sets, const CurveSource *sources, size_t count);
void curves_free(CurveSets *sets);
/* FOLDER/NAME.svg, .png by gnuplot: a line a curve with error bars of one standard deviation over seeds. */
bool curves_draw(const CurveSet *set, const char *folder, const char *name, Error *err);
