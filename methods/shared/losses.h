/* Losses of the methods, as operators of the graph (harness/graph/op.h). */
#pragma once

#include "harness/graph/graph.h"

/* Ranking loss (methods/DEFINITIONS.md, "Common pieces"; TaI-DPT, CVPR 2023):
 *     R(z, y) = (1/B) sum_b sum_{i: y_bi = 1} sum_{j: y_bj = 0} max(0, margin - scale z_bi + scale z_bj)
 * Sum over pairs, mean over the batch. z [B, N]   y [B, N] floats: 1 positive, 0 negative, anything else (-1) unknown and in
 * neither sum; no gradient flows to y   -> scalar. A pair exactly at its margin has gradient 0. */
Node *ranking_loss(Graph *g, Node *z, Node *y, float margin, float scale);

typedef struct AsymmetricLoss {
    float gamma_negative, gamma_positive; /* focus: powers of an entry's own error */
    float clip;                           /* probability below which a negative counts for nothing; in [0, 1) */
    bool focus_gradient; /* false, as published: its weights are constants for the gradient; true: it is the slope */
} AsymmetricLoss;

/* Asymmetric loss (Ridnik et al., ICCV 2021) of logits, as DualCoOp uses it (sunxm2357/DualCoOp, utils/asymmetric_loss.py).
 * With p = sigmoid(x), which of a pair of logits is their softmax when x is their difference, and m = max(0, p - clip):
 *     L(x, y) = - sum_{y_bi = 1} (1 - p)^gamma_positive log p  -  sum_{y_bj = 0} m^gamma_negative log(1 - m)
 * Sum over the batch and its classes, no mean. A probability below 1e-6 counts as 1e-6 inside the logarithm, and then no gradient
 * flows through it. x, y [B, N], y as in ranking_loss: anything but 1 and 0 is in neither sum   -> scalar.
 * dL/dx = -(1 - p)^(gamma_positive + 1) of a positive, m^gamma_negative p (1 - p) / (1 - m) of a negative, without
 * focus_gradient; with it the slopes of the weights are added. */
Node *asymmetric_loss(Graph *g, Node *x, Node *y, AsymmetricLoss form);

/* Softmax cross entropy for several labels an image: the target is spread evenly over its positives,
 *     L(z, y) = -(1/B) sum_b (1/|P_b|) sum_{i in P_b} log( exp(f z_bi) / sum_{j: y_bj known} exp(f z_bj) ),   P_b = {i: y_bi = 1}
 * With one positive it is the loss of CoOp and CLIP-Adapter. z, y [B, N], y as in ranking_loss: unknown classes are not in the
 * softmax; an image without positives adds 0   -> scalar. Gradient by z_bj: f/B (softmax_j - [j in P_b] / |P_b|). */
Node *softmax_loss(Graph *g, Node *z, Node *y, float factor);
