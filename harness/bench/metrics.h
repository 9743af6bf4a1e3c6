/* Multi-label metrics. Labels: 1 positive, -1 negative, 0 difficult or unknown. All results in percent. */
#pragma once

#include "harness/base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef enum DifficultRule {
    DIFFICULT_NEGATIVE, /* 0 counts as negative (TaI-DPT's protocol on VOC2007) */
    DIFFICULT_IGNORE    /* 0 is left out */
} DifficultRule;

/* Non-interpolated average precision x100: sum over distinct scores, from the highest, of (recall gained) x precision there,
 * so that tied scores count as one threshold (scikit-learn's definition, independent of the order of images). A class
 * without positives gives NaN. scores, labels: `stride` apart. */
double average_precision(const double *scores, const int8_t *labels, size_t count, size_t stride, DifficultRule rule);

typedef struct Metrics {
    size_t images, classes;
    double map;            /* mean over classes that have positives */
    double *ap;            /* [classes]; NaN without positives */
    size_t classes_scored; /* with positives */
    /* At the threshold: per-class and overall precision, recall, F1; the same with each image's three best classes. */
    double cp, cr, cf1, op, or_, of1;
    double cp3, cr3, cf13, op3, or3, of13;
} Metrics;

/* scores [images, classes]. A class is predicted where its score is above `threshold`. Fails on NaN scores, naming the place. */
bool metrics_compute(Metrics *m, const double *scores, const int8_t *labels, size_t images, size_t classes,
                     DifficultRule rule, double threshold, Error *err);
void metrics_free(Metrics *m);

typedef struct Spread {
    double mean, std; /* std with n - 1; 0 for a single value */
    size_t count;
} Spread;
Spread spread_of(const double *values, size_t count);
