/* 3x3 convolutions, stride 1, padding 1, by Winograd's minimal filtering F(4x4, 3x3) (Lavin and Gray, CVPR 2016): a
 * tile of 4x4 outputs takes 36 multiplications a channel pair instead of 144.
 *
 *     Y = At [ sum over channels of (G g Gt) . (Bt d B) ] A
 *
 * with d the 6x6 input tile and g the 3x3 weights. The points of evaluation are 0, +-5/8, +-3/2 and infinity; against the
 * usual 0, +-1, +-2 they halve the rounding error (NOTES.md; below 5e-6 relative rms against direct, tested) at the same cost.
 *
 * Weights are kept transformed while that takes 4 MB at most. Larger ones are kept as they are, as float16 where that keeps
 * every value whole, and transformed before every use; which of it is done moves no bit.
 *
 * NHWC in and out, any height, width and numbers of channels. The backward by data is the same routine with the weights
 * flipped and the channels swapped. Bits do not depend on the number of threads. */
#pragma once

#include "harness/graph/onednn.h"

typedef struct Winograd Winograd;

/* The fixed rule by which conv2d takes it, found by measuring (NOTES.md): 3x3, stride 1, padding 1, at least one vector
 * register of channels on both sides, and some tiles to share the weights' way from memory. Good for both passes. */
bool winograd_suits(const ConvShape *shape);

/* pass: CONV_FORWARD or CONV_BACKWARD_DATA; `shape` is the forward's in both. weight [out, in, 3, 3], or NULL when
 * winograd_set_weights comes before every run (it is being trained). Fails on memory. */
Winograd *winograd_new(ConvShape shape, ConvPass pass, const float *weight, Error *err);
void winograd_set_weights(Winograd *w, const float *weight);
size_t winograd_bytes(const Winograd *w); /* of the weights as they are kept */
void winograd_free(Winograd *w);          /* NULL is allowed */

/* Floats of scratch that a run needs; 64-byte aligned memory is best. */
size_t winograd_scratch(const Winograd *w);
/* x, y as the pass has them (backward: x = dy, y = dx); bias and residual are read only where the epilogue has them. */
void winograd_run(const Winograd *w, Epilogue epilogue, const float *x, const float *bias, const float *residual,
                  float *y, float *scratch);
