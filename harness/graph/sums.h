/* Sums of long arrays: float within a piece of fixed length, double over the pieces, in order, so that neither the error nor
 * the number of threads grows into the result. */
#pragma once

#include <stddef.h>

double array_sum(const float *x, size_t n);
double array_square_sum(const float *x, size_t n);

static inline float row_sum(const float *x, size_t n)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) sum += x[i];
    return sum;
}
