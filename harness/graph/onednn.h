/* The matrix products and convolutions that oneDNN does for us. onednn.c is the only file that includes oneDNN's header
 * and the only one that knows 2.x from 3.x. Everything is float32, row-major, channels last.
 *
 * The one piece of global state of the program is oneDNN's engine, made at first use. Threads: oneDNN follows OpenMP; a
 * call from inside a parallel region runs on the calling thread alone. A kernel serves one call at a time. */
#pragma once

#include "harness/base/error.h"

#include <stdbool.h>
#include <stddef.h>

const char *onednn_version(void);      /* "2.6.3" */
const char *onednn_instructions(void); /* "avx512_core_amx": the most of this machine that it uses */

/* C[m,n] = alpha op(A) op(B) + beta C, row-major; op(A) is [m,k], lda its stored row length. beta = 0 never reads C. */
void onednn_sgemm(bool transpose_a, bool transpose_b, size_t m, size_t n, size_t k, float alpha, const float *a,
                  size_t lda, const float *b, size_t ldb, float beta, float *c, size_t ldc);

typedef enum Activation { ACT_NONE, ACT_RELU, ACT_GELU, ACT_GELU_TANH, ACT_QUICK_GELU, ACT_SILU } Activation;

/* What is done to a product before it is stored: bias, then a residual added, then an activation (activation_first:
 * the activation before the residual). */
typedef struct Epilogue {
    bool bias, residual;
    Activation activation;
    bool activation_first;
} Epilogue;

/* y[rows, out] = epilogue(x[rows, in] weight[out, in]^T), weights packed once. Fails on memory. */
typedef struct LinearKernel LinearKernel;
LinearKernel *onednn_linear_new(size_t rows, size_t in, size_t out, Epilogue epilogue, const float *weight, Error *err);
/* bias and residual are read only where the epilogue has them; residual must not be y. */
void onednn_linear_run(LinearKernel *kernel, const float *x, const float *bias, const float *residual, float *y);
size_t onednn_linear_bytes(const LinearKernel *kernel); /* packed weights */
void onednn_linear_free(LinearKernel *kernel);          /* NULL is allowed */

typedef struct ConvShape {
    size_t batch, height, width, in, out; /* input size and channels */
    size_t kernel_h, kernel_w, stride, padding;
    size_t behind; /* padding below and to the right on top of that */
} ConvShape;
static inline size_t conv_out_height(const ConvShape *s)
{
    return (s->height + 2 * s->padding + s->behind - s->kernel_h) / s->stride + 1;
}
static inline size_t conv_out_width(const ConvShape *s)
{
    return (s->width + 2 * s->padding + s->behind - s->kernel_w) / s->stride + 1;
}

/* Direct convolutions, NHWC in and out, weight [out, in, kh, kw]. Weights given at creation are packed once; with NULL they
 * are given at each run (they are being trained) and packed there. Fails on memory. */
typedef struct ConvKernel ConvKernel;
typedef enum ConvPass { CONV_FORWARD, CONV_BACKWARD_DATA, CONV_BACKWARD_WEIGHTS } ConvPass;
ConvKernel *onednn_conv_new(ConvShape shape, ConvPass pass, Epilogue epilogue, const float *weight, Error *err);
/* forward: x, bias, residual, out = y;  backward data: dy, out = dx;
 * backward weights: x, dy, out = dweight [out, in, kh, kw], out_bias = dbias [out] if the epilogue has a bias. */
typedef struct ConvCall {
    const float *x, *dy, *weight, *bias, *residual;
    float *out, *out_bias;
} ConvCall;
void onednn_conv_run(ConvKernel *kernel, const ConvCall *call);
size_t onednn_conv_bytes(const ConvKernel *kernel); /* packed weights */
void onednn_conv_free(ConvKernel *kernel);          /* NULL is allowed */
