/* Row by row, so that bias, residual and activation find a row in the cache that the product has just left there;
 * loops are simple enough for the compiler to make vectors of them. The sums of a bias's gradient go over a fixed
 * number of pieces, added in order. */
#include "harness/graph/epilogue.h"

#include "harness/graph/activation_math.h"

#include <string.h>

enum { SUM_PIECES = 16 };

void activate(Activation activation, size_t width, float *y)
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
        for (size_t i = 0; i < width; i++) y[i] = quick_gelu_of(y[i]);
        break;
    case ACT_SILU:
        for (size_t i = 0; i < width; i++) y[i] = silu_of(y[i]);
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
