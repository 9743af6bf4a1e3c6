/* Three loops that many operators need; the macros of the header decide whether threads are worth it. */
#include "harness/graph/parallel.h"

void array_add(float *y, const float *x, size_t n)
{
    PARALLEL_FOR(n)
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

void array_copy(float *y, const float *x, size_t n)
{
    PARALLEL_FOR(n)
    for (size_t i = 0; i < n; i++) y[i] = x[i];
}

void array_fill(float *y, float value, size_t n)
{
    PARALLEL_FOR(n)
    for (size_t i = 0; i < n; i++) y[i] = value;
}
