/* Inverted dropout: y = x m, dx = dy m, where m is 1 / (1 - p) if the element's uniform number is at least p, else 0. */
#include "harness/graph/op.h"
#include "harness/graph/ops.h"
#include "harness/graph/parallel.h"
#include "harness/graph/random.h"

typedef struct DropoutAttributes {
    float p;
    Random *random; /* the caller's */
} DropoutAttributes;

static size_t dropout_saved(const Node *node)
{
    return shape_size(node->shape);
}

static size_t dropout_scratch(const Node *node, bool backward)
{
    return backward || node->needs_gradient ? 0 : shape_size(node->shape);
}

static void dropout_forward(const OpCall *c)
{
    const DropoutAttributes *a = c->node->attributes;
    const size_t n = shape_size(c->node->shape);
    const float *x = c->in[0], kept = 1.0f / (1.0f - a->p), p = a->p;
    float *y = c->out, *mask = c->saved ? c->saved : c->scratch;
    random_uniform(a->random, mask, n);
    PARALLEL_FOR(n)
    for (size_t i = 0; i < n; i++) {
        mask[i] = mask[i] >= p ? kept : 0;
        y[i] = x[i] * mask[i];
    }
}

static void dropout_backward(const OpCall *c)
{
    const size_t n = shape_size(c->node->shape);
    const float *dy = c->dout, *mask = c->saved;
    float *dx = c->din[0];
    PARALLEL_FOR(n)
    for (size_t i = 0; i < n; i++) dx[i] = dy[i] * mask[i];
}

static const Op op_dropout = {.name = "dropout",
                              .in_place = true,
                              .in_place_backward = true,
                              .saved = dropout_saved,
                              .scratch = dropout_scratch,
                              .forward = dropout_forward,
                              .backward = dropout_backward};

Node *dropout(Graph *g, Node *x, float p, Random *random)
{
    if (!(p >= 0 && p < 1)) die("dropout: p is %g, it must be at least 0 and below 1", (double)p);
    if (p == 0) return x;
    const DropoutAttributes a = {.p = p, .random = random};
    return node_new(g, &op_dropout, x->shape, NODES(x), &a, sizeof a);
}
