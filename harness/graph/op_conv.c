/* The operator conv2d: which of three ways computes a shape, what each prepares once (packed or transformed weights),
 * and forward and backward along the way that was chosen. */
#include "harness/graph/epilogue.h"
#include "harness/graph/frozen_linear.h"
#include "harness/graph/product_attributes.h"
#include "harness/graph/winograd.h"

#include <stdlib.h>

/* Convolution:  y[b,i,j,o] = sum over u, v, c of x[b, i*stride + u - padding, j*stride + v - padding, c] W[o,c,u,v] + bias[o]
 *   x [B, H, W, Cin]   W [Cout, Cin, kh, kw]   bias [Cout]   y [B, H', W', Cout]   H' = (H + 2 padding + behind - kh) / stride + 1
 * Backward: dx is the transposed convolution of dy, dW correlates x with dy, dbias sums dy over all pixels.
 *
 * How a shape is computed is a fixed rule (conv_way; figures in NOTES.md), so that the same machine gives the same bits.
 * Epilogues beyond the bias exist only in graphs without loss (fuse.c), so that backward never sees them. */

typedef enum ConvWay {
    CONV_DIRECT,    /* oneDNN */
    CONV_AS_LINEAR, /* 1x1, stride 1: a matrix product over pixels */
    CONV_WINOGRAD   /* 3x3, stride 1, padding 1 */
} ConvWay;

typedef struct ConvState {
    ConvWay way;
    FrozenLinear linear; /* 1x1 with frozen weights */
    ConvKernel *forward, *backward_data, *backward_weights;
    Winograd *winograd, *winograd_back;
    bool trained; /* weights change between runs */
} ConvState;

static ConvShape conv_shape(const Node *node)
{
    const ConvAttributes *a = node->attributes;
    const Shape x = node->in[0]->shape, w = node->in[1]->shape;
    return (ConvShape){
        .batch = x.dim[0],
        .height = x.dim[1],
        .width = x.dim[2],
        .in = w.dim[1],
        .out = w.dim[0],
        .kernel_h = w.dim[2],
        .kernel_w = w.dim[3],
        .stride = (size_t)a->options.stride,
        .padding = (size_t)a->options.padding,
        .behind = (size_t)a->options.behind,
    };
}

static size_t conv_pixels(const Node *node)
{
    return node->shape.dim[0] * node->shape.dim[1] * node->shape.dim[2];
}

static Epilogue conv_epilogue(const Node *node)
{
    return ((const ConvAttributes *)node->attributes)->epilogue;
}

static ConvWay conv_way(const ConvShape *s, Arithmetic arithmetic)
{
    if (s->kernel_h == 1 && s->kernel_w == 1 && s->stride == 1 && s->padding == 0 && !s->behind) return CONV_AS_LINEAR;
    return winograd_suits(s) && !arithmetic.exact ? CONV_WINOGRAD : CONV_DIRECT;
}

/* The graph asks after conv_prepare. */
static size_t conv_scratch(const Node *node, bool backward)
{
    const ConvState *state = node->state;
    const Winograd *w = backward ? state->winograd_back : state->winograd;
    const size_t product = backward ? 0 : frozen_linear_scratch(&state->linear);
    const size_t transform = w ? winograd_scratch(w) : product;
    const size_t sums = backward && conv_epilogue(node).bias ? column_sums_scratch(node->shape.dim[3]) : 0;
    return transform > sums ? transform : sums;
}

static bool prepare_forward(const Node *node, ConvState *state, const ConvShape *s, const float *weight, Error *err)
{
    const Epilogue e = conv_epilogue(node);
    switch (state->way) {
    case CONV_AS_LINEAR:
        return !weight || frozen_linear_make(&state->linear, conv_pixels(node), s->in, s->out, e, weight, err);
    case CONV_WINOGRAD:
        state->winograd = winograd_new(*s, CONV_FORWARD, weight, err);
        return state->winograd != NULL;
    case CONV_DIRECT:
        state->forward = onednn_conv_new(*s, CONV_FORWARD, e, weight, err);
        return state->forward != NULL;
    }
    return false;
}

static bool prepare_backward(const Node *node, ConvState *state, const ConvShape *s, const float *weight, Error *err)
{
    if (state->way == CONV_AS_LINEAR) return true;
    if (node->in[0]->needs_gradient && state->way == CONV_WINOGRAD) {
        state->winograd_back = winograd_new(*s, CONV_BACKWARD_DATA, weight, err);
        if (!state->winograd_back) return false;
    } else if (node->in[0]->needs_gradient) {
        state->backward_data = onednn_conv_new(*s, CONV_BACKWARD_DATA, (Epilogue){0}, weight, err);
        if (!state->backward_data) return false;
    }
    if (node->in[1]->needs_gradient) {
        state->backward_weights = onednn_conv_new(*s, CONV_BACKWARD_WEIGHTS, (Epilogue){0}, NULL, err);
        if (!state->backward_weights) return false;
    }
    return true;
}

static bool conv_prepare(Node *node, Arithmetic arithmetic, Error *err)
{
    const ConvShape s = conv_shape(node);
    const float *weight = node->in[1]->is_frozen ? node->in[1]->value : NULL;
    ConvState *state = xcalloc(1, sizeof *state);
    node->state = state;
    state->trained = weight == NULL;
    state->way = conv_way(&s, arithmetic);
    return prepare_forward(node, state, &s, weight, err) && prepare_backward(node, state, &s, weight, err);
}

static void conv_release(Node *node)
{
    ConvState *state = node->state;
    if (!state) return;
    frozen_linear_free(&state->linear);
    onednn_conv_free(state->forward);
    onednn_conv_free(state->backward_data);
    onednn_conv_free(state->backward_weights);
    winograd_free(state->winograd);
    winograd_free(state->winograd_back);
    free(state);
    node->state = NULL;
}

static void conv_forward(const OpCall *c)
{
    const ConvState *state = c->node->state;
    const ConvShape s = conv_shape(c->node);
    const Epilogue e = conv_epilogue(c->node);
    const float *bias = e.bias ? c->in[2] : NULL, *residual = e.residual ? c->in[2 + e.bias] : NULL;
    const size_t pixels = conv_pixels(c->node);
    if (frozen_linear_is_made(&state->linear)) {
        frozen_linear_run(&state->linear, c->in[0], bias, residual, c->out, c->scratch);
    } else if (state->way == CONV_AS_LINEAR) {
        onednn_sgemm(false, true, pixels, s.out, s.in, 1, c->in[0], s.in, c->in[1], s.in, 0, c->out, s.out);
        epilogue_rows(e, pixels, s.out, bias, residual, c->out);
    } else if (state->way == CONV_WINOGRAD) {
        if (state->trained) winograd_set_weights(state->winograd, c->in[1]);
        winograd_run(state->winograd, e, c->in[0], bias, residual, c->out, c->scratch);
    } else {
        onednn_conv_run(
            state->forward,
            &(ConvCall){.x = c->in[0], .weight = c->in[1], .bias = bias, .residual = residual, .out = c->out});
    }
}

static void conv_backward_linear(const OpCall *c, const ConvShape *s)
{
    const size_t pixels = conv_pixels(c->node);
    if (c->din[0])
        onednn_sgemm(false, false, pixels, s->in, s->out, 1, c->dout, s->out, c->in[1], s->in, 0, c->din[0], s->in);
    if (c->din[1])
        onednn_sgemm(true, false, s->out, s->in, pixels, 1, c->dout, s->out, c->in[0], s->in, 0, c->din[1], s->in);
}

static void conv_backward(const OpCall *c)
{
    const ConvState *state = c->node->state;
    const ConvShape s = conv_shape(c->node);
    if (c->din[2]) column_sums(conv_pixels(c->node), s.out, c->dout, c->din[2], c->scratch);
    if (state->way == CONV_AS_LINEAR) {
        conv_backward_linear(c, &s);
        return;
    }
    if (c->din[0] && state->winograd_back) {
        if (state->trained) winograd_set_weights(state->winograd_back, c->in[1]);
        winograd_run(state->winograd_back, (Epilogue){0}, c->dout, NULL, NULL, c->din[0], c->scratch);
    } else if (c->din[0])
        onednn_conv_run(state->backward_data, &(ConvCall){.dy = c->dout, .weight = c->in[1], .out = c->din[0]});
    if (c->din[1])
        onednn_conv_run(state->backward_weights, &(ConvCall){.x = c->in[0], .dy = c->dout, .out = c->din[1]});
}

static double conv_flop(const Node *node, bool backward)
{
    const ConvShape s = conv_shape(node);
    const double product = 2.0 * (double)conv_pixels(node) * (double)(s.in * s.out * s.kernel_h * s.kernel_w);
    return backward ? product * (node->in[0]->needs_gradient + node->in[1]->needs_gradient) : product;
}

static size_t conv_packed_bytes(const Node *node)
{
    const ConvState *state = node->state;
    size_t bytes = frozen_linear_bytes(&state->linear);
    if (state->forward) bytes += onednn_conv_bytes(state->forward);
    if (state->backward_data) bytes += onednn_conv_bytes(state->backward_data);
    if (state->winograd) bytes += winograd_bytes(state->winograd);
    if (state->winograd_back) bytes += winograd_bytes(state->winograd_back);
    return bytes;
}

const Op op_conv2d = {
    .name = "conv2d",
    .backward_reads = READS_INPUT(0) | READS_INPUT(1),
    .scratch = conv_scratch,
    .packs = READS_INPUT(1),
    .prepare = conv_prepare,
    .release = conv_release,
    .forward = conv_forward,
    .backward = conv_backward,
    .flop = conv_flop,
    .packed_bytes = conv_packed_bytes,
};

Node *conv2d(Graph *g, Node *x, Node *weight, Node *bias, ConvOptions options)
{
    char text[2][96];
    const Shape xs = x->shape, w = weight->shape;
    if (options.stride == 0) options.stride = 1;
    if (options.stride < 0 || options.padding < 0 || options.behind < 0) die("conv2d: stride or padding is negative");
    const size_t stride = (size_t)options.stride, border = 2 * (size_t)options.padding + (size_t)options.behind;
    if (xs.rank != 4 || w.rank != 4 || xs.dim[3] != w.dim[1] || xs.dim[1] + border < w.dim[2] ||
        xs.dim[2] + border < w.dim[3])
        die("conv2d: x %s does not fit weight %s", shape_text(xs, text[0]), shape_text(w, text[1]));
    if (bias && !shape_equal(bias->shape, shape(w.dim[0])))
        die("conv2d: bias %s does not fit weight %s", shape_text(bias->shape, text[0]), shape_text(w, text[1]));
    const Shape y = shape(xs.dim[0], (xs.dim[1] + border - w.dim[2]) / stride + 1,
                          (xs.dim[2] + border - w.dim[3]) / stride + 1, w.dim[0]);
    const ConvAttributes attributes = {.options = options, .epilogue = {.bias = bias != NULL}};
    return node_new(g, &op_conv2d, y, NODES(x, weight, bias), &attributes, sizeof attributes);
}
