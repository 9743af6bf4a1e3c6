/* Functions that compilers can put into vector loops; libm's are calls. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* a b + c, rounded once where the machine can: the compilers' own contraction differs between them. */
static inline float multiply_add(float a, float b, float c)
{
#ifdef __FMA__
    return __builtin_fmaf(a, b, c);
#else
    return a * b + c;
#endif
}

/* 2^n for n in [-126, 127] */
static inline float power_of_two(int32_t n)
{
    const uint32_t bits = (uint32_t)(n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* exp(x) to 1e-7 relative, 0 and infinity at the ends as expf has them, NaN stays NaN: 2^n (1 + r + r^2 q(r)) with
 * x = n ln 2 + r, |r| <= ln(2) / 2. q is the polynomial of degree 4 with the least largest relative error (3e-9), found by
 * reweighted least squares. 2^n is multiplied in two halves, because 2^128 and 2^-149 are no normal numbers. */
static inline float fast_exp(float x)
{
    x = x < -104.0f ? -104.0f : x;
    x = x > 89.0f ? 89.0f : x;
    const float shifted = multiply_add(x, 1.44269504f, 12582912.0f); /* 1.5 2^23: rounds n into the low bits */
    const float n = shifted - 12582912.0f;
    const float r =
        multiply_add(n, -0x1.7f7d1cp-20f, multiply_add(n, -0x1.62e4p-1f, x)); /* ln 2 in two parts, n times */
    float q = 0.00138143206f;                                                 /* the first is exact */
    q = multiply_add(q, r, 0.00836885162f);
    q = multiply_add(q, r, 0.0416684002f);
    q = multiply_add(q, r, 0.166665196f);
    q = multiply_add(q, r, 0.49999994f);
    const float p = multiply_add(q * r, r, r) + 1.0f;
    int32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    const int32_t power = bits - 0x4b400000, half = power >> 1;
    return p * power_of_two(half) * power_of_two(power - half);
}

/* 2^x for x <= 0, to 1e-7 relative; below -126 it stays at 2^-126, NaN stays NaN. x = n + r, |r| <= 1/2, and 2^r by a polynomial of
 * degree 6, found like fast_exp's (2e-9). Half the work of fast_exp, for softmax, which subtracts the maximum anyhow. */
static inline float fast_exp2_of_nonpositive(float x)
{
    x = x < -126.0f ? -126.0f : x;
    const float shifted = x + 12582912.0f; /* 1.5 2^23: rounds n into the low bits */
    const float r = x - (shifted - 12582912.0f);
    float p = 0.00015353362f;
    p = multiply_add(p, r, 0.00133988750f);
    p = multiply_add(p, r, 0.00961843692f);
    p = multiply_add(p, r, 0.0555033237f);
    p = multiply_add(p, r, 0.240226477f);
    p = multiply_add(p, r, 0.693147182f);
    p = multiply_add(p, r, 1.0f);
    uint32_t n, bits;
    memcpy(&n, &shifted, sizeof n);
    memcpy(&bits, &p, sizeof bits);
    bits += n << 23; /* n's own bits alone survive the shift */
    memcpy(&p, &bits, sizeof p);
    return p;
}

/* erfc(|z|) given e = exp(-z^2), to 3e-7 absolute: e t p(t), t = 1 / (1 + |z| / 2), p of degree 6 fitted on [0, 9.5] to 2e-8
 * (the form of Hastings 1955, coefficients by reweighted least squares; small ones, so that float32 adds little). */
static inline float erfc_tail(float z, float e)
{
    const float t = 1.0f / multiply_add(0.5f, z < 0 ? -z : z, 1.0f);
    float p = 0.0588022992f;
    p = multiply_add(p, t, -0.21824114f);
    p = multiply_add(p, t, 0.122184895f);
    p = multiply_add(p, t, 0.307673305f);
    p = multiply_add(p, t, 0.130848184f);
    p = multiply_add(p, t, 0.321697205f);
    p = multiply_add(p, t, 0.277035236f);
    return e * t * p;
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
