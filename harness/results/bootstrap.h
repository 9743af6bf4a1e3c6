/* The paired bootstrap over test images (Efron and Tibshirani, An Introduction to the Bootstrap, 1993): average precisions of score
 * sets on resamples of the images, every resample the same for all sets, so that differences between sets are of the same pictures.
 *
 *     Ranking sets[2];
 *     ranking_make(&sets[0], scores, labels, images, classes, rule, err);            // sorts once
 *     double *ap;                                                                    // [2, resamples, classes]
 *     bootstrap_ap(sets, 2, &(Resampling){.count = 10000, .images = images, .seed = 1}, progress, &ap, err);
 *
 * A resample is n images drawn from n with replacement; an image that was drawn k times counts k times. Nothing is sorted again:
 * the ranking stays, each image only gets a weight, and the AP of a weighted ranking takes one pass. */
#pragma once

#include "harness/base/progress.h"
#include "harness/score/metrics.h"

/* One class of a ranking, highest score first, cut behind the last positive. A segment ends with a distinct score that positives
 * have; in it stand first the negatives since the last one, then the positives. */
typedef struct RankedClass {
    uint32_t *order; /* images */
    uint32_t *cuts;  /* [2 * segments] end of the segment's negatives, end of the segment; places in order */
    size_t segments;
} RankedClass;

typedef struct Ranking {
    size_t images, classes;
    RankedClass *ranked; /* [classes] */
} Ranking;

/* scores, labels [images, classes]. Fails on a NaN among the scores, naming its place. Free with ranking_free. */
bool ranking_make(Ranking *r, const double *scores, const int8_t *labels, size_t images, size_t classes,
                  DifficultRule rule, Error *err);
void ranking_free(Ranking *r);
/* ap [classes] on the images themselves: average_precision() of metrics.h, the same bits. */
void ranking_ap(const Ranking *r, double *ap);

/* Which images each resample takes. Draws: count * images values random_below(images) of one generator with that seed, resample by
 * resample; that is torch.randint(images, (count, images)) after torch.manual_seed(seed), and in numpy
 * RandomState(seed).randint(0, 2**32, (count, images), dtype=uint32) % images. */
typedef struct Resampling {
    size_t count, images;
    uint64_t seed;
    const int32_t *given; /* [count, images] in place of draws, checked by the caller; or NULL */
} Resampling;

/* indices [count, images] of drawn resamples, for those who want to see them. */
void resampling_indices(const Resampling *how, int32_t *indices);

/* *ap [sets, how->count, classes] in percent; NaN where a class has no positive in a resample. All rankings have how->images images
 * and the same number of classes. The numbers do not depend on the number of threads. Caller frees. Fails when memory is short. */
bool bootstrap_ap(const Ranking *sets, size_t count, const Resampling *how, Progress *progress, double **ap,
                  Error *err);

/* Mean over the classes that have positives; NaN when none has: a resample without positives of a class is judged by the others. */
double mean_ap(const double *ap, size_t classes);
