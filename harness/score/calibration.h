/* Calibration: do scores taken for probabilities say how often a class is there? Every entry (image, class) is a sample
 * with confidence p and outcome y, 1 or 0. In a bin b of n_b of the n samples, conf_b and acc_b are the means of p and y.
 *
 *   ECE = sum_b n_b / n |acc_b - conf_b|, bins of equal width (Naeini et al., AAAI 2015; torchmetrics' "l1")
 *   MCE = max_b |acc_b - conf_b|, the same bins (torchmetrics' "max")
 *   weighted MCE = max_b n_b / n |acc_b - conf_b|, which some code calls MCE
 *   ACE = ECE over bins of equal count (Nixon et al., CVPR workshops 2019): the samples by p, cut into bins whose sizes differ by
 *       one at most, the larger ones first (numpy.array_split). Samples of one p stand for their mean, so that no order of images
 *       matters.
 *   Brier = mean (p - y)^2
 *
 * pooled over all entries, and as the mean over classes, as a pool of mostly negatives is dominated by its first bin. Bin b of B
 * holds b / B <= p < (b + 1) / B, the last one 1 too. Scores are p themselves where all lie in [0, 1]; else p = 1 / (1 + e^-score),
 * for all of them: torchmetrics' rule. All results in percent. */
#pragma once

#include "harness/score/metrics.h"

enum { CALIBRATION_BINS = 15 };

typedef struct CalibrationErrors {
    double ece, ace, mce, mce_weighted, brier;
} CalibrationErrors;

typedef struct ReliabilityBin { /* of equal width */
    double low, high;
    double confidence, positives; /* conf_b, acc_b; NaN when empty */
    size_t count;
} ReliabilityBin;

typedef struct Calibration {
    bool sigmoid; /* the scores went through one */
    size_t bins;
    ReliabilityBin *reliability; /* [bins] of the pool */
    CalibrationErrors pooled;
    CalibrationErrors classwise; /* means over the classes that have an entry */
} Calibration;

/* scores, labels [images, classes]; no score is NaN, `bins` at least 1. Fails when memory is short. Free with calibration_free. */
bool calibration_compute(Calibration *c, const double *scores, const int8_t *labels, size_t images, size_t classes,
                         DifficultRule rule, size_t bins, Error *err);
void calibration_free(Calibration *c);
