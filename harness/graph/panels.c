/* B is packed so that a tile reads it from front to back; a tile of ROWS x 2 registers of C stays in registers while k
 * runs: of 32 registers 28 hold sums, 2 a row of B, and A's values are spread from memory by the multiplication
 * itself. */
#include "harness/graph/panels.h"

#include "harness/graph/lanes.h"

enum { PANEL = 2 * LANES, ROWS = VECTOR_REGISTERS == 32 ? 14 : 6, AHEAD = 16 /* rows of B fetched ahead */ };

size_t panels_width(size_t n)
{
    return (n + LANES - 1) / LANES * LANES;
}

size_t panels_size(size_t k, size_t n)
{
    return k * panels_width(n);
}

/* The panel that starts at column `start` is two registers wide unless only one is left. */
static size_t panel_width(size_t n, size_t start)
{
    return panels_width(n) - start < PANEL ? LANES : PANEL;
}

size_t panels_index(size_t k, size_t n, size_t row, size_t column)
{
    const size_t start = column / PANEL * PANEL;
    return start * k + row * panel_width(n, start) + (column - start);
}

size_t panels_step(void)
{
    return PANEL;
}

/* One tile: `rows` and `wide` are constants where this is inlined, so that `sum` lives in registers. */
static inline __attribute__((always_inline)) void tile(size_t rows, size_t wide, size_t k, const float *a, size_t lda,
                                                       const float *b, float *c, size_t ldc)
{
    Lanes sum[ROWS][2];
    UNROLL
    for (size_t r = 0; r < rows; r++) UNROLL
    for (size_t w = 0; w < wide; w++) sum[r][w] = (Lanes){0};
    for (size_t i = 0; i < k; i++) {
        Lanes row[2];
        UNROLL
        for (size_t w = 0; w < wide; w++) {
            row[w] = lanes_load(b + (i * wide + w) * LANES);
            __builtin_prefetch(b + ((i + AHEAD) * wide + w) * LANES);
        }
        UNROLL
        for (size_t r = 0; r < rows; r++) {
            const Lanes spread = lanes_spread(a[r * lda + i]);
            UNROLL
            for (size_t w = 0; w < wide; w++) sum[r][w] = lanes_multiply_add(spread, row[w], sum[r][w]);
        }
    }
    UNROLL
    for (size_t r = 0; r < rows; r++) UNROLL
    for (size_t w = 0; w < wide; w++) lanes_store(c + r * ldc + w * LANES, sum[r][w]);
}

/* Fewer than ROWS rows are done by tiles of 8, 4, 2 and 1. */
static inline __attribute__((always_inline)) void column_of_tiles(size_t rows, size_t wide, size_t k, const float *a,
                                                                  size_t lda, const float *b, float *c, size_t ldc)
{
    for (; rows >= ROWS; rows -= ROWS, a += ROWS * lda, c += ROWS * ldc) tile(ROWS, wide, k, a, lda, b, c, ldc);
    if (ROWS > 8 && rows >= 8) tile(8, wide, k, a, lda, b, c, ldc), rows -= 8, a += 8 * lda, c += 8 * ldc;
    if (rows >= 4) tile(4, wide, k, a, lda, b, c, ldc), rows -= 4, a += 4 * lda, c += 4 * ldc;
    if (rows >= 2) tile(2, wide, k, a, lda, b, c, ldc), rows -= 2, a += 2 * lda, c += 2 * ldc;
    if (rows >= 1) tile(1, wide, k, a, lda, b, c, ldc);
}

void panels_product(size_t rows, size_t k, size_t n, size_t from, size_t count, const float *a, size_t lda,
                    const float *packed, float *c, size_t ldc)
{
    for (size_t start = from; start < from + count; start += PANEL) {
        const float *b = packed + start * k;
        if (panel_width(n, start) == PANEL)
            column_of_tiles(rows, 2, k, a, lda, b, c + start, ldc);
        else
            column_of_tiles(rows, 1, k, a, lda, b, c + start, ldc);
    }
}
