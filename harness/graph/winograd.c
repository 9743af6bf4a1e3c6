/* Winograd's minimal filtering (S. Winograd, Arithmetic Complexity of Computations, SIAM 1980; for neural networks
 * A. Lavin and S. Gray, CVPR 2016), derived below from its points. A block of tiles at a time: transform the input into
 * 36 matrices, multiply each by its packed weights (panels.c), transform back and finish; vectors run over channels.
 * Threads take blocks as they come free, which moves no bit: every output is summed by one thread, in one order. */
#include "harness/graph/winograd_internal.h"

#include "harness/base/memory.h"
#include "harness/graph/epilogue.h"

#include <omp.h>
#include <stdlib.h>

/* ---- the transforms in one direction; both are applied along columns, then along rows ----
 *
 * Derivation. The product s(x) = g(x) y(x) of polynomials of degrees 2 and 3 has degree 5: its values at five points
 * and its leading coefficient (the "value at infinity") determine it, and each of the six takes one multiplication, as
 * s(a) = g(a) y(a). Lagrange's formula leads back to coefficients; over the finite points a,
 *     s(x) = sum s(a) L_a(x) / N_a + s(infinity) M(x),  M(x) = prod (x - a),  L_a(x) = M(x) / (x - a),  N_a = L_a(a).
 * For a fixed g all this is one matrix, T[i + k][i] = g_k, from y's 4 coefficients to s's 6. Its transpose is what a
 * convolution layer computes, (Tt d)_i = sum_k g_k d_(i+k), from 6 inputs to 4 outputs; and transposing evaluation,
 * multiplication and interpolation turns their order round:
 *     Tt d = At [ (G g) . (Bt d) ]
 *     Bt [6, 6]   row a: the coefficients of L_a, lowest first     infinity: those of M
 *     G  [6, 3]   row a: 1, a, a^2, over N_a                       infinity: 0, 0, 1
 *     At [4, 6]   column a: 1, a, a^2, a^3                         infinity: 0, 0, 0, 1
 * N_a stands in G, as weights are transformed once. Along both axes of a tile: Y = At [ (G g Gt) . (Bt d B) ] A.
 *
 * The points are 0, P, -P, Q, -Q and infinity; points of opposite sign share their even and their odd powers:
 *     M     = x^5 - (P^2 + Q^2) x^3 + P^2 Q^2 x
 *     L_0   = x^4 - (P^2 + Q^2) x^2 + P^2 Q^2                      N_0   = P^2 Q^2
 *     L_+-P = (x^4 - Q^2 x^2) +- (P x^3 - P Q^2 x)                 N_+-P = 2 P^2 (P^2 - Q^2)
 *     L_+-Q   likewise, P and Q exchanged
 * P = 5/8 and Q = 3/2 give the smallest rounding error among fractions of so few bits (NOTES.md); with them every entry
 * of Bt and At is exact in float, and only what has 1 / N_a in it is rounded. */

static inline __attribute__((always_inline)) void input_transform(const Lanes d[POINTS], Lanes v[POINTS])
{
    const Lanes even_p = d[4] - QQ * d[2], odd_p = P * d[3] - (P * QQ) * d[1];
    const Lanes even_q = d[4] - PP * d[2], odd_q = Q * d[3] - (Q * PP) * d[1];
    v[0] = d[4] - (PP + QQ) * d[2] + (PP * QQ) * d[0];
    v[1] = even_p + odd_p;
    v[2] = even_p - odd_p;
    v[3] = even_q + odd_q;
    v[4] = even_q - odd_q;
    v[5] = d[5] - (PP + QQ) * d[3] + (PP * QQ) * d[1];
}

static inline __attribute__((always_inline)) void output_transform(const Lanes m[POINTS], Lanes y[TILE])
{
    const Lanes sum_p = m[1] + m[2], difference_p = m[1] - m[2];
    const Lanes sum_q = m[3] + m[4], difference_q = m[3] - m[4];
    y[0] = m[0] + sum_p + sum_q;
    y[1] = P * difference_p + Q * difference_q;
    y[2] = PP * sum_p + QQ * sum_q;
    y[3] = (P * PP) * difference_p + (Q * QQ) * difference_q + m[5];
}

/* ---- blocks of tiles ----
 *
 * V, the transformed input of a block of tiles: chunk after chunk [PRODUCTS] matrices [block, channels of a chunk]
 * U, the weights of a chunk and a panel:                          [PRODUCTS] matrices [channels of a chunk, PANEL]
 * M, the products of a panel:                                     [PRODUCTS] matrices [block, PANEL]
 * A chunk is as long as U and M find room together in a core's second-level cache; V goes through once a panel, each matrix
 * fetched while the one before is multiplied. The sums run on from chunk to chunk: how many there are moves no bit. */

static size_t v_matrix(const Winograd *w)
{
    return w->block * w->chunk + GAP;
}

static size_t v_size(const Winograd *w)
{
    return w->chunks * PRODUCTS * v_matrix(w);
}

static size_t u_size(const Winograd *w)
{
    return w->kept ? 0 : PRODUCTS * winograd_matrix(w->chunk, PANEL);
}

static size_t m_matrix(const Winograd *w)
{
    return w->block * PANEL + GAP;
}

/* Where a tile stands: image, first output row and column. */
typedef struct Place {
    size_t image, row, column;
} Place;

static Place tile_place(const Winograd *w, size_t tile)
{
    const size_t per_image = w->tiles_high * w->tiles_wide, rest = tile % per_image;
    return (Place){tile / per_image, rest / w->tiles_wide * TILE, rest % w->tiles_wide * TILE};
}

/* V = Bt d B of LANES channels from `channel` on; v is this tile's and channel's place in the first of the 36 matrices. */
static void transform_input(const Winograd *w, Place at, const float *x, size_t channel, float *v, size_t matrix)
{
    const size_t left = w->in - channel;
    Lanes half[POINTS][POINTS];
    for (size_t j = 0; j < POINTS; j++) {
        const size_t column = at.column + j - 1; /* wraps to a huge number left of the image */
        Lanes d[POINTS], column_values[POINTS];
        UNROLL
        for (size_t i = 0; i < POINTS; i++) {
            const size_t row = at.row + i - 1;
            d[i] = (Lanes){0};
            if (row >= w->height || column >= w->width) continue; /* and no pointer there, which would be undefined */
            const float *p = x + ((at.image * w->height + row) * w->width + column) * w->in + channel;
            d[i] = left >= LANES ? lanes_load(p) : lanes_load_some(p, left);
        }
        input_transform(d, column_values);
        UNROLL
        for (size_t i = 0; i < POINTS; i++) half[i][j] = column_values[i];
    }
    for (size_t i = 0; i < POINTS; i++) {
        Lanes values[POINTS];
        input_transform(half[i], values);
        UNROLL
        for (size_t j = 0; j < POINTS; j++) lanes_store(v + (i * POINTS + j) * matrix, values[j]);
    }
}

/* What a run was given. */
typedef struct Arrays {
    Epilogue epilogue;
    const float *x, *bias, *residual;
    float *y;
} Arrays;

/* Bias, residual and activation on one finished 4x4 tile; `offset` is its first pixel in y. */
static void finish_tile(const Winograd *w, const Arrays *a, Lanes y[TILE][TILE], size_t channel, size_t count,
                        size_t offset, size_t rows, size_t columns)
{
    const Epilogue e = a->epilogue;
    const Lanes bias = e.bias ? lanes_load_some(a->bias + channel, count) : (Lanes){0};
    for (size_t i = 0; i < TILE; i++)
        for (size_t j = 0; j < TILE; j++) y[i][j] += bias;
    if (e.activation_first) activate(e.activation, TILE * TILE * LANES, (float *)y);
    for (size_t i = 0; e.residual && i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            y[i][j] += lanes_load_some(a->residual + offset + (i * w->width + j) * w->out, count);
    if (!e.activation_first) activate(e.activation, TILE * TILE * LANES, (float *)y);
}

/* Y = At M A of LANES channels from `channel` on, finished and stored. */
static void transform_output(const Winograd *w, const Arrays *a, Place at, const float *m, size_t channel,
                             size_t matrix)
{
    Lanes half[TILE][POINTS], y[TILE][TILE];
    for (size_t j = 0; j < POINTS; j++) {
        Lanes values[POINTS], column_values[TILE];
        UNROLL
        for (size_t i = 0; i < POINTS; i++) values[i] = lanes_load(m + (i * POINTS + j) * matrix);
        output_transform(values, column_values);
        UNROLL
        for (size_t i = 0; i < TILE; i++) half[i][j] = column_values[i];
    }
    for (size_t i = 0; i < TILE; i++) output_transform(half[i], y[i]);
    const size_t rows = w->height - at.row < TILE ? w->height - at.row : TILE;
    const size_t columns = w->width - at.column < TILE ? w->width - at.column : TILE;
    const size_t count = w->out - channel < LANES ? w->out - channel : LANES;
    const size_t offset = ((at.image * w->height + at.row) * w->width + at.column) * w->out + channel;
    finish_tile(w, a, y, channel, count, offset, rows, columns);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) {
            float *to = a->y + offset + (i * w->width + j) * w->out;
            if (count == LANES)
                lanes_store(to, y[i][j]);
            else
                lanes_store_some(to, y[i][j], count);
        }
}

static size_t tiles_in_block(const Winograd *w, size_t block)
{
    const size_t left = w->tiles - block * w->block;
    return left < w->block ? left : w->block;
}

/* One tile of a block and one chunk of its channels. v is the block's. */
static void transform_chunk(const Winograd *w, const float *x, size_t block, size_t tile, size_t chunk, float *v)
{
    const Place at = tile_place(w, block * w->block + tile);
    const size_t from = chunk * w->chunk, channels = winograd_chunk_channels(w, chunk);
    float *to = v + chunk * PRODUCTS * v_matrix(w) + tile * w->chunk;
    for (size_t c = 0; c < channels; c += LANES) transform_input(w, at, x, from + c, to + c, v_matrix(w));
}

/* The 36 products of a block, one chunk of its channels and the panel that starts at `start`. */
static void multiply(const Winograd *w, size_t block, size_t start, size_t chunk, const float *v, float *u, float *m)
{
    const size_t channels = winograd_chunk_channels(w, chunk), width = panel_width(w->out, start);
    const float *matrices = winograd_matrices(w, start, chunk, u);
    for (size_t i = 0; i < PRODUCTS; i++) {
        const size_t place = chunk * PRODUCTS + i, next = place + 1 < w->chunks * PRODUCTS ? place + 1 : 0;
        panel_product(&(PanelProduct){.rows = tiles_in_block(w, block),
                                      .k = channels,
                                      .width = width,
                                      .a = v + place * v_matrix(w),
                                      .lda = w->chunk,
                                      .b = matrices + i * winograd_matrix(channels, width),
                                      .c = m + i * m_matrix(w),
                                      .ldc = PANEL,
                                      .add = chunk > 0,
                                      .next = v + next * v_matrix(w),
                                      .next_bytes = tiles_in_block(w, block) * w->chunk * sizeof(float)});
    }
}

/* One panel of one block, from transformed input to finished output. v is the block's, u and m are this thread's. */
static void run_panel(const Winograd *w, const Arrays *a, size_t block, size_t start, const float *v, float *u,
                      float *m)
{
    for (size_t chunk = 0; chunk < w->chunks; chunk++) multiply(w, block, start, chunk, v, u, m);
    for (size_t t = 0; t < tiles_in_block(w, block); t++) {
        const Place at = tile_place(w, block * w->block + t);
        for (size_t c = 0; c < panel_width(w->out, start); c += LANES)
            transform_output(w, a, at, m + t * PANEL + c, start + c, m_matrix(w));
    }
}

static size_t count_blocks(const Winograd *w)
{
    return (w->tiles + w->block - 1) / w->block;
}

static size_t thread_size(const Winograd *w)
{
    return (w->shared ? 0 : v_size(w)) + u_size(w) + PRODUCTS * m_matrix(w);
}

size_t winograd_scratch(const Winograd *w)
{
    return w->threads * thread_size(w) + (w->shared ? count_blocks(w) * v_size(w) : 0);
}

/* Every thread takes whole blocks. */
static void run_blocks(const Winograd *w, const Arrays *a, float *own)
{
    float *v = own, *u = v + v_size(w), *m = u + u_size(w);
#pragma omp for schedule(dynamic)
    for (size_t block = 0; block < count_blocks(w); block++) {
        for (size_t tile = 0; tile < tiles_in_block(w, block); tile++)
            for (size_t chunk = 0; chunk < w->chunks; chunk++) transform_chunk(w, a->x, block, tile, chunk, v);
        for (size_t start = 0; start < w->out; start += PANEL) run_panel(w, a, block, start, v, u, m);
    }
}

/* All threads transform the input, then each takes panels of a block: no weight is transformed twice for a block. */
static void run_panels(const Winograd *w, const Arrays *a, float *own, float *all_v)
{
    float *u = own, *m = u + u_size(w);
#pragma omp for schedule(static)
    for (size_t i = 0; i < w->tiles * w->chunks; i++) {
        const size_t tile = i / w->chunks, block = tile / w->block;
        transform_chunk(w, a->x, block, tile % w->block, i % w->chunks, all_v + block * v_size(w));
    }
    const size_t panels = (w->out + PANEL - 1) / PANEL;
#pragma omp for schedule(dynamic)
    for (size_t item = 0; item < count_blocks(w) * panels; item++) {
        const size_t block = item / panels, start = item % panels * PANEL;
        run_panel(w, a, block, start, all_v + block * v_size(w), u, m);
    }
}

void winograd_run(const Winograd *w, Epilogue epilogue, const float *x, const float *bias, const float *residual,
                  float *y, float *scratch)
{
    const Arrays arrays = {epilogue, x, bias, residual, y};
#pragma omp parallel num_threads((int)w->threads)
    {
        float *own = scratch + (size_t)omp_get_thread_num() * thread_size(w);
        if (w->shared)
            run_panels(w, &arrays, own, scratch + w->threads * thread_size(w));
        else
            run_blocks(w, &arrays, own);
    }
}

/* ---- making ---- */

static void cut_channels(Winograd *w)
{
    enum { CHUNK = 128 };
    w->chunks = (w->in + CHUNK - 1) / CHUNK;
    w->chunk = panels_width((w->in + w->chunks - 1) / w->chunks);
    w->chunks = (w->in + w->chunk - 1) / w->chunk;
}

/* Blocks of at most BLOCK tiles, the same number for every thread. Where there are not enough tiles for that, larger blocks,
 * which transform weights less often, but as many as give every thread a panel. */
static void cut_tiles(Winograd *w)
{
    enum { BLOCK = 64, SHARED_BLOCK = 128 };
    const size_t panels = (w->out + PANEL - 1) / PANEL, for_all = (w->threads + panels - 1) / panels;
    size_t blocks = (w->tiles + BLOCK - 1) / BLOCK;
    w->shared = blocks < w->threads;
    if (!w->shared) blocks = (blocks + w->threads - 1) / w->threads * w->threads;
    if (w->shared) blocks = (w->tiles + SHARED_BLOCK - 1) / SHARED_BLOCK;
    if (blocks < for_all) blocks = for_all < w->tiles ? for_all : w->tiles;
    w->block = (w->tiles + blocks - 1) / blocks;
}

bool winograd_suits(const ConvShape *s)
{
    enum { CHANNELS_MIN = 16, TILES_MIN = 8 };
    const size_t tiles = s->batch * ((s->height + TILE - 1) / TILE) * ((s->width + TILE - 1) / TILE);
    return s->kernel_h == 3 && s->kernel_w == 3 && s->stride == 1 && s->padding == 1 && !s->behind &&
           s->in >= CHANNELS_MIN && s->out >= CHANNELS_MIN && tiles >= TILES_MIN;
}

Winograd *winograd_new(ConvShape s, ConvPass pass, const float *weight, Error *err)
{
    if (s.kernel_h != 3 || s.kernel_w != 3 || s.stride != 1 || s.padding != 1 || s.behind ||
        pass == CONV_BACKWARD_WEIGHTS)
        die("winograd: only 3x3, stride 1, padding 1, forward or backward by data");
    Winograd *w = xcalloc(1, sizeof *w);
    w->flipped = pass == CONV_BACKWARD_DATA;
    w->batch = s.batch, w->height = s.height, w->width = s.width;
    w->in = w->flipped ? s.out : s.in, w->out = w->flipped ? s.in : s.out;
    w->tiles_high = (s.height + TILE - 1) / TILE, w->tiles_wide = (s.width + TILE - 1) / TILE;
    w->tiles = s.batch * w->tiles_high * w->tiles_wide;
    w->threads = (size_t)omp_get_max_threads();
    cut_channels(w);
    if (!winograd_keep(w, weight, err)) {
        winograd_free(w);
        return NULL;
    }
    cut_tiles(w);
    return w;
}

void winograd_free(Winograd *w)
{
    if (!w) return;
    free(w->transformed), free(w->filters), free(w->halves);
    free(w);
}
