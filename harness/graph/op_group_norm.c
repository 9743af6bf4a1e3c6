/* Group normalisation (Wu and He 2018): x [B, ..., C], statistics over all positions and a group's channels of one
 * sample. As in batch norm a pass over blocks of rows gathers sums a channel, and a second one writes; a silu behind it
 * (put here by fuse.c in graphs without loss) costs no pass of its own. */
#include "harness/graph/activation_math.h"
#include "harness/graph/channel_sums.h"
#include "harness/graph/fast_math.h"
#include "harness/graph/norm_ops.h"
#include "harness/graph/op.h"
#include "harness/graph/ops.h"
#include "harness/graph/parallel.h"

#include <math.h>
#include <string.h>

/* Formulas:
 *
 *   y = (x - mean) / sqrt(var + eps) * gain + bias      mean, var [B, groups]
 *
 * Backward, with n = (x - mean) / sd, h = gain dy and averages over a group's elements:
 *   dgain = sum dy n    dbias = sum dy    dx = (h - mean(h) - n mean(h n)) / sd
 * saved: mean [B, groups], 1 / sd [B, groups]. */

typedef struct Sizes {
    size_t batch, rows, channels, groups, width; /* rows of one sample; channels of a group */
    size_t block, blocks;                        /* rows of a block, blocks of one sample */
    size_t work;
} Sizes;

static Sizes sizes_of(const Node *node)
{
    const Shape s = node->shape;
    const GroupNormAttributes *a = node->attributes;
    Sizes z = {.batch = s.dim[0], .rows = 1, .channels = s.dim[s.rank - 1], .groups = a->groups};
    for (int i = 1; i < s.rank - 1; i++) z.rows *= s.dim[i];
    z.width = z.channels / z.groups;
    z.block = channel_block_rows(z.rows, z.channels);
    z.blocks = channel_blocks(z.rows, z.channels);
    z.work = z.batch * z.rows * z.channels;
    return z;
}

static size_t block_count(const Sizes *z, size_t block)
{
    const size_t first = block * z->block;
    return z->rows - first < z->block ? z->rows - first : z->block;
}

static size_t group_norm_saved(const Node *node)
{
    const Sizes z = sizes_of(node);
    return 2 * z.batch * z.groups;
}

static size_t group_norm_scratch(const Node *node, bool backward)
{
    const Sizes z = sizes_of(node);
    const size_t sums = 2 * z.batch * z.blocks * z.channels;
    return sums + 2 * z.batch * z.groups + (backward ? 6 : 2) * z.batch * z.channels;
}

/* Mean and 1 / sd of group g of sample b from its blocks' moments. */
static void group_statistics(const Sizes *z, const float *sums, size_t b, size_t g, float eps, float *mean,
                             float *inverse)
{
    Moments m = {0};
    for (size_t k = 0; k < z->blocks; k++) {
        const float *block = sums + 2 * (b * z->blocks + k) * z->channels;
        for (size_t c = g * z->width; c < (g + 1) * z->width; c++)
            m = moments_join(m, (Moments){(double)block_count(z, k), (double)block[c], (double)block[z->channels + c]});
    }
    *mean = (float)m.mean;
    *inverse = (float)(1.0 / sqrt(m.squares / m.count + (double)eps));
}

static void silu_row(float *y, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] = silu_of(y[i]);
}

static void group_norm_forward(const OpCall *c)
{
    const Sizes z = sizes_of(c->node);
    const GroupNormAttributes *a = c->node->attributes;
    float *sums = c->scratch, *scale = sums + 2 * z.batch * z.blocks * z.channels;
    float *shift = scale + z.batch * z.channels;
    float *mean = c->saved ? c->saved : shift + z.batch * z.channels, *inverse = mean + z.batch * z.groups;
    const float *x = c->in[0], *gain = c->in[1], *bias = c->in[2];

    PARALLEL_PIECES(z.work)
    for (size_t k = 0; k < z.batch * z.blocks; k++) {
        const size_t first = k / z.blocks * z.rows + k % z.blocks * z.block;
        float *mine = sums + 2 * k * z.channels;
        block_moments(x + first * z.channels, block_count(&z, k % z.blocks), z.channels, mine, mine + z.channels);
    }
    for (size_t k = 0; k < z.batch * z.groups; k++) {
        const size_t b = k / z.groups, g = k % z.groups;
        group_statistics(&z, sums, b, g, a->eps, &mean[k], &inverse[k]);
        for (size_t i = g * z.width; i < (g + 1) * z.width; i++) {
            scale[b * z.channels + i] = gain[i] * inverse[k];
            shift[b * z.channels + i] = bias[i] - mean[k] * gain[i] * inverse[k];
        }
    }
    PARALLEL_PIECES(z.work)
    for (size_t k = 0; k < z.batch * z.blocks; k++) {
        const size_t b = k / z.blocks, first = b * z.rows + k % z.blocks * z.block;
        const float *s = scale + b * z.channels, *t = shift + b * z.channels;
        for (size_t row = first; row < first + block_count(&z, k % z.blocks); row++) {
            const float *xr = x + row * z.channels;
            float *yr = c->out + row * z.channels;
#pragma omp simd
            for (size_t i = 0; i < z.channels; i++) yr[i] = multiply_add(xr[i], s[i], t[i]);
            if (a->silu) silu_row(yr, z.channels);
        }
    }
}

/* The arrays of one backward, all [B, C]: the saved statistics spread over the channels, what the blocks' sums come to
 * (sum dy, sum dy n), and the factors of dx = by_dy dy + by_x x + rest. */
typedef struct BackwardArrays {
    float *mean, *dy, *product, *by_dy, *by_x, *rest;
} BackwardArrays;

static void join_blocks(const OpCall *c, const Sizes *z, const float *sums, BackwardArrays w)
{
    const float *gain = c->in[1], *mean = c->saved, *inverse = mean + z->batch * z->groups;
    const double n = (double)(z->rows * z->width);
    for (size_t k = 0; k < z->batch * z->groups; k++) {
        const size_t b = k / z->groups, g = k % z->groups;
        double h = 0, hn = 0; /* sums of gain dy and gain dy n over the group */
        for (size_t i = g * z->width; i < (g + 1) * z->width; i++) {
            double dy = 0, product = 0;
            for (size_t block = b * z->blocks; block < (b + 1) * z->blocks; block++) {
                dy += (double)sums[2 * block * z->channels + i];
                product += (double)sums[(2 * block + 1) * z->channels + i];
            }
            product *= (double)inverse[k];
            h += (double)gain[i] * dy;
            hn += (double)gain[i] * product;
            w.dy[b * z->channels + i] = (float)dy;
            w.product[b * z->channels + i] = (float)product;
        }
        const double by_x = -(double)inverse[k] * (double)inverse[k] * hn / n;
        for (size_t i = b * z->channels + g * z->width; i < b * z->channels + (g + 1) * z->width; i++) {
            w.by_dy[i] = gain[i - b * z->channels] * inverse[k];
            w.by_x[i] = (float)by_x;
            w.rest[i] = (float)(-(double)inverse[k] * h / n - by_x * (double)mean[k]);
        }
    }
}

static void sum_samples(const Sizes *z, const float *values, float *sums)
{
    if (!sums) return;
    memset(sums, 0, z->channels * sizeof *sums);
    for (size_t b = 0; b < z->batch; b++)
        for (size_t i = 0; i < z->channels; i++) sums[i] += values[b * z->channels + i];
}

static void group_norm_backward(const OpCall *c)
{
    const Sizes z = sizes_of(c->node);
    const size_t all = z.batch * z.channels;
    float *sums = c->scratch, *arrays = sums + 2 * z.batch * z.blocks * z.channels;
    const BackwardArrays w = {arrays,           arrays + all,     arrays + 2 * all,
                              arrays + 3 * all, arrays + 4 * all, arrays + 5 * all};
    const float *x = c->in[0], *dy = c->dout;
    for (size_t i = 0; i < all; i++) w.mean[i] = c->saved[i / z.channels * z.groups + i % z.channels / z.width];

    PARALLEL_PIECES(z.work)
    for (size_t k = 0; k < z.batch * z.blocks; k++) {
        const size_t b = k / z.blocks, at = (b * z.rows + k % z.blocks * z.block) * z.channels;
        float *mine = sums + 2 * k * z.channels;
        block_gradient_sums(x + at, dy + at, block_count(&z, k % z.blocks), z.channels, w.mean + b * z.channels,
                            (ChannelRelu){0}, mine, mine + z.channels);
    }
    join_blocks(c, &z, sums, w);
    sum_samples(&z, w.product, c->din[1]);
    sum_samples(&z, w.dy, c->din[2]);
    if (!c->din[0]) return;
    PARALLEL_PIECES(z.work)
    for (size_t row = 0; row < z.batch * z.rows; row++) {
        const size_t at = row * z.channels, f = row / z.rows * z.channels;
        float *dx = c->din[0] + at;
#pragma omp simd
        for (size_t i = 0; i < z.channels; i++)
            dx[i] = multiply_add(dy[at + i], w.by_dy[f + i], multiply_add(x[at + i], w.by_x[f + i], w.rest[f + i]));
    }
}

const Op op_group_norm = {.name = "group_norm",
                          .backward_reads = READS_INPUT(0) | READS_INPUT(1),
                          .in_place = true,
                          .in_place_backward = true,
                          .saved = group_norm_saved,
                          .scratch = group_norm_scratch,
                          .forward = group_norm_forward,
                          .backward = group_norm_backward};

Node *group_norm(Graph *g, Node *x, Node *gain, Node *bias, int groups, float eps)
{
    char text[96];
    const int last = x->shape.rank - 1;
    if (last < 1 || groups < 1 || x->shape.dim[last] % (size_t)groups ||
        !shape_equal(gain->shape, shape(x->shape.dim[last])) || !shape_equal(gain->shape, bias->shape))
        die("group_norm: %d groups, gain and bias do not fit x of shape %s", groups, shape_text(x->shape, text));
    const GroupNormAttributes a = {.groups = (size_t)groups, .eps = eps};
    return node_new(g, &op_group_norm, x->shape, NODES(x, gain, bias), &a, sizeof a);
}
