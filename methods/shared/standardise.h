/* Standardising scores: (x - mean) / sd, sd with n - 1. Sums go in order, in doubles, whatever the number of threads. */
#pragma once

#include <stddef.h>

/* The mean and 1/sd of some values; 0 where all are equal, so that standardised they become 0. */
typedef struct Moments {
    double mean, inverse;
} Moments;
Moments moments_of(const float *values, size_t count);

/* values [count] <- (values - mean) / sd, of these or of others. */
void standardise(float *values, size_t count, Moments m);
/* x [rows, columns]: every column by its own mean and sd; rows at least 2. */
void standardise_columns(float *x, size_t rows, size_t columns);
