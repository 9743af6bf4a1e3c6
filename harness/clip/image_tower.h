/* The two image towers behind clip_image_tower, and what they share. */
#pragma once

#include "harness/clip/clip.h"

ImageTower vit_tower(Graph *g, const Clip *clip, Node *pixels, bool want_local);
ImageTower resnet_tower(Graph *g, const Clip *clip, Node *pixels, PoolPosition position, bool want_local);

/* A positional embedding [1 + side^2, W] for a grid of rows x columns: -> [1 + rows * columns, W]. The first entry (class
 * token, mean token) stays; the grid is interpolated bicubically as torch's interpolate does it (a = -0.75, corners not
 * aligned, no antialiasing), which is transformers' interpolate_pos_encoding. A grid that fits already is returned as it is. */
Node *positions_for_grid(Graph *g, Node *table, size_t rows, size_t columns);
