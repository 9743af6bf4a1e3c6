/* How far sets of unit-length features lie apart (Liang et al., Mind the Gap, NeurIPS 2022). */
#pragma once

#include <stddef.h>

typedef struct FeatureSet {
    const char *name;
    size_t count, width;
    float *rows;  /* [count, width], made unit length by feature_set_measure */
    double *mean; /* [width] of all rows */
} FeatureSet;

/* Divides every row by its length (a row of zeros stays) and takes the mean. */
void feature_set_measure(FeatureSet *set);
void feature_set_free(FeatureSet *set);
/* |mean of a - mean of b| */
double gap_distance(const FeatureSet *a, const FeatureSet *b);
/* The cosine between the two means. */
double gap_cosine_of_means(const FeatureSet *a, const FeatureSet *b);
/* The mean cosine over all pairs of a row of a and a row of b, which is <mean of a, mean of b>; with a == b over all pairs of two
 * different rows. NaN for a single row. */
double gap_mean_cosine(const FeatureSet *a, const FeatureSet *b);
