/* Reductions along one axis, of x seen as [outer, length, inner]:
 *   sum_axis, mean_axis   dx = dy repeated (divided by length)
 *   max_axis              dx = dy at the first maximum, else 0     saved: its index, as float bits of an int32
 * and of all elements: sum_of_all, mean_of_all. */
#include "harness/graph/op.h"
#include "harness/graph/ops.h"
#include "harness/graph/parallel.h"
#include "harness/graph/sums.h"

#include <string.h>

enum { COLUMNS = 512 };

typedef struct AxisAttributes {
    size_t outer, length, inner;
    float factor; /* of the sum */
} AxisAttributes;

/* Columns [first, first + count) of one outer index: the unit of work. */
typedef struct Strip {
    size_t outer, first, count;
} Strip;

static size_t strips(const AxisAttributes *a)
{
    return a->outer * ((a->inner + COLUMNS - 1) / COLUMNS);
}

static Strip strip_of(const AxisAttributes *a, size_t index)
{
    const size_t across = (a->inner + COLUMNS - 1) / COLUMNS, first = index % across * COLUMNS;
    return (Strip){index / across, first, a->inner - first < COLUMNS ? a->inner - first : COLUMNS};
}

static void sum_forward(const OpCall *c)
{
    const AxisAttributes *a = c->node->attributes;
    PARALLEL_PIECES(a->outer * a->length * a->inner)
    for (size_t s = 0; s < strips(a); s++) {
        const Strip strip = strip_of(a, s);
        const float *x = c->in[0] + strip.outer * a->length * a->inner + strip.first;
        float *y = c->out + strip.outer * a->inner + strip.first;
        if (a->inner == 1) {
            *y = row_sum(x, a->length) * a->factor;
            continue;
        }
        memset(y, 0, strip.count * sizeof *y);
        for (size_t j = 0; j < a->length; j++)
            for (size_t i = 0; i < strip.count; i++) y[i] += x[j * a->inner + i];
        for (size_t i = 0; i < strip.count; i++) y[i] *= a->factor;
    }
}

static void sum_backward(const OpCall *c)
{
    const AxisAttributes *a = c->node->attributes;
    const float factor = a->factor;
    if (a->inner == 1) { /* one value a row: a division an element would cost more than the rest */
        PARALLEL_PIECES(a->outer * a->length)
        for (size_t row = 0; row < a->outer; row++) {
            const float dy = c->dout[row] * factor;
            float *dx = c->din[0] + row * a->length;
            for (size_t j = 0; j < a->length; j++) dx[j] = dy;
        }
        return;
    }
    PARALLEL_PIECES(a->outer * a->length * a->inner)
    for (size_t row = 0; row < a->outer * a->length; row++) {
        const float *dy = c->dout + row / a->length * a->inner;
        float *dx = c->din[0] + row * a->inner;
        for (size_t i = 0; i < a->inner; i++) dx[i] = dy[i] * factor;
    }
}

static const Op op_sum_axis = {.name = "sum_axis", .forward = sum_forward, .backward = sum_backward};
static const Op op_mean_axis = {.name = "mean_axis", .forward = sum_forward, .backward = sum_backward};

static size_t max_saved(const Node *node)
{
    return shape_size(node->shape);
}

/* Running maximum down a strip, and where it was first met. A NaN is taken as the maximum, as PyTorch takes it. */
static void max_strip(const AxisAttributes *a, size_t count, const float *x, float *y, int32_t *where)
{
    memcpy(y, x, count * sizeof *y);
    if (where) memset(where, 0, count * sizeof *where);
    for (size_t j = 1; j < a->length; j++)
        for (size_t i = 0; i < count; i++) {
            const float value = x[j * a->inner + i];
            const bool larger = value > y[i] || (value != value && y[i] == y[i]);
            y[i] = larger ? value : y[i];
            if (where) where[i] = larger ? (int32_t)j : where[i];
        }
}

static void max_forward(const OpCall *c)
{
    const AxisAttributes *a = c->node->attributes;
    PARALLEL_PIECES(a->outer * a->length * a->inner)
    for (size_t s = 0; s < strips(a); s++) {
        const Strip strip = strip_of(a, s);
        const size_t at = strip.outer * a->inner + strip.first;
        int32_t *where = c->saved ? (int32_t *)(void *)c->saved + at : NULL;
        max_strip(a, strip.count, c->in[0] + strip.outer * a->length * a->inner + strip.first, c->out + at, where);
    }
}

static void max_backward(const OpCall *c)
{
    const AxisAttributes *a = c->node->attributes;
    const int32_t *where = (const int32_t *)(const void *)c->saved;
    PARALLEL_PIECES(a->outer * a->length * a->inner)
    for (size_t row = 0; row < a->outer * a->length; row++) {
        const size_t at = row / a->length * a->inner;
        const int32_t j = (int32_t)(row % a->length);
        float *dx = c->din[0] + row * a->inner;
        for (size_t i = 0; i < a->inner; i++) dx[i] = where[at + i] == j ? c->dout[at + i] : 0;
    }
}

static const Op op_max_axis = {
    .name = "max_axis", .saved = max_saved, .forward = max_forward, .backward = max_backward};

static Node *along_axis(Graph *g, const Op *op, Node *x, int axis)
{
    char text[96];
    Shape s = {.rank = x->shape.rank - 1};
    if (axis < 0) axis += x->shape.rank;
    if (axis < 0 || axis >= x->shape.rank || !x->shape.dim[axis])
        die("%s: %s has no values along axis %d", op->name, shape_text(x->shape, text), axis);
    AxisAttributes a = {.outer = 1, .length = x->shape.dim[axis], .inner = 1, .factor = 1};
    for (int i = 0, o = 0; i < x->shape.rank; i++) {
        if (i == axis) continue;
        s.dim[o++] = x->shape.dim[i];
        *(i < axis ? &a.outer : &a.inner) *= x->shape.dim[i];
    }
    if (op == &op_mean_axis) a.factor = 1.0f / (float)a.length;
    return node_new(g, op, s, NODES(x), &a, sizeof a);
}

Node *sum_axis(Graph *g, Node *x, int axis)
{
    return along_axis(g, &op_sum_axis, x, axis);
}

Node *mean_axis(Graph *g, Node *x, int axis)
{
    return along_axis(g, &op_mean_axis, x, axis);
}

Node *max_axis(Graph *g, Node *x, int axis)
{
    return along_axis(g, &op_max_axis, x, axis);
}

/* ---- all elements ---- */

static void sum_of_all_forward(const OpCall *c)
{
    c->out[0] = (float)(array_sum(c->in[0], shape_size(c->node->in[0]->shape)) * *(const double *)c->node->attributes);
}

static void sum_of_all_backward(const OpCall *c)
{
    const double factor = *(const double *)c->node->attributes;
    array_fill(c->din[0], (float)((double)c->dout[0] * factor), shape_size(c->node->in[0]->shape));
}

static const Op op_sum_of_all = {.name = "sum_of_all", .forward = sum_of_all_forward, .backward = sum_of_all_backward};

Node *sum_of_all(Graph *g, Node *x)
{
    const double factor = 1;
    return node_new(g, &op_sum_of_all, scalar_shape(), NODES(x), &factor, sizeof factor);
}

Node *mean_of_all(Graph *g, Node *x)
{
    const double factor = 1.0 / (double)shape_size(x->shape);
    return node_new(g, &op_sum_of_all, scalar_shape(), NODES(x), &factor, sizeof factor);
}
