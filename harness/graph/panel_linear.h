/* Linear layers with a large frozen weight, by panels of our own (panels.h): y[rows, out] = epilogue(x[rows, in] W[out, in]^T).
 * oneDNN's packed inner product is at half the machine's rate for some shapes, and keeps float32 (NOTES.md). Here the weight
 * is float16 in memory where that keeps every value whole, and bias, residual and activation are applied to a tile of
 * outputs while it is in the nearest cache.
 *
 * Each output is one sum in the order of `in`: bits depend neither on the threads nor on how the weight is kept. */
#pragma once

#include "harness/graph/onednn.h"

typedef struct PanelLinear PanelLinear;

/* The fixed rule by which linear and 1x1 convolutions take it; smaller weights are oneDNN's. */
bool panel_linear_suits(size_t rows, size_t in, size_t out);

/* weight [out, in] is copied. For a shape that suits. Fails on memory. */
PanelLinear *panel_linear_new(size_t rows, size_t in, size_t out, Epilogue epilogue, const float *weight, Error *err);
/* bias and residual are read only where the epilogue has them; residual must not be y. */
void panel_linear_run(const PanelLinear *l, const float *x, const float *bias, const float *residual, float *y,
                      float *scratch);
size_t panel_linear_scratch(const PanelLinear *l); /* floats */
size_t panel_linear_bytes(const PanelLinear *l);   /* of the weight as it is kept */
void panel_linear_free(PanelLinear *l);            /* NULL is allowed */
