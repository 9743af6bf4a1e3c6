/* Loops over elements are split among threads only where that is worth waking them (some microseconds). */
#pragma once

#include <stddef.h>

enum { PARALLEL_MIN = 1 << 14 }; /* floats */

/* y += x; y = x */
void array_add(float *y, const float *x, size_t n);
void array_copy(float *y, const float *x, size_t n);
void array_fill(float *y, float value, size_t n);
