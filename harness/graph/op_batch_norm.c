/* Batch normalisation, training form (Ioffe and Szegedy 2015), over all axes but the last. Both directions are two
 * passes over memory, each parallel: one for the sums of channels, one for the result. A relu behind it (put here by
 * fuse.c) costs no pass of its own: backward finds its sign again from x. */
#include "harness/graph/channel_sums.h"
#include "harness/graph/fast_math.h"
#include "harness/graph/norm_ops.h"
#include "harness/graph/ops.h"
#include "harness/graph/parallel.h"

#include <math.h>

/* Formulas:
 *
 *   y = (x - mean) / sqrt(var + eps) * gain + bias      mean, var [C] of this batch, var biased
 *   running = (1 - momentum) running + momentum batch   with the unbiased variance
 *
 * Backward, with n = (x - mean) / sd and averages over the rows:
 *   dgain = sum dy n    dbias = sum dy    dx = gain / sd (dy - mean(dy) - n mean(dy n))
 *
 * saved: mean [C], 1 / sd [C]. */

static size_t channels_of(const Node *node)
{
    return node->shape.dim[node->shape.rank - 1];
}

static size_t rows_of(const Node *node)
{
    return shape_size(node->shape) / channels_of(node);
}

static size_t batch_norm_saved(const Node *node)
{
    return 2 * channels_of(node);
}

/* Two sums of every block and channel; four numbers a channel for the second pass; mean and 1 / sd if not saved. */
static size_t batch_norm_scratch(const Node *node, bool backward)
{
    (void)backward;
    return (2 * channel_blocks(rows_of(node), channels_of(node)) + 6) * channels_of(node);
}

static void update_running(const BatchNormAttributes *a, size_t channel, Moments m)
{
    const double unbiased = m.squares / (m.count > 1 ? m.count - 1 : 1);
    float *mean = a->running_mean + channel, *var = a->running_var + channel;
    *mean = (float)((1.0 - (double)a->momentum) * (double)*mean + (double)a->momentum * m.mean);
    *var = (float)((1.0 - (double)a->momentum) * (double)*var + (double)a->momentum * unbiased);
}

/* y = scale x + shift, by channel. */
static void affine_rows(const float *x, size_t rows, size_t channels, const float *scale, const float *shift, bool relu,
                        float *y)
{
    for (size_t row = 0; row < rows; row++) {
        const float *xr = x + row * channels;
        float *yr = y + row * channels;
        if (relu) {
#pragma omp simd
            for (size_t c = 0; c < channels; c++) {
                const float value = multiply_add(xr[c], scale[c], shift[c]);
                yr[c] = value < 0 ? 0 : value;
            }
        } else {
#pragma omp simd
            for (size_t c = 0; c < channels; c++) yr[c] = multiply_add(xr[c], scale[c], shift[c]);
        }
    }
}

static void batch_norm_forward(const OpCall *c)
{
    const BatchNormAttributes *a = c->node->attributes;
    const size_t channels = channels_of(c->node), rows = rows_of(c->node), work = rows * channels;
    const size_t block = channel_block_rows(rows, channels), blocks = channel_blocks(rows, channels);
    float *sums = c->scratch, *scale = sums + 2 * blocks * channels, *shift = scale + channels;
    float *mean = c->saved ? c->saved : shift + channels, *inverse = mean + channels;
    const float *x = c->in[0], *gain = c->in[1], *bias = c->in[2];

    PARALLEL_PIECES(work)
    for (size_t b = 0; b < blocks; b++) {
        const size_t first = b * block, count = rows - first < block ? rows - first : block;
        float *mine = sums + 2 * b * channels;
        block_moments(x + first * channels, count, channels, mine, mine + channels);
    }
    PARALLEL_PIECES(2 * blocks * channels)
    for (size_t i = 0; i < channels; i++) {
        Moments m = {0};
        for (size_t b = 0; b < blocks; b++) {
            const double count = (double)(rows - b * block < block ? rows - b * block : block);
            const float *block_sums = sums + 2 * b * channels + i;
            m = moments_join(m, (Moments){count, (double)block_sums[0], (double)block_sums[channels]});
        }
        mean[i] = (float)m.mean;
        inverse[i] = (float)(1.0 / sqrt(m.squares / (double)rows + (double)a->eps));
        scale[i] = gain[i] * inverse[i];
        shift[i] = bias[i] - mean[i] * scale[i];
        update_running(a, i, m);
    }
    PARALLEL_PIECES(work)
    for (size_t b = 0; b < blocks; b++) {
        const size_t first = b * block, count = rows - first < block ? rows - first : block;
        affine_rows(x + first * channels, count, channels, scale, shift, a->relu, c->out + first * channels);
    }
}

/* What the second pass multiplies with: dx = by_dy dy + by_x x + rest. The relu's sign: scale x + shift > 0. */
typedef struct BackwardFactors {
    float *by_dy, *by_x, *rest, *shift; /* [C]; the relu's scale is by_dy, both are gain / sd */
} BackwardFactors;

static void backward_rows(const float *x, const float *dy, size_t rows, size_t channels, BackwardFactors f, bool relu,
                          float *dx)
{
    for (size_t row = 0; row < rows; row++) {
        const float *xr = x + row * channels, *dr = dy + row * channels;
        float *out = dx + row * channels;
        if (relu) {
#pragma omp simd
            for (size_t c = 0; c < channels; c++) {
                const float d = multiply_add(xr[c], f.by_dy[c], f.shift[c]) > 0 ? dr[c] : 0;
                out[c] = multiply_add(d, f.by_dy[c], multiply_add(xr[c], f.by_x[c], f.rest[c]));
            }
        } else {
#pragma omp simd
            for (size_t c = 0; c < channels; c++)
                out[c] = multiply_add(dr[c], f.by_dy[c], multiply_add(xr[c], f.by_x[c], f.rest[c]));
        }
    }
}

/* Puts the blocks' sums together: gradients of gain and bias, and the factors of the second pass. */
static void join_blocks(const OpCall *c, const float *sums, size_t blocks, size_t rows, BackwardFactors f)
{
    const size_t channels = channels_of(c->node);
    const float *mean = c->saved, *inverse = mean + channels;
    PARALLEL_PIECES(2 * blocks * channels)
    for (size_t i = 0; i < channels; i++) {
        double dy = 0, product = 0;
        for (size_t b = 0; b < blocks; b++) {
            dy += (double)sums[2 * b * channels + i];
            product += (double)sums[(2 * b + 1) * channels + i];
        }
        product *= (double)inverse[i]; /* sum dy n */
        if (c->din[1]) c->din[1][i] = (float)product;
        if (c->din[2]) c->din[2][i] = (float)dy;
        const double n = (double)rows;
        f.by_x[i] = (float)(-(double)f.by_dy[i] * (double)inverse[i] * product / n);
        f.rest[i] = (float)(-(double)f.by_dy[i] * dy / n - (double)f.by_x[i] * (double)mean[i]);
    }
}

static void batch_norm_backward(const OpCall *c)
{
    const BatchNormAttributes *a = c->node->attributes;
    const size_t channels = channels_of(c->node), rows = rows_of(c->node), work = rows * channels;
    const size_t block = channel_block_rows(rows, channels), blocks = channel_blocks(rows, channels);
    const float *x = c->in[0], *gain = c->in[1], *bias = c->in[2], *mean = c->saved, *inverse = mean + channels;
    float *sums = c->scratch, *factors = sums + 2 * blocks * channels;
    const BackwardFactors f = {factors, factors + channels, factors + 2 * channels, factors + 3 * channels};
    for (size_t i = 0; i < channels; i++) {
        f.by_dy[i] = gain[i] * inverse[i];
        f.shift[i] = bias[i] - mean[i] * f.by_dy[i]; /* bit for bit as in forward */
    }
    const ChannelRelu relu = {a->relu ? f.by_dy : NULL, f.shift};
    PARALLEL_PIECES(work)
    for (size_t b = 0; b < blocks; b++) {
        const size_t at = b * block * channels, count = rows - b * block < block ? rows - b * block : block;
        float *mine = sums + 2 * b * channels;
        block_gradient_sums(x + at, c->dout + at, count, channels, mean, relu, mine, mine + channels);
    }
    join_blocks(c, sums, blocks, rows, f);
    if (!c->din[0]) return;
    PARALLEL_PIECES(work)
    for (size_t b = 0; b < blocks; b++) {
        const size_t at = b * block * channels, count = rows - b * block < block ? rows - b * block : block;
        backward_rows(x + at, c->dout + at, count, channels, f, a->relu, c->din[0] + at);
    }
}

const Op op_batch_norm = {.name = "batch_norm",
                          .backward_reads = READS_INPUT(0) | READS_INPUT(1) | READS_INPUT(2),
                          .in_place = true,
                          .in_place_backward = true,
                          .saved = batch_norm_saved,
                          .scratch = batch_norm_scratch,
                          .forward = batch_norm_forward,
                          .backward = batch_norm_backward};

Node *batch_norm(Graph *g, Node *x, Node *gain, Node *bias, float *running_mean, float *running_var, float momentum,
                 float eps)
{
    char text[96];
    const int last = x->shape.rank - 1;
    if (last < 0 || !shape_equal(gain->shape, shape(x->shape.dim[last])) || !shape_equal(gain->shape, bias->shape))
        die("batch_norm: gain and bias do not fit x of shape %s", shape_text(x->shape, text));
    const BatchNormAttributes a = {running_mean, running_var, momentum, eps, false};
    return node_new(g, &op_batch_norm, x->shape, NODES(x, gain, bias), &a, sizeof a);
}

void batch_norm_fold(float *weight, float *bias, size_t out_channels, size_t rest, const float *gain,
                     const float *shift, const float *mean, const float *var, float eps)
{
    for (size_t o = 0; o < out_channels; o++) {
        const double factor = (double)gain[o] / sqrt((double)var[o] + (double)eps);
        for (size_t i = 0; i < rest; i++) weight[o * rest + i] = (float)((double)weight[o * rest + i] * factor);
        bias[o] = (float)(((double)bias[o] - (double)mean[o]) * factor + (double)shift[o]);
    }
}
