/* What both transformers are built of: the pre-norm residual block (Radford et al. 2021), and weights as nodes. */
#pragma once

#include "harness/clip/clip.h"
#include "harness/graph/ops.h"

/* The node of a weight by the pieces of its OpenAI name: "visual." "ln_post" ".weight". */
Node *weight_node(Graph *g, const Clip *clip, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Rows first .. first+rows-1 of a weight. Those of a frozen one are a constant of their own, so that products can pack them. */
Node *weight_rows(Graph *g, Parameter *weight, size_t first, size_t rows);

typedef struct Block {
    Node *ln_1_gain, *ln_1_bias;   /* [W] */
    Node *q_weight, *q_bias;       /* [W, W], [W]: the first third of in_proj_weight [3 W, W] */
    Node *k_weight, *k_bias;       /* the second */
    Node *v_weight, *v_bias;       /* the third */
    Node *out_weight, *out_bias;   /* [W, W], [W] */
    Node *ln_2_gain, *ln_2_bias;   /* [W] */
    Node *fc_weight, *fc_bias;     /* [M, W], [M] */
    Node *proj_weight, *proj_bias; /* [W, M], [W] */
    int heads;
    float eps;
    Activation activation;
} Block;

/* Block `layer` of the transformer whose names begin with `tower` ("" or "visual."). */
Block block_of(Graph *g, const Clip *clip, const char *tower, size_t layer);

/* x [B, T, W] -> [B, T, W] */
Node *residual_block(Graph *g, const Block *b, Node *x, AttentionMask mask);

/* The two ends of a block, for those who attend in their own way: normalised input, and everything after attention.
 * x, attended [..., W] */
Node *block_begin(Graph *g, const Block *b, Node *x);
Node *block_end(Graph *g, const Block *b, Node *x, Node *attended);
