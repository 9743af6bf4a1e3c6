/* Matrix products by panels: C[rows, n] = A[rows, k] B[k, n], the right factor cut into panels of two vector registers'
 * width (the last one of a single register when no more is left), each stored row by row: for one thread, inside whatever
 * loop suits the memory. sgemm packs both factors anew at every call, which costs a third of the time at the sizes of
 * Winograd's blocks (NOTES.md). */
#pragma once

#include "harness/graph/lanes.h"

#include <stdbool.h>

enum { PANEL = 2 * LANES };

/* n rounded up to whole vector registers: the columns that are stored. */
static inline size_t panels_width(size_t n)
{
    return (n + LANES - 1) / LANES * LANES;
}

/* Stored columns of the panel that starts at column `start` of n. */
static inline size_t panel_width(size_t n, size_t start)
{
    const size_t left = panels_width(n) - start;
    return left < PANEL ? left : PANEL;
}

typedef struct PanelProduct {
    size_t rows, k, width; /* width: of the panel, PANEL or LANES */
    const float *a;        /* [rows, k], stored row length lda */
    size_t lda;
    const float *b; /* [k, width] */
    float *c;       /* [rows, width], stored row length ldc */
    size_t ldc;
    bool add; /* C += A B: the same bits as one product over both pieces of k */
    /* What will be read next, fetched into the second-level cache on the way; NULL: nothing. */
    const void *next;
    size_t next_bytes;
} PanelProduct;

void panel_product(const PanelProduct *p);
