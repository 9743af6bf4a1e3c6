/* What the products carry so that fuse.c can give them an epilogue. Inputs of both operators: x, weight, then the bias if
 * epilogue.bias, then the residual (of the output's shape) if epilogue.residual. */
#pragma once

#include "harness/graph/onednn.h"
#include "harness/graph/op.h"
#include "harness/graph/ops.h"

typedef struct LinearAttributes {
    Epilogue epilogue;
} LinearAttributes;

typedef struct ConvAttributes {
    ConvOptions options;
    Epilogue epilogue;
} ConvAttributes;

extern const Op op_linear, op_conv2d;
