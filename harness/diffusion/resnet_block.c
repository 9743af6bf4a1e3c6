/* Convolutional pieces of U-Net and VAE. */
#include "harness/diffusion/blocks.h"

/* ---- ResnetBlock2D ---- */

void resnet_weights(WeightSet *set, const char *name, const ResnetSpec *spec)
{
    weights_need_norm(set, NAME("%s.norm1", name), spec->in);
    weights_need_conv(set, NAME("%s.conv1", name), spec->in, spec->out, 3, true);
    if (spec->time_width) weights_need_linear(set, NAME("%s.time_emb_proj", name), spec->time_width, spec->out, true);
    weights_need_norm(set, NAME("%s.norm2", name), spec->out);
    weights_need_conv(set, NAME("%s.conv2", name), spec->out, spec->out, 3, true);
    if (spec->in != spec->out) weights_need_conv(set, NAME("%s.conv_shortcut", name), spec->in, spec->out, 1, true);
}

/* conv1 and what the time adds. One time for all images is the convolution's bias; otherwise every image has its own. */
static Node *first_conv(Graph *g, const WeightSet *set, const char *name, Node *x, Node *time)
{
    const ConvOptions same = {.padding = 1};
    if (!time) return conv_layer(g, set, NAME("%s.conv1", name), x, same);
    Node *weight = weights_node(g, set, NAME("%s.conv1.weight", name));
    const Shape t = node_shape(time);
    if (t.dim[0] == 1) return conv2d(g, x, weight, reshape(g, time, shape(t.dim[1])), same);
    return add(g, conv2d(g, x, weight, NULL, same), reshape(g, time, shape(t.dim[0], 1, 1, t.dim[1])));
}

Node *resnet_block(Graph *g, const WeightSet *set, const char *name, const ResnetSpec *spec, Node *x, Node *time)
{
    Node *h = silu(g, group_norm_layer(g, set, NAME("%s.norm1", name), x, spec->groups, spec->eps));
    h = first_conv(g, set, name, h, time);
    h = silu(g, group_norm_layer(g, set, NAME("%s.norm2", name), h, spec->groups, spec->eps));
    h = conv_layer(g, set, NAME("%s.conv2", name), h, (ConvOptions){.padding = 1});
    if (spec->in != spec->out) x = conv_layer(g, set, NAME("%s.conv_shortcut", name), x, (ConvOptions){0});
    return add(g, x, h);
}

Node *resnet_time(Graph *g, const WeightSet *set, const char *name, Node *activated)
{
    Node *time = linear_layer(g, set, NAME("%s.time_emb_proj", name), activated);
    return add(g, time, weights_node(g, set, NAME("%s.conv1.bias", name)));
}

/* ---- Downsample2D, Upsample2D ---- */

Node *downsample_block(Graph *g, const WeightSet *set, const char *name, Node *x, size_t padding)
{
    const ConvOptions around = {.stride = 2, .padding = 1}, behind = {.stride = 2, .behind = 1};
    return conv_layer(g, set, NAME("%s.conv", name), x, padding ? around : behind);
}

Node *upsample_block(Graph *g, const WeightSet *set, const char *name, Node *x, size_t height, size_t width)
{
    x = upsample_nearest(g, x, 2);
    /* An odd skip connection: nearest neighbours of 2 n - 1 places are those of 2 n without the last. */
    if (node_shape(x).dim[1] != height) x = slice(g, x, 1, 0, height);
    if (node_shape(x).dim[2] != width) x = slice(g, x, 2, 0, width);
    return conv_layer(g, set, NAME("%s.conv", name), x, (ConvOptions){.padding = 1});
}
