/* Two normalisations of rows without weights, over the last axis:
 *   l2_normalise  y = x / n, n = max(|x|, eps)       dx = (dy - y (y . dy)) / n; dy / eps where |x| <= eps     saved: n
 *   softmax       y = exp(x - max) / sum             dx = y (dy - y . dy)
 * All of it may run in place: a row is finished reading sums before it is written. */
#include "harness/graph/fast_math.h"
#include "harness/graph/op.h"
#include "harness/graph/ops.h"
#include "harness/graph/parallel.h"

#include <math.h>

static size_t width_of(const Node *node)
{
    return node->shape.dim[node->shape.rank - 1];
}

static size_t rows_of(const Node *node)
{
    return shape_size(node->shape) / width_of(node);
}

static void check_rows(const char *what, const Node *x)
{
    char text[96];
    if (x->shape.rank < 1 || width_of(x) == 0) die("%s: a shape of %s has no rows", what, shape_text(x->shape, text));
}

static void l2_normalise_forward(const OpCall *c)
{
    const size_t width = width_of(c->node), rows = rows_of(c->node);
    const float eps = *(const float *)c->node->attributes;
    PARALLEL_PIECES(rows * width)
    for (size_t row = 0; row < rows; row++) {
        const float *x = c->in[0] + row * width;
        float *y = c->out + row * width;
        const float length = sqrtf(row_dot(x, x, width)), norm = length > eps ? length : eps, factor = 1.0f / norm;
#pragma omp simd
        for (size_t i = 0; i < width; i++) y[i] = x[i] * factor;
        if (c->saved) c->saved[row] = length > eps ? norm : -norm; /* the sign tells backward that eps decided */
    }
}

static void l2_normalise_backward(const OpCall *c)
{
    const size_t width = width_of(c->node), rows = rows_of(c->node);
    PARALLEL_PIECES(rows * width)
    for (size_t row = 0; row < rows; row++) {
        const float *y = c->out + row * width, *dy = c->dout + row * width, norm = c->saved[row];
        float *dx = c->din[0] + row * width;
        const float along = norm > 0 ? row_dot(y, dy, width) : 0, factor = 1.0f / fabsf(norm);
#pragma omp simd
        for (size_t i = 0; i < width; i++) dx[i] = (dy[i] - y[i] * along) * factor;
    }
}

static const Op op_l2_normalise = {.name = "l2_normalise",
                                   .backward_reads = READS_OUTPUT,
                                   .in_place = true,
                                   .in_place_backward = true,
                                   .saved = rows_of,
                                   .forward = l2_normalise_forward,
                                   .backward = l2_normalise_backward};

Node *l2_normalise(Graph *g, Node *x, float eps)
{
    check_rows("l2_normalise", x);
    return node_new(g, &op_l2_normalise, x->shape, NODES(x), &eps, sizeof eps);
}

static void softmax_forward(const OpCall *c)
{
    const size_t width = width_of(c->node), rows = rows_of(c->node);
    PARALLEL_PIECES(rows * width)
    for (size_t row = 0; row < rows; row++) {
        const float *x = c->in[0] + row * width, maximum = row_maximum(x, width, x[0]);
        float *y = c->out + row * width, sum = 0;
#pragma omp simd reduction(+ : sum)
        for (size_t i = 0; i < width; i++) {
            y[i] = fast_exp(x[i] - maximum);
            sum += y[i];
        }
        const float factor = 1.0f / sum;
#pragma omp simd
        for (size_t i = 0; i < width; i++) y[i] *= factor;
    }
}

static void softmax_backward(const OpCall *c)
{
    const size_t width = width_of(c->node), rows = rows_of(c->node);
    PARALLEL_PIECES(rows * width)
    for (size_t row = 0; row < rows; row++) {
        const float *y = c->out + row * width, *dy = c->dout + row * width, along = row_dot(y, dy, width);
        float *dx = c->din[0] + row * width;
#pragma omp simd
        for (size_t i = 0; i < width; i++) dx[i] = y[i] * (dy[i] - along);
    }
}

static const Op op_softmax = {.name = "softmax",
                              .backward_reads = READS_OUTPUT,
                              .in_place = true,
                              .in_place_backward = true,
                              .forward = softmax_forward,
                              .backward = softmax_backward};

Node *softmax(Graph *g, Node *x)
{
    check_rows("softmax", x);
    return node_new(g, &op_softmax, x->shape, NODES(x), NULL, 0);
}
