/* A block is gone through twice, for its mean and for the squares about it, as one pass of sums of squares cancels in
 * float; joining blocks happens in doubles. */
#include "harness/graph/channel_sums.h"
#include "harness/graph/fast_math.h"

#include <string.h>

enum { BLOCK_FLOATS = 1 << 14, BLOCK_ROWS_MIN = 32 };

size_t channel_block_rows(size_t rows, size_t channels)
{
    size_t block = channels ? BLOCK_FLOATS / channels : 1;
    if (block < BLOCK_ROWS_MIN) block = BLOCK_ROWS_MIN;
    return block < rows ? block : (rows ? rows : 1);
}

size_t channel_blocks(size_t rows, size_t channels)
{
    const size_t block = channel_block_rows(rows, channels);
    return (rows + block - 1) / block;
}

void block_moments(const float *x, size_t rows, size_t channels, float *mean, float *squares)
{
    memset(mean, 0, channels * sizeof *mean);
    memset(squares, 0, channels * sizeof *squares);
    for (size_t row = 0; row < rows; row++) {
        const float *xr = x + row * channels;
#pragma omp simd
        for (size_t c = 0; c < channels; c++) mean[c] += xr[c];
    }
    for (size_t c = 0; c < channels; c++) mean[c] /= (float)rows;
    for (size_t row = 0; row < rows; row++) {
        const float *xr = x + row * channels;
#pragma omp simd
        for (size_t c = 0; c < channels; c++) {
            const float apart = xr[c] - mean[c];
            squares[c] = multiply_add(apart, apart, squares[c]);
        }
    }
}

Moments moments_join(Moments a, Moments b)
{
    const double count = a.count + b.count, apart = b.mean - a.mean;
    if (count == 0) return a;
    return (Moments){.count = count,
                     .mean = a.mean + apart * b.count / count,
                     .squares = a.squares + b.squares + apart * apart * a.count * b.count / count};
}

void block_gradient_sums(const float *x, const float *dy, size_t rows, size_t channels, const float *mean,
                         ChannelRelu relu, float *dy_sum, float *product_sum)
{
    memset(dy_sum, 0, channels * sizeof *dy_sum);
    memset(product_sum, 0, channels * sizeof *product_sum);
    for (size_t row = 0; row < rows; row++) {
        const float *xr = x + row * channels, *dr = dy + row * channels;
        if (relu.scale) {
#pragma omp simd
            for (size_t c = 0; c < channels; c++) {
                const float d = multiply_add(xr[c], relu.scale[c], relu.shift[c]) > 0 ? dr[c] : 0;
                dy_sum[c] += d;
                product_sum[c] = multiply_add(d, xr[c] - mean[c], product_sum[c]);
            }
        } else {
#pragma omp simd
            for (size_t c = 0; c < channels; c++) {
                dy_sum[c] += dr[c];
                product_sum[c] = multiply_add(dr[c], xr[c] - mean[c], product_sum[c]);
            }
        }
    }
}
