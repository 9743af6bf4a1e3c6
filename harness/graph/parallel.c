#include "harness/graph/parallel.h"

void array_add(float *y, const float *x, size_t n)
{
#pragma omp parallel for simd schedule(static) if (parallel : n >= PARALLEL_MIN)
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

void array_copy(float *y, const float *x, size_t n)
{
#pragma omp parallel for simd schedule(static) if (parallel : n >= PARALLEL_MIN)
    for (size_t i = 0; i < n; i++) y[i] = x[i];
}

void array_fill(float *y, float value, size_t n)
{
#pragma omp parallel for simd schedule(static) if (parallel : n >= PARALLEL_MIN)
    for (size_t i = 0; i < n; i++) y[i] = value;
}
