/* The activations and their slopes, one number at a time, made so that a loop of them becomes vector code. */
#pragma once

#include "harness/graph/fast_math.h"

static inline float relu_of(float x)
{
    return x < 0 ? 0 : x; /* NaN stays NaN */
}

static inline float sigmoid_of(float x)
{
    return 1.0f / (1.0f + fast_exp(-x));
}

/* The same, and 1 - sigmoid without cancellation. */
static inline float sigmoid_and_rest(float x, float *rest)
{
    const float e = fast_exp(x < -80 ? 80 : -x), s = 1.0f / (1.0f + e);
    *rest = e * s;
    return s;
}

/* x sigmoid(alpha x); slope s + alpha x s (1 - s) */
static inline float swish_of(float x, float alpha)
{
    return x * sigmoid_of(alpha * x);
}

static inline float swish_slope(float x, float alpha)
{
    float rest;
    const float s = sigmoid_and_rest(alpha * x, &rest);
    return s + alpha * x * s * rest;
}

static inline float silu_of(float x)
{
    return swish_of(x, 1.0f);
}

static inline float silu_slope(float x)
{
    return swish_slope(x, 1.0f);
}

static inline float quick_gelu_of(float x)
{
    return swish_of(x, 1.702f);
}

static inline float quick_gelu_slope(float x)
{
    return swish_slope(x, 1.702f);
}

/* Phi(x) = erfc(-x / sqrt 2) / 2 */
static inline float normal_cdf(float x, float e)
{
    const float half_tail = 0.5f * erfc_tail(0.707106781f * x, e);
    return x < 0 ? half_tail : 1.0f - half_tail;
}

static inline float gelu_of(float x)
{
    return x * normal_cdf(x, fast_exp(-0.5f * x * x));
}

/* Phi(x) + x phi(x) */
static inline float gelu_slope(float x)
{
    const float e = fast_exp(-0.5f * x * x);
    return multiply_add(x * 0.398942280f, e, normal_cdf(x, e));
}

/* x (1 + tanh u) / 2 = x sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3) */
static inline float gelu_tanh_of(float x)
{
    return x * sigmoid_of(1.59576912f * x * multiply_add(0.044715f * x, x, 1.0f));
}

static inline float gelu_tanh_slope(float x)
{
    float rest;
    const float s = sigmoid_and_rest(1.59576912f * x * multiply_add(0.044715f * x, x, 1.0f), &rest);
    return s + x * s * rest * 1.59576912f * multiply_add(0.134145f * x, x, 1.0f);
}
