/* y[rows, out] = epilogue(x[rows, in] W[out, in]^T) with a weight that never changes, prepared once: by panels of our own
 * where the weight is large (panel_linear_suits), by oneDNN's inner product otherwise. For linear and 1x1 convolutions. */
#pragma once

#include "harness/graph/panel_linear.h"

typedef struct FrozenLinear { /* one of them; both NULL: not made */
    PanelLinear *panels;
    LinearKernel *onednn;
} FrozenLinear;

bool frozen_linear_make(FrozenLinear *l, size_t rows, size_t in, size_t out, Epilogue epilogue, const float *weight,
                        Error *err);
bool frozen_linear_is_made(const FrozenLinear *l);
/* bias and residual are read only where the epilogue has them; residual must not be y. */
void frozen_linear_run(const FrozenLinear *l, const float *x, const float *bias, const float *residual, float *y,
                       float *scratch);
size_t frozen_linear_scratch(const FrozenLinear *l); /* floats; 0 when not made */
size_t frozen_linear_bytes(const FrozenLinear *l);   /* of the weight as it is kept */
void frozen_linear_free(FrozenLinear *l);
