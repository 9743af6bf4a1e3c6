/* Class-wise heat maps of an image: m_jc = <x_j, L_c>, w_jc = softmax_j(tau m_jc), and what they pool. In all of them
 * positions [P, D] are one image's local features, class_features [N, D] what they are compared with (local prompts). */
#pragma once

#include "harness/clip/clip.h"

/* m_jc, class by class: maps [N, P], a map's positions in row-major order of the feature map. */
void heat_map_similarity(const float *positions, size_t count, size_t width, const float *class_features,
                         size_t classes, float *maps);
/* w_jc: weights [P, N], a column sums to 1. scratch [(P + 3) N] */
void heat_map(const float *positions, size_t count, size_t width, const float *class_features, size_t classes,
              float tau, float *weights, float *scratch);
/* u = n(sum_j w_jc x_j) of one class c -> [D]; zeros if the sum is. */
void heat_map_pool(const float *positions, size_t count, size_t width, const float *weights, size_t classes, size_t c,
                   float *u);
