/* CLIP's vision transformer (Dosovitskiy et al. 2021; Radford et al. 2021): patches by a strided convolution, a class token
 * in front, positions, a layer norm before the blocks. Global feature: the class token after the last layer norm, projected;
 * local features: the patch tokens in the same way. */
#include "harness/clip/block.h"
#include "harness/clip/image_tower.h"

static Node *norm(Graph *g, const Clip *clip, const char *name, Node *x)
{
    return layer_norm(g, x, weight_node(g, clip, "visual.%s.weight", name),
                      weight_node(g, clip, "visual.%s.bias", name), clip->config.layer_norm_eps);
}

/* The last block for the class token alone: keys and values of all tokens, the rest of one. -> [B, 1, W] */
static Node *class_token_block(Graph *g, const Block *b, Node *x)
{
    Node *h = block_begin(g, b, x);
    Node *q = linear(g, slice(g, h, 1, 0, 1), b->q_weight, b->q_bias);
    Node *k = linear(g, h, b->k_weight, b->k_bias);
    Node *v = linear(g, h, b->v_weight, b->v_bias);
    return block_end(g, b, slice(g, x, 1, 0, 1), attention(g, q, k, v, b->heads, ATTEND_ALL));
}

/* Class token and patches with their positions, normalised: [B, 1 + rows * columns, W]. */
static Node *tokens_of(Graph *g, const Clip *clip, Node *pixels, size_t *rows, size_t *columns)
{
    const ClipConfig *c = &clip->config;
    Node *map =
        conv2d(g, pixels, weight_node(g, clip, "visual.conv1.weight"), NULL, (ConvOptions){.stride = (int)c->patch});
    const Shape s = node_shape(map);
    *rows = s.dim[1];
    *columns = s.dim[2];
    Node *token = reshape(g, weight_node(g, clip, "visual.class_embedding"), shape(1, 1, c->image_width));
    Node *parts[] = {broadcast_to(g, token, shape(s.dim[0], 1, c->image_width)),
                     reshape(g, map, shape(s.dim[0], s.dim[1] * s.dim[2], c->image_width))};
    Node *positions = positions_for_grid(g, weight_node(g, clip, "visual.positional_embedding"), *rows, *columns);
    return norm(g, clip, "ln_pre", add(g, concat(g, parts, 2, 1), positions));
}

ImageTower vit_tower(Graph *g, const Clip *clip, Node *pixels, bool want_local)
{
    const ClipConfig *c = &clip->config;
    const size_t batch = node_shape(pixels).dim[0];
    ImageTower tower = {0};
    Node *x = tokens_of(g, clip, pixels, &tower.rows, &tower.columns);
    for (size_t layer = 0; layer < c->image_layers; layer++) {
        const Block b = block_of(g, clip, "visual.", layer);
        const bool is_cut = !want_local && layer + 1 == c->image_layers;
        x = is_cut ? class_token_block(g, &b, x) : residual_block(g, &b, x, ATTEND_ALL);
    }
    Node *projection = weight_node(g, clip, "visual.proj"); /* [W, D] */
    const size_t tokens = node_shape(x).dim[1];
    Node *features = matmul(g, norm(g, clip, "ln_post", x), projection);
    Node *first = want_local ? slice(g, features, 1, 0, 1) : features;
    tower.global = reshape(g, first, shape(batch, c->embed));
    if (want_local) tower.local = slice(g, features, 1, 1, tokens - 1);
    return tower;
}
