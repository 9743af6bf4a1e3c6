#include "harness/graph/epilogue.h"

#include <math.h>
#include <string.h>

enum { SUM_PIECES = 16 };

static float relu_of(float x)
{
    return x < 0 ? 0 : x; /* NaN stays NaN */
}

/* e^x by 2^n e^r with |r| <= ln(2)/2 and a polynomial of degree 6, to 2e-7 relative; a loop of it becomes vector code, which a
 * loop of expf does not. Clamped where float32 overflows or leaves the normal numbers. */
static inline float fast_exp(float x)
{
    const float low = x > -87.0f ? x : -87.0f, clamped = low < 88.0f ? low : 88.0f;
    const float n = rintf(clamped * 1.44269504f);
    const float r = (clamped - n * 0.693359375f) + n * 2.12194440e-4f; /* ln 2 in two parts, the first one exact */
    float p = 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const int bits = ((int)n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

static float swish_of(float x, float alpha)
{
    return x / (1.0f + fast_exp(-alpha * x));
}

static float gelu_of(float x)
{
    return 0.5f * x * (1.0f + erff(x * 0.70710678f));
}

/* x (1 + tanh u) / 2 = x / (1 + e^-2u), u = sqrt(2/pi) (x + 0.044715 x^3) */
static float gelu_tanh_of(float x)
{
    return x / (1.0f + fast_exp(-1.5957691216f * (x + 0.044715f * x * x * x)));
}

static void activate(Activation activation, size_t width, float *y)
{
    switch (activation) {
    case ACT_NONE:
        break;
    case ACT_RELU:
        for (size_t i = 0; i < width; i++) y[i] = relu_of(y[i]);
        break;
    case ACT_GELU:
        for (size_t i = 0; i < width; i++) y[i] = gelu_of(y[i]);
        break;
    case ACT_GELU_TANH:
        for (size_t i = 0; i < width; i++) y[i] = gelu_tanh_of(y[i]);
        break;
    case ACT_QUICK_GELU:
        for (size_t i = 0; i < width; i++) y[i] = swish_of(y[i], 1.702f);
        break;
    case ACT_SILU:
        for (size_t i = 0; i < width; i++) y[i] = swish_of(y[i], 1.0f);
        break;
    }
}

void epilogue_row(Epilogue e, size_t width, const float *bias, const float *residual, float *y)
{
    if (e.bias)
        for (size_t i = 0; i < width; i++) y[i] += bias[i];
    if (e.activation_first) activate(e.activation, width, y);
    if (e.residual)
        for (size_t i = 0; i < width; i++) y[i] += residual[i];
    if (!e.activation_first) activate(e.activation, width, y);
}

void epilogue_rows(Epilogue e, size_t rows, size_t width, const float *bias, const float *residual, float *y)
{
    if (!e.bias && !e.residual && e.activation == ACT_NONE) return;
#pragma omp parallel for schedule(static)
    for (size_t row = 0; row < rows; row++)
        epilogue_row(e, width, bias, e.residual ? residual + row * width : NULL, y + row * width);
}

size_t column_sums_scratch(size_t width)
{
    return SUM_PIECES * width;
}

void column_sums(size_t rows, size_t width, const float *y, float *sums, float *scratch)
{
#pragma omp parallel for schedule(static)
    for (size_t piece = 0; piece < SUM_PIECES; piece++) {
        float *part = scratch + piece * width;
        memset(part, 0, width * sizeof *part);
        const size_t end = rows * (piece + 1) / SUM_PIECES;
        for (size_t row = rows * piece / SUM_PIECES; row < end; row++)
            for (size_t i = 0; i < width; i++) part[i] += y[row * width + i];
    }
    memcpy(sums, scratch, width * sizeof *sums);
    for (size_t piece = 1; piece < SUM_PIECES; piece++)
        for (size_t i = 0; i < width; i++) sums[i] += scratch[piece * width + i];
}
