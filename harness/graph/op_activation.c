/* Activations: y = f(x), dx = dy f'(x). relu and sigmoid read their output in backward, so that the forward can work in
 * place; the others need x. */
#include "harness/graph/activation_math.h"
#include "harness/graph/activation_ops.h"
#include "harness/graph/ops.h"
#include "harness/graph/parallel.h"

static float relu_slope_from_output(float y)
{
    return y > 0 ? 1.0f : 0.0f;
}

static float sigmoid_slope_from_output(float y)
{
    return y * (1.0f - y);
}

/* `reads` is in[0] or out: what slope() is a function of. */
#define ACTIVATION(NAME, slope, reads, reads_flag)                                                                     \
    static void NAME##_forward(const OpCall *c)                                                                        \
    {                                                                                                                  \
        const size_t n = shape_size(c->node->shape);                                                                   \
        const float *x = c->in[0];                                                                                     \
        float *y = c->out;                                                                                             \
        PARALLEL_FOR(n) for (size_t i = 0; i < n; i++) y[i] = NAME##_of(x[i]);                                         \
    }                                                                                                                  \
    static void NAME##_backward(const OpCall *c)                                                                       \
    {                                                                                                                  \
        const size_t n = shape_size(c->node->shape);                                                                   \
        const float *value = c->reads, *dy = c->dout;                                                                  \
        float *dx = c->din[0];                                                                                         \
        PARALLEL_FOR(n) for (size_t i = 0; i < n; i++) dx[i] = dy[i] * slope(value[i]);                                \
    }                                                                                                                  \
    const Op op_##NAME = {.name = #NAME,                                                                               \
                          .backward_reads = reads_flag,                                                                \
                          .in_place = true,                                                                            \
                          .in_place_backward = true,                                                                   \
                          .forward = NAME##_forward,                                                                   \
                          .backward = NAME##_backward};                                                                \
    Node *NAME(Graph *g, Node *x)                                                                                      \
    {                                                                                                                  \
        return node_new(g, &op_##NAME, x->shape, NODES(x), NULL, 0);                                                   \
    }

ACTIVATION(relu, relu_slope_from_output, out, READS_OUTPUT)
ACTIVATION(sigmoid, sigmoid_slope_from_output, out, READS_OUTPUT)
ACTIVATION(gelu, gelu_slope, in[0], READS_INPUT(0))
ACTIVATION(gelu_tanh, gelu_tanh_slope, in[0], READS_INPUT(0))
ACTIVATION(quick_gelu, quick_gelu_slope, in[0], READS_INPUT(0))
ACTIVATION(silu, silu_slope, in[0], READS_INPUT(0))
