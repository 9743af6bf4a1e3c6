/* CLIP's ModifiedResNet (Radford et al. 2021, clip/model.py): a stem of three 3x3 convolutions and an average pool,
 * bottlenecks whose stride is an average pool, and an attention pool whose only query is the mean of the feature map. */
#include "harness/clip/block.h"
#include "harness/clip/image_tower.h"

#include <math.h>
#include <stdio.h>

static const float bn_momentum = 0.1f, bn_eps = 1e-5f; /* torch.nn.BatchNorm2d's defaults */

static Parameter *named(const Clip *clip, const char *prefix, const char *layer, const char *part)
{
    char name[128];
    snprintf(name, sizeof name, "visual.%s%s.%s", prefix, layer, part);
    return clip_weight(clip, name);
}

/* A convolution and its batch norm: folded into the convolution's bias, or apart and in training form. */
static Node *conv_norm(Graph *g, const Clip *clip, const char *prefix, const char *conv, const char *bn, Node *x,
                       ConvOptions options)
{
    Node *weight = parameter(g, named(clip, prefix, conv, "weight"));
    if (clip->batch_norm_folded) return conv2d(g, x, weight, parameter(g, named(clip, prefix, conv, "bias")), options);
    return batch_norm(g, conv2d(g, x, weight, NULL, options), parameter(g, named(clip, prefix, bn, "weight")),
                      parameter(g, named(clip, prefix, bn, "bias")), named(clip, prefix, bn, "running_mean")->value,
                      named(clip, prefix, bn, "running_var")->value, bn_momentum, bn_eps);
}

static Node *stem(Graph *g, const Clip *clip, Node *x)
{
    x = relu(g, conv_norm(g, clip, "", "conv1", "bn1", x, (ConvOptions){.stride = 2, .padding = 1}));
    x = relu(g, conv_norm(g, clip, "", "conv2", "bn2", x, (ConvOptions){.padding = 1}));
    x = relu(g, conv_norm(g, clip, "", "conv3", "bn3", x, (ConvOptions){.padding = 1}));
    return average_pool(g, x, 2);
}

static bool has_downsample(const Clip *clip, const char *prefix)
{
    char name[128];
    snprintf(name, sizeof name, "visual.%sdownsample.0.weight", prefix);
    return clip_find_weight(clip, name) != NULL;
}

/* x [B, H, W, Cin] -> [B, H/stride, W/stride, 4 * planes] */
static Node *bottleneck(Graph *g, const Clip *clip, const char *prefix, Node *x, int stride)
{
    Node *y = relu(g, conv_norm(g, clip, prefix, "conv1", "bn1", x, (ConvOptions){0}));
    y = relu(g, conv_norm(g, clip, prefix, "conv2", "bn2", y, (ConvOptions){.padding = 1}));
    if (stride > 1) y = average_pool(g, y, stride);
    y = conv_norm(g, clip, prefix, "conv3", "bn3", y, (ConvOptions){0});
    if (has_downsample(clip, prefix)) {
        if (stride > 1) x = average_pool(g, x, stride);
        x = conv_norm(g, clip, prefix, "downsample.0", "downsample.1", x, (ConvOptions){0});
    }
    return relu(g, add(g, y, x));
}

static Node *feature_map(Graph *g, const Clip *clip, Node *pixels)
{
    const ClipConfig *c = &clip->config;
    Node *x = stem(g, clip, pixels);
    for (size_t stage = 0; stage < c->stages; stage++)
        for (size_t i = 0; i < c->blocks[stage]; i++) {
            char prefix[48];
            snprintf(prefix, sizeof prefix, "layer%zu.%zu.", stage + 1, i);
            x = bottleneck(g, clip, prefix, x, stage > 0 && i == 0 ? 2 : 1);
        }
    return x;
}

static Node *pool_weight(Graph *g, const Clip *clip, const char *projection, const char *part)
{
    return weight_node(g, clip, "visual.attnpool.%s.%s", projection, part);
}

static Node *pool_linear(Graph *g, const Clip *clip, const char *projection, Node *x)
{
    return linear(g, x, pool_weight(g, clip, projection, "weight"), pool_weight(g, clip, projection, "bias"));
}

/* A projection's weight [C, C] by heads: [H, C / H, C]. */
static Node *weight_by_heads(Graph *g, const Clip *clip, const char *projection)
{
    const size_t heads = clip->config.image_heads, width = clip->config.image_width;
    return reshape(g, pool_weight(g, clip, projection, "weight"), shape(heads, width / heads, width));
}

static Node *swap_first_axes(Graph *g, Node *x)
{
    return transpose(g, x, (const int[]){1, 0, 2});
}

/* Attention of one query, the first token, over all tokens [B, T, C] -> [B, C]. Keys and values are never made: with one
 * query it is far less work to take the projections to the other side,
 *   q_h . (K_h x_j + b) = (q_h K_h) . x_j + what no softmax over j sees,     sum_j p_hj (V_h x_j + b) = V_h (sum_j p_hj x_j) + b,
 * which is 2 C^2 + 2 T C H multiply-adds an image in place of 2 T C^2 + 2 T C (RN50: 15 million in place of 419). */
static Node *attend_first(Graph *g, const Clip *clip, Node *tokens)
{
    const Shape s = node_shape(tokens);
    const size_t batch = s.dim[0], width = s.dim[2], heads = clip->config.image_heads, depth = width / heads;
    Node *q = pool_linear(g, clip, "q_proj", reshape(g, slice(g, tokens, 1, 0, 1), shape(batch, width)));
    q = swap_first_axes(g, reshape(g, q, shape(batch, heads, depth)));                    /* [H, B, d] */
    Node *probe = swap_first_axes(g, matmul(g, q, weight_by_heads(g, clip, "k_proj")));   /* [B, H, C] */
    Node *scores = scale(g, matmul_nt(g, probe, tokens), 1 / sqrtf((float)depth));        /* [B, H, T] */
    Node *mean = swap_first_axes(g, matmul(g, softmax(g, scores), tokens));               /* [H, B, C] */
    Node *y = swap_first_axes(g, matmul_nt(g, mean, weight_by_heads(g, clip, "v_proj"))); /* [B, H, d] */
    return add(g, reshape(g, y, shape(batch, width)), pool_weight(g, clip, "v_proj", "bias"));
}

ImageTower resnet_tower(Graph *g, const Clip *clip, Node *pixels, PoolPosition position, bool want_local)
{
    Node *map = feature_map(g, clip, pixels);
    const Shape s = node_shape(map);
    const size_t places = s.dim[1] * s.dim[2];
    ImageTower tower = {.rows = s.dim[1], .columns = s.dim[2]};
    map = reshape(g, map, shape(s.dim[0], places, s.dim[3]));
    Node *parts[] = {reshape(g, mean_axis(g, map, 1), shape(s.dim[0], 1, s.dim[3])), map};
    Node *tokens = concat(g, parts, 2, 1);
    if (position != POOL_POSITION_OFF)
        tokens = add(
            g, tokens,
            positions_for_grid(g, weight_node(g, clip, "visual.attnpool.positional_embedding"), s.dim[1], s.dim[2]));
    tower.global = pool_linear(g, clip, "c_proj", attend_first(g, clip, tokens));
    if (!want_local) return tower;
    Node *places_read = position == POOL_POSITION_ON ? slice(g, tokens, 1, 1, places) : map;
    tower.local = pool_linear(g, clip, "c_proj", pool_linear(g, clip, "v_proj", places_read));
    return tower;
}
