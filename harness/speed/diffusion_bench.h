/* How fast a U-Net's step and a picture's decoding run (`palbench bench unet|vae`): through the compiled graph, best of several,
 * against the machine's own rate of float32 matrix products on the same threads. */
#pragma once

#include "harness/base/progress.h"
#include "harness/graph/graph.h"

typedef struct DiffusionBenchOptions {
    const char *arch; /* "sd15", "sd21", "sd-turbo", vae also "taesd": random weights */
    const char *path; /* or a folder */
    size_t batch;     /* 0: U-Net 2 (both halves of a guided step), VAE 1 */
    size_t size;      /* of the picture, pixels a side; 0: what the model was trained for, 512 if it does not say */
    size_t repeats;   /* 0: 3 */
    GraphOptions graph;
} DiffusionBenchOptions;

typedef struct DiffusionBenchResult {
    size_t batch, size;
    double seconds;          /* of one batch, best of repeats */
    double flop;             /* of one batch, as the products' and convolutions' definitions count them */
    size_t peak_bytes;       /* of the whole process so far, as the system counts it */
    OperatorTime *operators; /* [kinds] most first, seconds[0] of one batch on the mean; caller frees */
    size_t kinds;
} DiffusionBenchResult;

/* One call of the U-Net: time embedding and noise prediction; 77 tokens, whose keys and values are computed before. */
bool unet_bench(DiffusionBenchOptions options, DiffusionBenchResult *result, Progress *progress, Error *err);
/* One decoding. */
bool vae_bench(DiffusionBenchOptions options, DiffusionBenchResult *result, Progress *progress, Error *err);
