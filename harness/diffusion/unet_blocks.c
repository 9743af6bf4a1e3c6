/* The blocks of a U-Net: what they are made of, and their graph. */
#include "harness/diffusion/blocks.h"

#include <stdlib.h>

/* ---- pieces ---- */

static UNetPiece *new_piece(UNetPieces *all, const UNetConfig *k, const UNetBlock *block, const char *name,
                            size_t layer)
{
    all->items = xrealloc(all->items, (all->count + 1) * sizeof *all->items);
    UNetPiece *piece = &all->items[all->count++];
    *piece = (UNetPiece){
        .resnet_name = name_of("%s.resnets.%zu", name, layer),
        .transformer_name = name_of("%s.attentions.%zu", name, layer),
        .resnet = {.out = block->out, .groups = k->groups, .time_width = k->time_width, .eps = k->eps},
        .transformer = {.channels = block->out,
                        .heads = block->heads,
                        .depth = block->depth,
                        .text_width = block->text_width,
                        .groups = k->groups,
                        .only_cross = block->only_cross,
                        .linear_projection = k->linear_projection},
        .attends = block->attends,
    };
    return piece;
}

static void down_pieces(UNetPieces *all, const UNetConfig *k, size_t level)
{
    const UNetBlock *b = &k->down[level];
    for (size_t i = 0; i < b->layers; i++)
        new_piece(all, k, b, NAME("down_blocks.%zu", level), i)->resnet.in = i ? b->out : b->in;
}

/* A residual block, a transformer, and one more residual block. */
static void middle_pieces(UNetPieces *all, const UNetConfig *k)
{
    for (size_t i = 0; i < 2; i++) {
        UNetPiece *piece = new_piece(all, k, &k->middle, "mid_block", i);
        piece->resnet.in = k->middle.in;
        piece->attends = i == 0;
    }
}

/* Every residual block also takes in a skip connection: the outputs of the down path from last to first, of which the last one
 * of a level is what came into it. */
static void up_pieces(UNetPieces *all, const UNetConfig *k, size_t level)
{
    const UNetBlock *b = &k->up[level];
    for (size_t i = 0; i < b->layers; i++) {
        const size_t skip = i + 1 == b->layers ? b->in : b->out;
        new_piece(all, k, b, NAME("up_blocks.%zu", level), i)->resnet.in = (i ? b->out : b->previous) + skip;
    }
}

UNetPieces unet_pieces(const UNetConfig *k)
{
    UNetPieces all = {0};
    for (size_t level = 0; level < k->levels; level++) down_pieces(&all, k, level);
    if (k->has_middle) middle_pieces(&all, k);
    for (size_t level = 0; level < k->levels; level++) up_pieces(&all, k, level);
    return all;
}

size_t unet_residuals(const UNetConfig *k)
{
    const UNetPieces all = unet_pieces(k);
    free(all.items);
    return all.count;
}

size_t unet_crosses(const UNetConfig *k)
{
    const UNetPieces all = unet_pieces(k);
    size_t crosses = 0;
    for (size_t i = 0; i < all.count; i++)
        if (all.items[i].attends) crosses += transformer_crosses(&all.items[i].transformer);
    free(all.items);
    return crosses;
}

/* ---- the prompt's and the time's part ---- */

void unet_text_nodes(Graph *g, const UNet *unet, Node *hidden, Node **texts)
{
    const UNetPieces all = unet_pieces(&unet->config);
    for (size_t i = 0; i < all.count; i++) {
        const UNetPiece *p = &all.items[i];
        if (!p->attends) continue;
        transformer_texts(g, &unet->set, p->transformer_name.text, &p->transformer, hidden, texts);
        texts += 2 * transformer_crosses(&p->transformer);
    }
    free(all.items);
}

void unet_time_nodes(Graph *g, const UNet *unet, Node *waves, Node *condition, Node **times)
{
    const WeightSet *set = &unet->set;
    if (condition) waves = add(g, waves, linear_layer(g, set, "time_embedding.cond_proj", condition));
    Node *time = silu(g, linear_layer(g, set, "time_embedding.linear_1", waves));
    time =
        silu(g, linear_layer(g, set, "time_embedding.linear_2", time)); /* every residual block begins with this silu */
    const UNetPieces all = unet_pieces(&unet->config);
    for (size_t i = 0; i < all.count; i++) times[i] = resnet_time(g, set, all.items[i].resnet_name.text, time);
    free(all.items);
}

/* ---- the step's part ---- */

/* Where a walk through the U-Net stands. */
typedef struct Walk {
    Graph *g;
    const UNet *unet;
    const UNetPiece *piece; /* the next ones */
    Node *const *times, *const *texts;
    Node *skips[LEVELS_MAX * (LAYERS_MAX + 1) + 1];
    size_t skip_count;
} Walk;

static void keep_skip(Walk *w, Node *x)
{
    w->skips[w->skip_count++] = x;
}

/* A residual block and its transformer. */
static Node *next_piece(Walk *w, Node *x)
{
    const UNetPiece *p = w->piece++;
    const WeightSet *set = &w->unet->set;
    x = resnet_block(w->g, set, p->resnet_name.text, &p->resnet, x, *w->times++);
    if (!p->attends) return x;
    x = transformer(w->g, set, p->transformer_name.text, &p->transformer, x, w->texts);
    w->texts += 2 * transformer_crosses(&p->transformer);
    return x;
}

static Node *down_block(Walk *w, size_t level, Node *x)
{
    const UNetConfig *k = &w->unet->config;
    const UNetBlock *b = &k->down[level];
    for (size_t i = 0; i < b->layers; i++) keep_skip(w, x = next_piece(w, x));
    if (!b->resamples) return x;
    x = downsample_block(w->g, &w->unet->set, NAME("down_blocks.%zu.downsamplers.0", level), x, k->downsample_padding);
    keep_skip(w, x);
    return x;
}

static Node *up_block(Walk *w, size_t level, Node *x)
{
    const UNetBlock *b = &w->unet->config.up[level];
    for (size_t i = 0; i < b->layers; i++) {
        Node *parts[] = {x, w->skips[--w->skip_count]};
        x = next_piece(w, concat(w->g, parts, 2, 3));
    }
    if (!b->resamples) return x;
    const Shape skip = node_shape(w->skips[w->skip_count - 1]);
    return upsample_block(w->g, &w->unet->set, NAME("up_blocks.%zu.upsamplers.0", level), x, skip.dim[1], skip.dim[2]);
}

static Node *outer_conv(Walk *w, const char *name, size_t kernel, Node *x)
{
    return conv_layer(w->g, &w->unet->set, name, x, (ConvOptions){.padding = (int)(kernel - 1) / 2});
}

Node *unet_node(Graph *g, const UNet *unet, Node *sample, Node *const *times, Node *const *texts)
{
    const UNetConfig *k = &unet->config;
    const UNetPieces all = unet_pieces(k);
    Walk w = {.g = g, .unet = unet, .piece = all.items, .times = times, .texts = texts};
    Node *x = outer_conv(&w, "conv_in", k->conv_in_kernel, sample);
    keep_skip(&w, x);
    for (size_t level = 0; level < k->levels; level++) x = down_block(&w, level, x);
    for (size_t i = 0; i < (k->has_middle ? 2 : 0); i++) x = next_piece(&w, x);
    for (size_t level = 0; level < k->levels; level++) x = up_block(&w, level, x);
    free(all.items);
    x = silu(g, group_norm_layer(g, &unet->set, "conv_norm_out", x, k->groups, k->eps));
    return outer_conv(&w, "conv_out", k->conv_out_kernel, x);
}
