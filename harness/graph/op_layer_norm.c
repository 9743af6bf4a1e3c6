/* Layer normalisation over the last axis (Ba et al. 2016):  y = (x - mean) / sqrt(var + eps) * gain + bias
 *   x, y [..., D]   gain, bias [D]   saved: mean, 1 / sd of every row
 * Backward, with h = gain dy, n = (x - mean) / sd and averages over a row:
 *   dx = (h - mean(h) - n mean(h n)) / sd      dgain = sum over rows of dy n      dbias = sum over rows of dy
 * The rows are cut into a fixed number of pieces with sums of their own, so the bits do not depend on the threads. */
#include "harness/graph/fast_math.h"
#include "harness/graph/op.h"
#include "harness/graph/ops.h"
#include "harness/graph/parallel.h"

#include <math.h>
#include <string.h>

enum { PIECES = 16 };

static size_t width_of(const Node *node)
{
    return node->shape.dim[node->shape.rank - 1];
}

static size_t rows_of(const Node *node)
{
    return shape_size(node->shape) / width_of(node);
}

static size_t layer_norm_saved(const Node *node)
{
    return 2 * rows_of(node);
}

static size_t layer_norm_scratch(const Node *node, bool backward)
{
    return backward ? 2 * PIECES * width_of(node) : 0;
}

static void layer_norm_forward(const OpCall *c)
{
    const size_t width = width_of(c->node), rows = rows_of(c->node);
    const float eps = *(const float *)c->node->attributes, *gain = c->in[1], *bias = c->in[2];
    PARALLEL_PIECES(rows * width)
    for (size_t row = 0; row < rows; row++) {
        const float *x = c->in[0] + row * width;
        float *y = c->out + row * width, mean = 0, squares = 0;
#pragma omp simd reduction(+ : mean)
        for (size_t i = 0; i < width; i++) mean += x[i];
        mean /= (float)width;
#pragma omp simd reduction(+ : squares)
        for (size_t i = 0; i < width; i++) squares += (x[i] - mean) * (x[i] - mean);
        const float inverse = 1.0f / sqrtf(squares / (float)width + eps);
#pragma omp simd
        for (size_t i = 0; i < width; i++) y[i] = multiply_add((x[i] - mean) * inverse, gain[i], bias[i]);
        if (c->saved) {
            c->saved[2 * row] = mean;
            c->saved[2 * row + 1] = inverse;
        }
    }
}

/* dx may be dy. */
static void backward_row(size_t width, const float *x, const float *dy, const float *gain, float mean, float inverse,
                         float *dx)
{
    float h = 0, hn = 0;
#pragma omp simd reduction(+ : h, hn)
    for (size_t i = 0; i < width; i++) {
        h += gain[i] * dy[i];
        hn += gain[i] * dy[i] * (x[i] - mean);
    }
    h /= (float)width;
    hn *= inverse * inverse / (float)width;
#pragma omp simd
    for (size_t i = 0; i < width; i++) dx[i] = (gain[i] * dy[i] - h - (x[i] - mean) * hn) * inverse;
}

static void backward_piece(const OpCall *c, size_t first, size_t last, float *dgain, float *dbias)
{
    const size_t width = width_of(c->node);
    for (size_t row = first; row < last; row++) {
        const float *x = c->in[0] + row * width, *dy = c->dout + row * width;
        const float mean = c->saved[2 * row], inverse = c->saved[2 * row + 1];
        if (c->din[1] || c->din[2]) {
#pragma omp simd
            for (size_t i = 0; i < width; i++) {
                dgain[i] += dy[i] * ((x[i] - mean) * inverse);
                dbias[i] += dy[i];
            }
        }
        if (c->din[0]) backward_row(width, x, dy, c->in[1], mean, inverse, c->din[0] + row * width);
    }
}

static void sum_pieces(const float *pieces, size_t width, float *sums)
{
    if (!sums) return;
    memset(sums, 0, width * sizeof *sums);
    for (size_t p = 0; p < PIECES; p++)
        for (size_t i = 0; i < width; i++) sums[i] += pieces[2 * p * width + i];
}

static void layer_norm_backward(const OpCall *c)
{
    const size_t width = width_of(c->node), rows = rows_of(c->node);
    PARALLEL_PIECES(rows * width)
    for (size_t p = 0; p < PIECES; p++) {
        float *dgain = c->scratch + 2 * p * width;
        memset(dgain, 0, 2 * width * sizeof *dgain);
        backward_piece(c, p * rows / PIECES, (p + 1) * rows / PIECES, dgain, dgain + width);
    }
    sum_pieces(c->scratch, width, c->din[1]);
    sum_pieces(c->scratch + width, width, c->din[2]);
}

static const Op op_layer_norm = {.name = "layer_norm",
                                 .backward_reads = READS_INPUT(0) | READS_INPUT(1),
                                 .in_place = true,
                                 .in_place_backward = true,
                                 .saved = layer_norm_saved,
                                 .scratch = layer_norm_scratch,
                                 .forward = layer_norm_forward,
                                 .backward = layer_norm_backward};

Node *layer_norm(Graph *g, Node *x, Node *gain, Node *bias, float eps)
{
    char text[96];
    const int last = x->shape.rank - 1;
    if (last < 0 || !shape_equal(gain->shape, shape(x->shape.dim[last])) || !shape_equal(gain->shape, bias->shape))
        die("layer_norm: gain and bias do not fit x of shape %s", shape_text(x->shape, text));
    return node_new(g, &op_layer_norm, x->shape, NODES(x, gain, bias), &eps, sizeof eps);
}
