/* Weights become nodes by their names in the checkpoint, and the block's formula reads as in the paper. Rows of a
 * packed weight (q, k, v lie in one array) are taken apart where they lie when it is frozen, and by a slice, which has
 * a gradient, when it learns. */
#include "harness/clip/block.h"

#include <stdarg.h>
#include <stdio.h>

static Parameter *find_weight(const Clip *clip, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static Parameter *find_weight(const Clip *clip, const char *format, va_list arguments)
{
    char name[128];
    const int length = vsnprintf(name, sizeof name, format, arguments);
    if (length < 0 || (size_t)length >= sizeof name) die("a weight's name is too long: %s", name);
    return clip_weight(clip, name);
}

Node *weight_node(Graph *g, const Clip *clip, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    Parameter *weight = find_weight(clip, format, arguments);
    va_end(arguments);
    return parameter(g, weight);
}

Node *weight_rows(Graph *g, Parameter *weight, size_t first, size_t rows)
{
    Shape s = weight->shape;
    if (s.rank == 0 || first + rows > s.dim[0]) die("%s has no rows %zu to %zu", weight->name, first, first + rows);
    if (!weight->frozen) return slice(g, parameter(g, weight), 0, first, rows);
    const size_t row = shape_size(s) / s.dim[0];
    s.dim[0] = rows;
    return constant(g, s, weight->value + first * row);
}

static Node *activate(Graph *g, Node *x, Activation activation)
{
    switch (activation) {
    case ACT_RELU:
        return relu(g, x);
    case ACT_GELU:
        return gelu(g, x);
    case ACT_GELU_TANH:
        return gelu_tanh(g, x);
    case ACT_QUICK_GELU:
        return quick_gelu(g, x);
    case ACT_SILU:
        return silu(g, x);
    case ACT_NONE:
        break;
    }
    return x;
}

static Parameter *block_weight(const Clip *clip, const char *tower, size_t layer, const char *name)
{
    char full[128];
    snprintf(full, sizeof full, "%stransformer.resblocks.%zu.%s", tower, layer, name);
    return clip_weight(clip, full);
}

Block block_of(Graph *g, const Clip *clip, const char *tower, size_t layer)
{
#define WEIGHT(name) parameter(g, block_weight(clip, tower, layer, name))
    const ClipConfig *c = &clip->config;
    const bool is_text = tower[0] == '\0';
    const size_t w = is_text ? c->text_width : c->image_width;
    Parameter *in_weight = block_weight(clip, tower, layer, "attn.in_proj_weight");
    Parameter *in_bias = block_weight(clip, tower, layer, "attn.in_proj_bias");
    return (Block){
        .ln_1_gain = WEIGHT("ln_1.weight"),
        .ln_1_bias = WEIGHT("ln_1.bias"),
        .q_weight = weight_rows(g, in_weight, 0, w),
        .q_bias = weight_rows(g, in_bias, 0, w),
        .k_weight = weight_rows(g, in_weight, w, w),
        .k_bias = weight_rows(g, in_bias, w, w),
        .v_weight = weight_rows(g, in_weight, 2 * w, w),
        .v_bias = weight_rows(g, in_bias, 2 * w, w),
        .out_weight = WEIGHT("attn.out_proj.weight"),
        .out_bias = WEIGHT("attn.out_proj.bias"),
        .ln_2_gain = WEIGHT("ln_2.weight"),
        .ln_2_bias = WEIGHT("ln_2.bias"),
        .fc_weight = WEIGHT("mlp.c_fc.weight"),
        .fc_bias = WEIGHT("mlp.c_fc.bias"),
        .proj_weight = WEIGHT("mlp.c_proj.weight"),
        .proj_bias = WEIGHT("mlp.c_proj.bias"),
        .heads = (int)(is_text ? c->text_heads : c->image_heads),
        .eps = is_text ? c->text_layer_norm_eps : c->layer_norm_eps,
        .activation = is_text ? c->text_activation : c->image_activation,
    };
#undef WEIGHT
}

Node *block_begin(Graph *g, const Block *b, Node *x)
{
    return layer_norm(g, x, b->ln_1_gain, b->ln_1_bias, b->eps);
}

Node *block_end(Graph *g, const Block *b, Node *x, Node *attended)
{
    x = add(g, x, linear(g, attended, b->out_weight, b->out_bias));
    Node *h = layer_norm(g, x, b->ln_2_gain, b->ln_2_bias, b->eps);
    h = activate(g, linear(g, h, b->fc_weight, b->fc_bias), b->activation);
    return add(g, x, linear(g, h, b->proj_weight, b->proj_bias));
}

/* Three products instead of one [3 W, W]: the same work, and no copies to take q, k, v apart. */
Node *residual_block(Graph *g, const Block *b, Node *x, AttentionMask mask)
{
    Node *h = block_begin(g, b, x);
    Node *q = linear(g, h, b->q_weight, b->q_bias);
    Node *k = linear(g, h, b->k_weight, b->k_bias);
    Node *v = linear(g, h, b->v_weight, b->v_bias);
    return block_end(g, b, x, attention(g, q, k, v, b->heads, mask));
}
