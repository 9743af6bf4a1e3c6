/* What is said of differences between resamples: interval, p-value, correction for several. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct Verdict {
    double low, high; /* percentile interval */
    double p;
    double error; /* standard deviation of the values, with n - 1; NaN of less than two */
    size_t used;  /* resamples that have a value */
} Verdict;

/* values [count]: a difference on every resample; NaN ones are left out. `level` in percent, 95 for the usual interval.
 *   interval: the (100 - level)/2 and 100 - (100 - level)/2 percentiles of the values, between two of them linearly (numpy.percentile;
 *       Hyndman and Fan 1996, type 7): the percentile interval of Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13.
 *   p, two-sided, of no difference:  min(1, 2 (1 + k) / (1 + R)),  k the smaller of the numbers of values >= 0 and <= 0, R their
 *       number: where the percentile interval begins to reach over 0 (a test by inverting an interval, the same book, ch. 16), with the
 *       one added that Davison and Hinkley, Bootstrap Methods and their Application, 1997, ch. 4, give to Monte Carlo p-values, so that
 *       no p is smaller than R resamples can show.
 * used = 0: all is NaN. */
Verdict verdict_of(const double *values, size_t count, double level);

/* Holm's step-down correction (Holm 1979): p sorted upwards, corrected_i = max over j <= i of min(1, (m - j + 1) p_j), m their number. */
void holm(const double *p, size_t count, double *corrected);
