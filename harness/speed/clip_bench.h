/* How fast the image tower runs (`palbench bench clip`): one batch through the compiled graph, best of several, against the
 * machine's own rate of float32 matrix products on the same threads. */
#pragma once

#include "harness/base/progress.h"
#include "harness/clip/clip.h"

#include <stddef.h>

typedef struct ClipBenchOptions {
    const char *arch; /* "RN50", "ViT-B-16", ...: random weights */
    const char *path; /* or a checkpoint */
    size_t batch;     /* 0: 8 */
    size_t size;      /* 0: the model's own */
    size_t repeats;   /* 0: 5 */
    bool local;       /* local features too; else the global one alone, as a CLIP's encode_image */
    Arithmetic arithmetic;
    bool print_operators; /* seconds by operator on stderr, for profiling by hand */
} ClipBenchOptions;

typedef struct ClipBenchResult {
    size_t batch, size;
    double seconds;    /* of one batch, best of repeats */
    double flop;       /* of one batch, as the products' and convolutions' definitions count them */
    size_t peak_bytes; /* weights, packed weights and planned activations */
} ClipBenchResult;

bool clip_bench(ClipBenchOptions options, ClipBenchResult *result, Progress *progress, Error *err);
