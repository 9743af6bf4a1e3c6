/* Comparing results on the same test images: every pair of entrants, mAP of one minus the other, with a paired bootstrap over the
 * images, Holm's correction over all pairs, the spread over seeds beside it, and the differences class by class.
 *
 * The difference of two experiments with several seeds is that of their means over seeds; a resample of the images holds for all seeds
 * of both. So interval and p speak of the choice of test images, with the trained seeds as they are; what another seed does is told by
 * the standard deviations, not by the interval. A resample without positives of a class is judged by the mean over the others. */
#pragma once

#include "harness/results/entrant.h"
#include "harness/results/grouping.h"
#include "harness/results/significance.h"

typedef struct CompareOptions {
    size_t resamples;
    uint64_t seed;
    double level;         /* percent */
    double tie;           /* classes whose APs differ by no more (percent points) are ties */
    const int32_t *given; /* [resamples, images] in place of draws, or NULL */
} CompareOptions;

typedef struct ClassDifference {
    size_t class;
    double a, b, diff; /* AP, mean over seeds, percent */
    double low, high;  /* percentile interval of the difference */
} ClassDifference;

typedef struct Pair {
    size_t a, b; /* entrants */
    double diff; /* mAP of a minus mAP of b */
    double low, high, p, p_holm;
    double error;             /* standard deviation of the difference over resamples */
    double images_for_one;    /* test images that a true difference of 1 mAP takes (grouping.h) */
    size_t used;              /* resamples in which any class has positives */
    bool paired;              /* both have the same seeds, more than one: */
    Spread seed_diff;         /* of the differences seed by seed */
    ClassDifference *classes; /* [class_count] those with positives, the largest difference first */
    size_t class_count, wins, ties, losses;
} Pair;

typedef struct Comparison {
    const Entrant *entrants; /* borrowed */
    size_t entrant_count;
    CompareOptions options;
    Pair *pairs; /* [pair_count] (0,1), (0,2), ..., (1,2), ... */
    size_t pair_count;
    Grouping groups; /* letters of the entrants: told apart where p_holm is below 100 - level percent */
} Comparison;

/* Compares two or more entrants that agree (entrants_agree). Free with comparison_free. Fails when memory is short, or when no
 * resample has a positive. */
bool compare_entrants(Comparison *c, const Entrant *entrants, size_t count, const CompareOptions *options,
                      Progress *progress, Error *err);
void comparison_free(Comparison *c);

/* Files of resamples: a data set `indices` [resamples, images] of places from 0. Reading checks them against the number of images;
 * *indices is the caller's to free. */
bool resamples_read(const char *path, size_t images, int32_t **indices, size_t *count, Error *err);
bool resamples_write(const char *path, const Resampling *how, Error *err);
