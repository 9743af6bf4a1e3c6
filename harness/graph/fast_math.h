/* Functions that compilers can put into vector loops; libm's are calls. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* exp(x) to 2e-7 relative: 2^n times a polynomial of degree 5 on [-ln 2 / 2, ln 2 / 2] (coefficients of Cephes' expf).
 * Below -87.3 it stays at the smallest normal number, above 88.7 at the largest; NaN stays NaN. */
static inline float fast_exp(float x)
{
    x = x < -87.33f ? -87.33f : x;
    x = x > 88.37f ? 88.37f : x;
    const float shifted = x * 1.44269504088896341f + 12582912.0f; /* rounds to an integer in the low bits */
    const float n = shifted - 12582912.0f;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits - 0x4b400000 + 127) * (1 << 23);
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

/* The largest of n values and `start`. Sixteen running maxima side by side: without -ffast-math no compiler may reorder
 * the comparisons by itself. */
static inline float row_maximum(const float *x, size_t n, float start)
{
    enum { MAXIMA = 16 };
    float lanes[MAXIMA];
    for (size_t l = 0; l < MAXIMA; l++) lanes[l] = start;
    size_t i = 0;
    for (; i + MAXIMA <= n; i += MAXIMA)
        for (size_t l = 0; l < MAXIMA; l++) lanes[l] = x[i + l] > lanes[l] ? x[i + l] : lanes[l];
    for (; i < n; i++) lanes[0] = x[i] > lanes[0] ? x[i] : lanes[0];
    for (size_t l = 1; l < MAXIMA; l++) lanes[0] = lanes[l] > lanes[0] ? lanes[l] : lanes[0];
    return lanes[0];
}

static inline float row_dot(const float *a, const float *b, size_t n)
{
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}
