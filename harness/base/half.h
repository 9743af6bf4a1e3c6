/* Numbers of 16 bits: IEEE 754 binary16 ("half") and bfloat16, to float32 and back. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint16_t float_to_half(float value); /* round to nearest, ties to even; too large becomes infinity */
float half_to_float(uint16_t half);
uint16_t float_to_bfloat(float value); /* the upper half of a float32, rounded the same way */
float bfloat_to_float(uint16_t bfloat);

/* Whether every value is kept whole by float16, as those are that come from a file of it. */
bool halves_hold(const float *values, size_t n);
