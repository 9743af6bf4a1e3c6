/* Loops over elements are split among threads only where that is worth waking them (some microseconds). */
#pragma once

#include <stddef.h>

enum { PARALLEL_MIN = 1 << 14 }; /* floats */

/* Before a loop over n elements that are independent of one another. */
#define PRAGMA(text) _Pragma(#text)
#define PARALLEL_FOR(n) PRAGMA(omp parallel for simd schedule(static) if (parallel : (n) >= PARALLEL_MIN))
/* Before a loop over independent pieces of work, `floats` in all. */
#define PARALLEL_PIECES(floats) PRAGMA(omp parallel for schedule(static) if ((floats) >= PARALLEL_MIN))

/* y += x; y = x; y = value */
void array_add(float *y, const float *x, size_t n);
void array_copy(float *y, const float *x, size_t n);
void array_fill(float *y, float value, size_t n);
