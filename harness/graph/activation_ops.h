/* The activations' table entries, by which fuse.c recognises them. */
#pragma once

#include "harness/graph/op.h"

extern const Op op_relu, op_sigmoid, op_gelu, op_gelu_tanh, op_quick_gelu, op_silu, op_add;
