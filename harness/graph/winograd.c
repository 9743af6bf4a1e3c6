/* Winograd's minimal filtering (S. Winograd, Arithmetic Complexity of Computations, SIAM 1980; for neural networks
 * A. Lavin and S. Gray, CVPR 2016), derived below from its points. A block of tiles at a time: transform the input into
 * 36 matrices, multiply each by its packed weights (panels.c), transform back and finish; vectors run over channels.
 * Threads take blocks as they come free, which moves no bit: every output is summed by one thread, in one order. */
#include "harness/graph/winograd.h"

#include "harness/base/memory.h"
#include "harness/graph/epilogue.h"
#include "harness/graph/lanes.h"
#include "harness/graph/panels.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

enum {
    TILE = 4,      /* outputs a side */
    POINTS = 6,    /* inputs a side */
    PRODUCTS = 36, /* POINTS * POINTS */
    /* Rows and matrices of the blocks are set apart by one cache line: at strides of a power of two the 36 stores of one tile
     * would all fall into the same few lines of the cache. */
    GAP = 16
};

struct Winograd {
    size_t batch, height, width, in, out;
    size_t tiles_high, tiles_wide, tiles; /* of one image, of one image, of the batch */
    size_t block;                         /* tiles a work item */
    size_t groups;                        /* pieces of the output channels; a work item is a block and a piece */
    size_t threads;
    bool flipped;   /* weights turned by 180 degrees and transposed: backward by data */
    float *weights; /* [PRODUCTS] packed panels [in, out] */
};

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

#define P  0.625f
#define Q  1.5f
#define PP (P * P)
#define QQ (Q * Q)

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

static inline __attribute__((always_inline)) void weight_transform(const Lanes g[3], Lanes u[POINTS])
{
    const float by_p = 1.0f / (2 * PP * (PP - QQ)), by_q = 1.0f / (2 * QQ * (QQ - PP));
    const Lanes even_p = by_p * g[0] + (PP * by_p) * g[2], odd_p = (P * by_p) * g[1];
    const Lanes even_q = by_q * g[0] + (QQ * by_q) * g[2], odd_q = (Q * by_q) * g[1];
    u[0] = (1.0f / (PP * QQ)) * g[0];
    u[1] = even_p + odd_p;
    u[2] = even_p - odd_p;
    u[3] = even_q + odd_q;
    u[4] = even_q - odd_q;
    u[5] = g[2];
}

/* ---- weights ---- */

/* U = G g Gt of one input channel and the `count` <= LANES output channels from `out` on, into the 36 packed matrices. */
static void transform_weights(const Winograd *w, const float *weight, size_t in, size_t out, size_t count)
{
    float taps[9][LANES] = {{0}};
    for (size_t o = 0; o < count; o++) {
        const float *g = weight + (w->flipped ? in * w->out + out + o : (out + o) * w->in + in) * 9;
        for (size_t tap = 0; tap < 9; tap++) taps[tap][o] = g[w->flipped ? 8 - tap : tap];
    }
    const size_t matrix = panels_size(w->in, w->out);
    float *to = w->weights + panels_index(w->in, w->out, in, out);
    Lanes half[POINTS][3];
    for (size_t column = 0; column < 3; column++) {
        Lanes u[POINTS];
        weight_transform(
            (Lanes[3]){lanes_load(taps[column]), lanes_load(taps[3 + column]), lanes_load(taps[6 + column])}, u);
        for (size_t i = 0; i < POINTS; i++) half[i][column] = u[i];
    }
    for (size_t i = 0; i < POINTS; i++) {
        Lanes u[POINTS];
        weight_transform(half[i], u);
        for (size_t j = 0; j < POINTS; j++) lanes_store(to + (i * POINTS + j) * matrix, u[j]);
    }
}

void winograd_set_weights(Winograd *w, const float *weight)
{
#pragma omp parallel for schedule(static)
    for (size_t in = 0; in < w->in; in++)
        for (size_t out = 0; out < w->out; out += LANES)
            transform_weights(w, weight, in, out, w->out - out < LANES ? w->out - out : LANES);
}

size_t winograd_weight_bytes(const ConvShape *s)
{
    const size_t forward = panels_size(s->in, s->out), backward = panels_size(s->out, s->in);
    return PRODUCTS * (forward > backward ? forward : backward) * sizeof(float);
}

/* ---- blocks of tiles ---- */

/* Row length of a block's matrices with `channels` channels, and floats of one such matrix. */
static size_t row_length(size_t channels)
{
    return panels_width(channels) + GAP;
}

static size_t matrix_size(const Winograd *w, size_t channels)
{
    return w->block * row_length(channels) + GAP;
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

/* One work item: a block of tiles, and of the output channels those from `from` to `to`. v and m are this thread's. */
static void run_block(const Winograd *w, const Arrays *a, size_t first, size_t from, size_t to, float *v, float *m)
{
    const size_t count = w->tiles - first < w->block ? w->tiles - first : w->block;
    const size_t v_row = row_length(w->in), m_row = row_length(w->out);
    const size_t v_matrix = matrix_size(w, w->in), m_matrix = matrix_size(w, w->out);
    for (size_t t = 0; t < count; t++) {
        const Place at = tile_place(w, first + t);
        for (size_t c = 0; c < w->in; c += LANES) transform_input(w, at, a->x, c, v + t * v_row + c, v_matrix);
    }
    for (size_t i = 0; i < PRODUCTS; i++)
        panels_product(count, w->in, w->out, from, to - from, v + i * v_matrix, v_row,
                       w->weights + i * panels_size(w->in, w->out), m + i * m_matrix, m_row);
    for (size_t t = 0; t < count; t++) {
        const Place at = tile_place(w, first + t);
        for (size_t c = from; c < to; c += LANES) transform_output(w, a, at, m + t * m_row + c, c, m_matrix);
    }
}

size_t winograd_scratch(const Winograd *w)
{
    return w->threads * PRODUCTS * (matrix_size(w, w->in) + matrix_size(w, w->out));
}

void winograd_run(const Winograd *w, Epilogue epilogue, const float *x, const float *bias, const float *residual,
                  float *y, float *scratch)
{
    const Arrays arrays = {epilogue, x, bias, residual, y};
    const size_t panels = (w->out + panels_step() - 1) / panels_step();
    const size_t items = (w->tiles + w->block - 1) / w->block * w->groups;
    const size_t v_size = PRODUCTS * matrix_size(w, w->in), m_size = PRODUCTS * matrix_size(w, w->out);
#pragma omp parallel num_threads((int)w->threads)
    {
        float *v = scratch + (size_t)omp_get_thread_num() * (v_size + m_size);
#pragma omp for schedule(dynamic)
        for (size_t item = 0; item < items; item++) {
            const size_t group = item % w->groups, end = panels * (group + 1) / w->groups * panels_step();
            run_block(w, &arrays, item / w->groups * w->block, panels * group / w->groups * panels_step(),
                      end < w->out ? end : w->out, v, v + v_size);
        }
    }
}

/* ---- making ---- */

/* How the work is cut. Blocks of at most BLOCK tiles, the same number for every thread; where there are fewer blocks than
 * threads, the output channels are cut too, at the price of transforming the input once a piece. */
static void cut_work(Winograd *w)
{
    enum { BLOCK = 64 };
    const size_t panels = (w->out + panels_step() - 1) / panels_step();
    size_t blocks = (w->tiles + BLOCK - 1) / BLOCK;
    if (blocks >= w->threads) blocks = (blocks + w->threads - 1) / w->threads * w->threads;
    w->block = (w->tiles + blocks - 1) / blocks;
    w->groups = blocks >= w->threads ? 1 : (w->threads + blocks - 1) / blocks;
    if (w->groups > panels) w->groups = panels;
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
    cut_work(w);
    if (!big_alloc(&w->weights, PRODUCTS * panels_size(w->in, w->out), sizeof(float), "Winograd weights", err)) {
        free(w);
        return NULL;
    }
    if (weight) winograd_set_weights(w, weight);
    return w;
}

size_t winograd_bytes(const Winograd *w)
{
    return PRODUCTS * panels_size(w->in, w->out) * sizeof(float);
}

void winograd_free(Winograd *w)
{
    if (!w) return;
    free(w->weights);
    free(w);
}
