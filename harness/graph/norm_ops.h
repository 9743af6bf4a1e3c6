/* What fuse.c needs to know of normalisations: the activation behind one may be melted into it. */
#pragma once

#include "harness/graph/op.h"

typedef struct BatchNormAttributes {
    float *running_mean, *running_var; /* [C], the caller's */
    float momentum, eps;
    bool relu; /* y = max(0, batch_norm(x)) */
} BatchNormAttributes;

typedef struct GroupNormAttributes {
    size_t groups;
    float eps;
    bool silu; /* y = silu(group_norm(x)); only in graphs without loss, backward does not know of it */
} GroupNormAttributes;

extern const Op op_batch_norm, op_group_norm;
