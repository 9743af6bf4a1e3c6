/* Attention in U-Net (Transformer2DModel) and VAE. A feature map [B, H, W, C] is a sequence [B, H W, C] of its own pixels. */
#include "harness/diffusion/blocks.h"

enum { FEED_FORWARD = 4 };            /* times as wide inside */
static const float group_eps = 1e-6f; /* of Transformer2DModel's norm, whatever the configuration's */

/* ---- weights ---- */

static void attention_weights(WeightSet *set, const char *name, size_t channels, size_t text_width)
{
    weights_need_linear(set, NAME("%s.to_q", name), channels, channels, false);
    weights_need_linear(set, NAME("%s.to_k", name), text_width, channels, false);
    weights_need_linear(set, NAME("%s.to_v", name), text_width, channels, false);
    weights_need_linear(set, NAME("%s.to_out.0", name), channels, channels, true);
}

static void block_weights(WeightSet *set, const char *name, const TransformerSpec *spec)
{
    const size_t c = spec->channels;
    weights_need_norm(set, NAME("%s.norm1", name), c);
    attention_weights(set, NAME("%s.attn1", name), c, spec->only_cross ? spec->text_width : c);
    weights_need_norm(set, NAME("%s.norm2", name), c);
    attention_weights(set, NAME("%s.attn2", name), c, spec->text_width);
    weights_need_norm(set, NAME("%s.norm3", name), c);
    weights_need_linear(set, NAME("%s.ff.net.0.proj", name), c, 2 * FEED_FORWARD * c, true);
    weights_need_linear(set, NAME("%s.ff.net.2", name), FEED_FORWARD * c, c, true);
}

static void projection_weights(WeightSet *set, const char *name, const TransformerSpec *spec)
{
    if (spec->linear_projection)
        weights_need_linear(set, name, spec->channels, spec->channels, true);
    else
        weights_need_conv(set, name, spec->channels, spec->channels, 1, true);
}

void transformer_weights(WeightSet *set, const char *name, const TransformerSpec *spec)
{
    weights_need_norm(set, NAME("%s.norm", name), spec->channels);
    projection_weights(set, NAME("%s.proj_in", name), spec);
    for (size_t i = 0; i < spec->depth; i++) block_weights(set, NAME("%s.transformer_blocks.%zu", name, i), spec);
    projection_weights(set, NAME("%s.proj_out", name), spec);
}

size_t transformer_crosses(const TransformerSpec *spec)
{
    return spec->depth * (spec->only_cross ? 2 : 1);
}

/* ---- once a prompt ---- */

static Node **keys_and_values(Graph *g, const WeightSet *set, const char *attention_name, Node *hidden, Node **texts)
{
    *texts++ = linear_layer(g, set, NAME("%s.to_k", attention_name), hidden);
    *texts++ = linear_layer(g, set, NAME("%s.to_v", attention_name), hidden);
    return texts;
}

void transformer_texts(Graph *g, const WeightSet *set, const char *name, const TransformerSpec *spec, Node *hidden,
                       Node **texts)
{
    for (size_t i = 0; i < spec->depth; i++) {
        const Name block = name_of("%s.transformer_blocks.%zu", name, i);
        if (spec->only_cross) texts = keys_and_values(g, set, NAME("%s.attn1", block.text), hidden, texts);
        texts = keys_and_values(g, set, NAME("%s.attn2", block.text), hidden, texts);
    }
}

/* ---- once a step ---- */

/* x [B, T, C] attends to keys and values, or to itself when they are NULL. */
static Node *attend(Graph *g, const WeightSet *set, const char *name, size_t heads, Node *x, Node *const *texts)
{
    Node *q = linear_layer(g, set, NAME("%s.to_q", name), x);
    Node *k = texts ? texts[0] : linear_layer(g, set, NAME("%s.to_k", name), x);
    Node *v = texts ? texts[1] : linear_layer(g, set, NAME("%s.to_v", name), x);
    return linear_layer(g, set, NAME("%s.to_out.0", name), attention(g, q, k, v, (int)heads, ATTEND_ALL));
}

/* BasicTransformerBlock. `texts` begins with this block's first cross attention. */
static Node *transformer_block(Graph *g, const WeightSet *set, const char *name, const TransformerSpec *spec, Node *x,
                               Node *const *texts)
{
    Node *const *first = spec->only_cross ? texts : NULL, *const *second = spec->only_cross ? texts + 2 : texts;
    Node *h = layer_norm_layer(g, set, NAME("%s.norm1", name), x);
    x = add(g, x, attend(g, set, NAME("%s.attn1", name), spec->heads, h, first));
    h = layer_norm_layer(g, set, NAME("%s.norm2", name), x);
    x = add(g, x, attend(g, set, NAME("%s.attn2", name), spec->heads, h, second));
    h = layer_norm_layer(g, set, NAME("%s.norm3", name), x);
    h = geglu(g, linear_layer(g, set, NAME("%s.ff.net.0.proj", name), h));
    return add(g, x, linear_layer(g, set, NAME("%s.ff.net.2", name), h));
}

/* A linear layer, or a 1x1 convolution: the same numbers in another shape. */
static Node *projection(Graph *g, const WeightSet *set, const char *name, const TransformerSpec *spec, Node *x)
{
    return spec->linear_projection ? linear_layer(g, set, name, x) : conv_layer(g, set, name, x, (ConvOptions){0});
}

Node *transformer(Graph *g, const WeightSet *set, const char *name, const TransformerSpec *spec, Node *x,
                  Node *const *texts)
{
    const Shape s = node_shape(x);
    Node *h = group_norm_layer(g, set, NAME("%s.norm", name), x, spec->groups, group_eps);
    h = projection(g, set, NAME("%s.proj_in", name), spec, h);
    h = reshape(g, h, shape(s.dim[0], s.dim[1] * s.dim[2], s.dim[3]));
    for (size_t i = 0; i < spec->depth; i++) {
        h = transformer_block(g, set, NAME("%s.transformer_blocks.%zu", name, i), spec, h, texts);
        texts += 2 * transformer_crosses(spec) / spec->depth;
    }
    h = projection(g, set, NAME("%s.proj_out", name), spec, reshape(g, h, s));
    return add(g, x, h);
}

/* ---- the VAE's ---- */

void pixel_attention_weights(WeightSet *set, const char *name, size_t channels)
{
    weights_need_norm(set, NAME("%s.group_norm", name), channels);
    weights_need_linear(set, NAME("%s.to_q", name), channels, channels, true);
    weights_need_linear(set, NAME("%s.to_k", name), channels, channels, true);
    weights_need_linear(set, NAME("%s.to_v", name), channels, channels, true);
    weights_need_linear(set, NAME("%s.to_out.0", name), channels, channels, true);
}

Node *pixel_attention(Graph *g, const WeightSet *set, const char *name, Node *x, size_t groups, float eps)
{
    const Shape s = node_shape(x);
    const Shape sequence = shape(s.dim[0], s.dim[1] * s.dim[2], s.dim[3]);
    Node *h = group_norm_layer(g, set, NAME("%s.group_norm", name), x, groups, eps);
    h = attend(g, set, name, 1, reshape(g, h, sequence), NULL);
    return reshape(g, add(g, reshape(g, x, sequence), h), s);
}
