/* Local aggregation (methods/DEFINITIONS.md, "Common pieces"):  z_c = sum_j softmax_j(tau s_jc) s_jc,  over the rows j
 * of one image or one caption. Two forms of one kernel: an operator for training on captions, whose lengths differ,
 * and a plain function for scoring images. */
#pragma once

#include "harness/graph/graph.h"

/* Over ragged rows: caption b has rows offsets[b] .. offsets[b+1]-1 of s; rows from offsets[B] on count for nothing and get
 * gradient 0.   s [R, N]   offsets [B + 1] indices, ascending, at most R   -> z [B, N]; 0 for a caption without rows.
 * Backward, with p the softmax:  ds_jc = dz_c p_jc (1 + tau (s_jc - z_c)). */
Node *ragged_aggregate(Graph *g, Node *s, Node *offsets, float tau);

/* One image: s [rows, classes] -> z [classes]. scratch [2 * classes]. When `weights` [rows, classes] is not NULL the softmax
 * is left there. */
void aggregate_rows(const float *s, size_t rows, size_t classes, float tau, float *z, float *weights, float *scratch);
