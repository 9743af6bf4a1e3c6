/* Every operator's builder. Shapes in brackets; letters: B batch, T tokens, H height, W width, C channels, D width.
 * Each operator's mathematics and backward stand in its own file (op_*.c). */
#pragma once

#include "harness/graph/graph.h"

/* ---- products (op_matmul.c, op_conv.c) ---- */

/* y = x weight^T + bias.   x [..., in]   weight [out, in] (as checkpoints have it)   bias [out] or NULL   y [..., out] */
Node *linear(Graph *g, Node *x, Node *weight, Node *bias);
/* Batched products over equal leading dimensions; b may have fewer leading dimensions of the trailing ones, or none, and
 * then serves every batch.   matmul: a [..., m, k] b [..., k, n];  matmul_nt: b [..., n, k];  matmul_tn: a [..., k, m]. */
Node *matmul(Graph *g, Node *a, Node *b);
Node *matmul_nt(Graph *g, Node *a, Node *b);
Node *matmul_tn(Graph *g, Node *a, Node *b);

typedef struct ConvOptions {
    int stride;  /* 0 means 1 */
    int padding; /* zeros on every side */
    int behind;  /* more zeros, below and to the right only (the down-sampling of AutoencoderKL's encoder) */
} ConvOptions;
/* x [B, H, W, Cin]   weight [Cout, Cin, kh, kw] (as checkpoints have it)   bias [Cout] or NULL   y [B, H', W', Cout] */
Node *conv2d(Graph *g, Node *x, Node *weight, Node *bias, ConvOptions options);

/* ---- elementwise (op_elementwise.c, op_activation.c, op_geglu.c, op_dropout.c) ---- */

/* NumPy broadcasting: shapes are aligned at the right, a dimension of 1 or a missing one repeats. */
Node *add(Graph *g, Node *a, Node *b);
Node *subtract(Graph *g, Node *a, Node *b);
Node *mul(Graph *g, Node *a, Node *b);
Node *scale(Graph *g, Node *x, float factor);
Node *exponential(Graph *g, Node *x);
Node *clamp(Graph *g, Node *x, float low, float high); /* gradient 0 outside */

Node *relu(Graph *g, Node *x);
Node *gelu(Graph *g, Node *x);       /* x Phi(x), by erf */
Node *gelu_tanh(Graph *g, Node *x);  /* the tanh approximation (Hendrycks and Gimpel 2016) */
Node *quick_gelu(Graph *g, Node *x); /* x sigmoid(1.702 x), OpenAI's CLIP */
Node *silu(Graph *g, Node *x);
Node *sigmoid(Graph *g, Node *x);
Node *geglu(Graph *g, Node *x); /* x [..., 2 D] -> first half times gelu of the second [..., D] */
/* Inverted dropout: values whose uniform number is at least p are kept and divided by 1 - p. Masks are drawn from `random` in
 * row-major order, one uniform an element, at every forward; backward uses the mask of the last forward. p = 0 returns x. */
typedef struct Random Random;
Node *dropout(Graph *g, Node *x, float p, Random *random);

/* ---- normalisation (op_layer_norm.c, op_group_norm.c, op_batch_norm.c, op_row_norm.c) ---- */

/* Over the last axis; gain, bias [D]. */
Node *layer_norm(Graph *g, Node *x, Node *gain, Node *bias, float eps);
/* x [B, H, W, C] or [B, T, C]; statistics over a group's channels and all positions; gain, bias [C] (Wu and He 2018). */
Node *group_norm(Graph *g, Node *x, Node *gain, Node *bias, int groups, float eps);
/* Training form over all axes but the last (Ioffe and Szegedy 2015): batch statistics (biased variance) normalise;
 * running = (1 - momentum) running + momentum batch (unbiased variance), as PyTorch keeps them. running_* are the caller's
 * plain arrays [C], updated at every forward. For inference fold into the convolution (batch_norm_fold). */
Node *batch_norm(Graph *g, Node *x, Node *gain, Node *bias, float *running_mean, float *running_var, float momentum,
                 float eps);
/* weight [Cout, rest] and bias [Cout] such that conv(x, weight') + bias' = batch_norm(conv(x, weight)); in place. */
void batch_norm_fold(float *weight, float *bias, size_t out_channels, size_t rest, const float *gain,
                     const float *shift, const float *mean, const float *var, float eps);
/* x / max(|x|, eps) over the last axis. */
Node *l2_normalise(Graph *g, Node *x, float eps);
Node *softmax(Graph *g, Node *x); /* over the last axis */

/* ---- attention (op_attention.c, op_prefix_attention.c) ---- */

typedef enum AttentionMask { ATTEND_ALL, ATTEND_CAUSAL } AttentionMask;
/* Multi-head attention (Vaswani et al. 2017), scores / sqrt(D / heads), by tiles: never more than a tile of the score
 * matrix is held (running maximum and sum; backward recomputes the tiles).
 *   q [B, Tq, D]   k, v [B, Tk, D]   y [B, Tq, D]
 * ATTEND_CAUSAL: query i sees keys up to i + (Tk - Tq). */
Node *attention(Graph *g, Node *q, Node *k, Node *v, int heads, AttentionMask mask);

/* Causal attention over ragged sequences that share a prefix, computed once for all of them. Sequence s is the prefix
 * followed by rows offsets[s] .. offsets[s+1]-1.
 *   q, k, v [T, D] the sequences' own rows, one after the other   prefix_k, prefix_v [P, D] or NULL   y [T, D]
 * The prefix's own rows attend among themselves with attention(..., ATTEND_CAUSAL). `offsets` [sequences + 1] is copied. */
Node *prefix_attention(Graph *g, Node *q, Node *k, Node *v, Node *prefix_k, Node *prefix_v, int heads,
                       const int32_t *offsets, size_t sequences);

/* Local aggregation (TaI-DPT): z_n = sum_j softmax_j(tau s_jn) s_jn.
 *   s [B, P, N]   lengths [B] indices node: only the first lengths[b] positions count, or NULL for all   z [B, N] */
Node *local_aggregate(Graph *g, Node *s, float tau, Node *lengths);

/* ---- moving data (op_layout.c, op_transpose.c, op_gather.c, op_pool.c) ---- */

Node *reshape(Graph *g, Node *x, Shape s); /* a view */
/* Output axis i is input axis axes[i]. */
Node *transpose(Graph *g, Node *x, const int *axes);
Node *concat(Graph *g, Node *const *parts, int count, int axis);
Node *slice(Graph *g, Node *x, int axis, size_t start, size_t length);
/* x repeated to shape s by NumPy broadcasting, as real values. */
Node *broadcast_to(Graph *g, Node *x, Shape s);
Node *embedding(Graph *g, Node *table, Node *indices); /* table [V, D], indices [...] -> [..., D] */
/* x [B, T, D], position [B] -> [B, D] */
Node *gather_positions(Graph *g, Node *x, Node *positions);
/* x [N, D], rows [M] -> [M, D]; rows may repeat, backward adds up. */
Node *gather_rows(Graph *g, Node *x, Node *rows);
/* kernel x kernel means, stride = kernel; H and W must be multiples. [B, H, W, C] -> [B, H/k, W/k, C] */
Node *average_pool(Graph *g, Node *x, int kernel);
Node *upsample_nearest(Graph *g, Node *x, int factor);

/* ---- reductions and losses (op_reduce.c, op_cross_entropy.c) ---- */

Node *sum_axis(Graph *g, Node *x, int axis);  /* the axis disappears */
Node *mean_axis(Graph *g, Node *x, int axis); /* the axis disappears */
Node *max_axis(Graph *g, Node *x, int axis);  /* the axis disappears; gradient to the first maximum */
Node *sum_of_all(Graph *g, Node *x);          /* scalar */
Node *mean_of_all(Graph *g, Node *x);         /* scalar */
/* Mean over rows of -log softmax(x)[target].  x [..., N], targets indices [...] -> scalar */
Node *cross_entropy(Graph *g, Node *logits, Node *targets);
