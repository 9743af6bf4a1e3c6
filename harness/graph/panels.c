/* A tile of ROWS x 2 registers of C stays in registers while k runs: of 32 registers 28 hold sums, 2 a row of B, and A's
 * values are spread from memory by the multiplication itself. A tile of each number of rows is a routine of its own. */
#include "harness/graph/panels.h"

enum { ROWS = VECTOR_REGISTERS == 32 ? 14 : 6 };

/* `rows` and `wide` are constants where this is inlined, so that `sum` lives in registers. */
static inline __attribute__((always_inline)) void tile(size_t rows, size_t wide, const PanelProduct *p,
                                                       const float *restrict a, float *restrict c,
                                                       const char *restrict ahead, size_t step)
{
    const float *restrict b = p->b;
    const size_t k = p->k, lda = p->lda, ldc = p->ldc;
    Lanes sum[ROWS][2];
    UNROLL
    for (size_t r = 0; r < rows; r++) UNROLL
    for (size_t w = 0; w < wide; w++) sum[r][w] = p->add ? lanes_load(c + r * ldc + w * LANES) : (Lanes){0};
    for (size_t i = 0; i < k; i++) {
        Lanes row[2];
        UNROLL
        for (size_t w = 0; w < wide; w++) row[w] = lanes_load(b + (i * wide + w) * LANES);
        __builtin_prefetch(ahead + i * step, 0, 2);
        UNROLL
        for (size_t w = 0; w < wide; w++) __builtin_prefetch(b + ((i + 16) * wide + w) * LANES);
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

typedef void Tile(const PanelProduct *p, const float *a, float *c, const char *ahead, size_t step);

#define TILE(rows, wide)                                                                                               \
    static void tile_##rows##_##wide(const PanelProduct *p, const float *a, float *c, const char *ahead, size_t step)  \
    {                                                                                                                  \
        tile(rows, wide, p, a, c, ahead, step);                                                                        \
    }
#define TILES(rows) TILE(rows, 1) TILE(rows, 2)
#define NAMES(rows)                                                                                                    \
    {                                                                                                                  \
        tile_##rows##_1, tile_##rows##_2                                                                               \
    }

// clang-format off
TILES(1) TILES(2) TILES(3) TILES(4) TILES(5) TILES(6)
#if defined(__AVX512F__)
TILES(7) TILES(8) TILES(9) TILES(10) TILES(11) TILES(12) TILES(13) TILES(14)
#endif
    // clang-format on

    static Tile *const tiles[ROWS][2] = {
        NAMES(1), NAMES(2), NAMES(3), NAMES(4),  NAMES(5),  NAMES(6),
#if defined(__AVX512F__)
        NAMES(7), NAMES(8), NAMES(9), NAMES(10), NAMES(11), NAMES(12), NAMES(13), NAMES(14),
#endif
};

/* The rows are shared out evenly: a tile of few rows waits for its loads. */
void panel_product(const PanelProduct *p)
{
    const size_t count = (p->rows + ROWS - 1) / ROWS, wide = p->width / LANES;
    const size_t bytes = p->next ? p->next_bytes : 0;
    const size_t step = bytes / (count * p->k);
    const char *ahead = (const char *)(p->next ? p->next : p->b);
    for (size_t i = 0; i < count; i++) {
        const size_t from = p->rows * i / count, rows = p->rows * (i + 1) / count - from;
        tiles[rows - 1][wide - 1](p, p->a + from * p->lda, p->c + from * p->ldc, ahead + i * p->k * step, step);
    }
}
