/* Losses of the methods, as operators of the graph (harness/graph/op.h). */
#pragma once

#include "harness/graph/graph.h"

/* Ranking loss (methods.md, "Common pieces"; TaI-DPT, CVPR 2023):
 *     R(z, y) = (1/B) sum_b sum_{i: y_bi = 1} sum_{j: y_bj = 0} max(0, margin - scale z_bi + scale z_bj)
 * Sum over pairs, mean over the batch. z [B, N]   y [B, N] floats: 1 positive, 0 negative, anything else (-1) unknown and in
 * neither sum; no gradient flows to y   -> scalar. A pair exactly at its margin has gradient 0. */
Node *ranking_loss(Graph *g, Node *z, Node *y, float margin, float scale);
