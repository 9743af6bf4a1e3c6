/* Sums over the rows of x[rows, channels], one for each channel, as batch norm and group norm need them. The rows are cut
 * into blocks that stay in the cache, so that a block is read from memory once however often it is looked at; blocks are a
 * function of the shape alone and are put together in order, so the bits do not depend on the threads. */
#pragma once

#include <stddef.h>

size_t channel_block_rows(size_t rows, size_t channels);
size_t channel_blocks(size_t rows, size_t channels);

/* Mean and sum of squared distances from it over `rows` rows (one block), each [channels]. */
void block_moments(const float *x, size_t rows, size_t channels, float *mean, float *squares);

/* A running mean and sum of squared distances, and the count behind them. */
typedef struct Moments {
    double count, mean, squares;
} Moments;
/* Joins two disjoint sets (Chan, Golub and LeVeque 1979). */
Moments moments_join(Moments a, Moments b);

/* What the gradients of a normalisation are made of: dy_sum = sum dy, product_sum = sum dy (x - mean) over the rows of one
 * block. With a scale (else NULL) only rows count where scale x + shift > 0: a relu that was melted in. */
typedef struct ChannelRelu {
    const float *scale, *shift; /* [channels] */
} ChannelRelu;
void block_gradient_sums(const float *x, const float *dy, size_t rows, size_t channels, const float *mean,
                         ChannelRelu relu, float *dy_sum, float *product_sum);
