/* How fast single convolutions, matrix products and attentions are on this machine: `palbench bench conv|matmul|attention`. Best of several runs
 * each, since other work on the machine can only make a run longer. */
#pragma once

#include "harness/base/error.h"

#include <stddef.h>

typedef struct BenchRow {
    char name[64];
    size_t batch;
    double seconds, gflops; /* of one call; operations as the definition counts them, a multiply-add is two */
    double share;           /* of the machine's best measured rate of matrix products; Winograd goes above 1 */
    size_t peak_bytes;      /* arrays, packed weights and scratch that we allocate */
    char remark[64];
} BenchRow;

/* Two rows a shape, direct and Winograd; the remark names the one that conv2d takes. The caller frees *rows. Fails on
 * memory. */
bool bench_conv(BenchRow **rows, size_t *count, Error *err);

/* Rows: products with packed weights, sgemm of the same shape, and our own panels where the weight is large enough for them. The caller frees *rows. Fails on memory. */
bool bench_matmul(BenchRow **rows, size_t *count, Error *err);

/* Two rows a shape: forward by tiles, and in the way that attention() chooses. The caller frees *rows. Fails on memory. */
bool bench_attention(BenchRow **rows, size_t *count, Error *err);

/* GFLOP/s of the best of several large matrix products, with the threads at hand: what `share` refers to. */
bool bench_product_rate(double *gflops, Error *err);
