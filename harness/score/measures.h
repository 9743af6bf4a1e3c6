/* Everything that is said of a score set, in one place: `eval`, `results` and the report show the same numbers.
 *
 *     const MeasureOptions options = {.rule = DIFFICULT_NEGATIVE, .best = true, .bins = CALIBRATION_BINS, .subsets = &subsets};
 *     Measures m;
 *     measures_compute(&m, scores, labels, images, classes, &options, err);
 *     measures_free(&m);
 *
 * All is computed from stored scores; no stored file holds any of it but mAP and the classes' APs. */
#pragma once

#include "harness/score/calibration.h"
#include "harness/score/class_subset.h"
#include "harness/score/label_groups.h"

typedef struct MeasureOptions {
    DifficultRule rule;
    bool best; /* the threshold is the set's best one; else: */
    double threshold;
    size_t bins; /* of the calibration */
    bool
        ranks; /* the scores are ranks within each class: what compares classes, or takes scores for probabilities, is NaN */
    const SubsetList *subsets; /* or NULL */
} MeasureOptions;

typedef struct Measures {
    Metrics metrics;
    Calibration calibration; /* of ranks: bins 0, NaN */
    LabelGroup groups[LABEL_GROUPS];
    double *subsets; /* [options.subsets->count] mAP */
    double harmonic; /* of seen and unseen, NaN where there are none */
} Measures;

/* Fails as metrics_compute does, and when memory is short. */
bool measures_compute(Measures *m, const double *scores, const int8_t *labels, size_t images, size_t classes,
                      const MeasureOptions *options, Error *err);
void measures_free(Measures *m);
