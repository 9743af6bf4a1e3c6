/* What U-Net and VAE are built of. Every piece has two functions side by side: which weights it needs, and its graph.
 * Inside harness/diffusion only. */
#pragma once

#include "harness/diffusion/unet.h"
#include "harness/graph/ops.h"

/* ---- resnet_block.c ---- */

/* ResnetBlock2D:  h = conv1(silu(norm1(x))) + time;  y = conv2(silu(norm2(h))) + shortcut(x), a 1x1 convolution where channels
 * change.  x [B, H, W, in] -> [B, H, W, out] */
typedef struct ResnetSpec {
    size_t in, out, groups, time_width; /* time_width 0: none (VAE) */
    float eps;
} ResnetSpec;
void resnet_weights(WeightSet *set, const char *name, const ResnetSpec *spec);
/* time: [1, out] for all images or [B, out], with conv1's bias in it; NULL in a VAE. */
Node *resnet_block(Graph *g, const WeightSet *set, const char *name, const ResnetSpec *spec, Node *x, Node *time);
/* The time's part of a block: activated [R, time_width] -> [R, out], conv1's bias included. */
Node *resnet_time(Graph *g, const WeightSet *set, const char *name, Node *activated);

/* Downsample2D: 3x3, stride 2; padding 1 around, or (0) a row and a column of zeros behind. Upsample2D: every pixel four times
 * (cut to height x width), then 3x3. NAME.conv. */
Node *downsample_block(Graph *g, const WeightSet *set, const char *name, Node *x, size_t padding);
Node *upsample_block(Graph *g, const WeightSet *set, const char *name, Node *x, size_t height, size_t width);

/* ---- transformer_block.c ---- */

typedef struct TransformerSpec {
    size_t channels, heads, depth, text_width, groups;
    bool only_cross, linear_projection;
} TransformerSpec;
void transformer_weights(WeightSet *set, const char *name, const TransformerSpec *spec);
/* Cross attentions in it. */
size_t transformer_crosses(const TransformerSpec *spec);
/* Keys and values of its cross attentions into texts[2 * transformer_crosses]. hidden [B, T, text_width] */
void transformer_texts(Graph *g, const WeightSet *set, const char *name, const TransformerSpec *spec, Node *hidden,
                       Node **texts);
/* Transformer2DModel: x [B, H, W, channels] -> the same shape. */
Node *transformer(Graph *g, const WeightSet *set, const char *name, const TransformerSpec *spec, Node *x,
                  Node *const *texts);

/* The VAE's: one head over all pixels, group norm before, residual. */
void pixel_attention_weights(WeightSet *set, const char *name, size_t channels);
Node *pixel_attention(Graph *g, const WeightSet *set, const char *name, Node *x, size_t groups, float eps);

/* ---- unet_blocks.c ---- */

/* A residual block of a U-Net and the transformer behind it, by name and size. */
typedef struct UNetPiece {
    Name resnet_name, transformer_name;
    ResnetSpec resnet;
    TransformerSpec transformer;
    bool attends; /* the transformer is there */
} UNetPiece;
typedef struct UNetPieces {
    UNetPiece *items;
    size_t count;
} UNetPieces;
/* All pieces in the order in which they run: the one place that knows how diffusers names and sizes them. Caller frees items. */
UNetPieces unet_pieces(const UNetConfig *k);
