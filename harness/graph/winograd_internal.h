/* What winograd.c (the runs) and winograd_filters.c (the weights) know of one another. */
#pragma once

#include "harness/graph/panels.h"
#include "harness/graph/winograd.h"

enum {
    TILE = 4,      /* outputs a side */
    POINTS = 6,    /* inputs a side */
    PRODUCTS = 36, /* POINTS * POINTS */
    TAPS = 9,
    /* Matrices are set apart by one cache line: at strides of a power of two the 36 stores of one tile would all fall into the
     * same few lines of the cache. */
    GAP = 16
};

/* The points of evaluation; see winograd.c. */
#define P  0.625f
#define Q  1.5f
#define PP (P * P)
#define QQ (Q * Q)

struct Winograd {
    size_t batch, height, width, in, out;
    size_t tiles_high, tiles_wide, tiles; /* of one image, of one image, of the batch */
    size_t block;                         /* tiles that are multiplied at a time */
    size_t chunk, chunks; /* input channels that are multiplied at a time; the last chunk may be shorter */
    size_t threads;
    bool shared;  /* few tiles: transformed by all threads together, each of which then takes output channels */
    bool flipped; /* weights turned by 180 degrees and transposed: backward by data */
    bool kept;    /* weights are kept transformed; otherwise they are transformed before every use */
    /* One of three, panel after panel of the output channels:
     *   transformed  by chunks [PRODUCTS] matrices [channels of the chunk, panel's width], GAP floats between them (kept)
     *   filters      [in, registers of the panel's width, TAPS, LANES]
     *   halves       the same as float16 */
    float *transformed, *filters;
    uint16_t *halves;
};

static inline size_t winograd_chunk_channels(const Winograd *w, size_t chunk)
{
    const size_t left = w->in - chunk * w->chunk;
    return left < w->chunk ? left : w->chunk;
}

/* Floats from one of the 36 matrices of a chunk to the next, and of all of them. */
static inline size_t winograd_matrix(size_t channels, size_t width)
{
    return channels * width + GAP;
}

/* The matrices of one chunk and of the panel that starts at output channel `start`: kept, or made in `scratch`. */
const float *winograd_matrices(const Winograd *w, size_t start, size_t chunk, float *scratch);

/* Decides how the weights are kept, and takes them in unless they come later (NULL). Fails on memory. */
bool winograd_keep(Winograd *w, const float *weight, Error *err);
