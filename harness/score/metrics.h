/* Multi-label metrics. Labels: 1 positive, -1 negative, 0 difficult or unknown. All results in percent.
 *
 * Ties never depend on the order of images: tied scores are one threshold of the average precision; among an image's best
 * classes, the class that comes first in the list wins a tie. */
#pragma once

#include "harness/base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef enum DifficultRule {
    DIFFICULT_NEGATIVE, /* 0 counts as negative (TaI-DPT's protocol on VOC2007) */
    DIFFICULT_IGNORE,   /* 0 is left out */
    DIFFICULT_POSITIVE  /* 0 counts as positive (TagCLIP's list of VOC2007) */
} DifficultRule;

/* What a label counts as: 1 positive, -1 negative, 0 left out. */
static inline int label_under(DifficultRule rule, int8_t label)
{
    static const int of_difficult[] = {-1, 0, 1};
    return label ? (label > 0 ? 1 : -1) : of_difficult[rule];
}

/* Non-interpolated average precision x100: sum over distinct scores, from the highest, of (recall gained) x precision there,
 * so that tied scores count as one threshold (scikit-learn's definition, independent of the order of images). A class
 * without positives gives NaN. scores, labels: `stride` apart. */
double average_precision(const double *scores, const int8_t *labels, size_t count, size_t stride, DifficultRule rule);

/* Is any of the [count] labels positive? */
bool has_positive(const int8_t *labels, size_t count);

/* Precision, recall, F1 of a rule that predicts classes.
 *   CP = mean_c TP_c / predicted_c    CR = mean_c TP_c / positive_c    CF1 = 2 CP CR / (CP + CR)
 *   OP = sum_c TP_c / sum_c predicted_c    OR = sum_c TP_c / sum_c positive_c    OF1 likewise
 * as the multi-label literature has them (Wang et al., CNN-RNN, CVPR 2016; Chen et al., ML-GCN, CVPR 2019): CF1 is the
 * harmonic mean of the means; a class that is never predicted has precision 0; classes without positives are left out of
 * CP and CR. */
typedef struct Rates {
    double cp, cr, cf1, op, or_, of1;
} Rates;

typedef struct Metrics {
    size_t images, classes;
    double map;            /* mean over classes that have positives */
    double *ap;            /* [classes]; NaN without positives */
    size_t classes_scored; /* with positives */
    double threshold;      /* the one that `above` was taken at */
    Rates above;           /* predicted: the classes above the threshold */
    /* Predicted: each image's k best classes. Their OP, OR, OF1 are the P, R, F1 at k of the zero-shot literature (all images count,
     * those without a positive too; DualCoOp's calc_F1, RAM's and MKT's "overall" rows). */
    Rates top3, top5;
} Metrics;

/* scores [images, classes]. A class is predicted where its score is above `threshold`. Fails on NaN scores, naming the place,
 * and on labels without a positive one, by which nothing can be measured. */
bool metrics_compute(Metrics *m, const double *scores, const int8_t *labels, size_t images, size_t classes,
                     DifficultRule rule, double threshold, Error *err);
void metrics_free(Metrics *m);

/* The one threshold for all classes at which OF1 is highest on these scores and labels (the lowest such one): cosine scores
 * have no threshold of their own. It is chosen on the labels that it is judged by, so the numbers at it are upper bounds. */
double best_threshold(const double *scores, const int8_t *labels, size_t images, size_t classes, DifficultRule rule);

/* 2 a b / (a + b), 0 where both are 0. */
double harmonic_mean(double a, double b);

typedef struct Spread {
    double mean, std; /* std with n - 1; 0 for a single value */
    size_t count;
} Spread;
Spread spread_of(const double *values, size_t count);
