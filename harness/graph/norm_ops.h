/* What fuse.c needs to know of batch norm: a relu behind it may be melted into it. */
#pragma once

#include "harness/graph/op.h"

typedef struct BatchNormAttributes {
    float *running_mean, *running_var; /* [C], the caller's */
    float momentum, eps;
    bool relu; /* y = max(0, batch_norm(x)) */
} BatchNormAttributes;

extern const Op op_batch_norm;
