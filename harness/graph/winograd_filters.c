/* The weights of Winograd's convolutions. Small ones are kept transformed. Large ones stay 3x3, an eighth of that as float16,
 * and are transformed in registers just before they are multiplied: what that costs is won back where transformed weights
 * would have to come from memory. Both ways compute the same operations in the same order: the same bits. */
#include "harness/graph/winograd_internal.h"

#include "harness/base/memory.h"

#include <stdlib.h>

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

/* U = G g Gt of one input channel and LANES output channels, into the 36 matrices, `matrix` floats apart. */
static inline __attribute__((always_inline)) void transform(const Lanes g[TAPS], float *to, size_t matrix)
{
    Lanes half[POINTS][3];
    UNROLL
    for (size_t column = 0; column < 3; column++) {
        Lanes u[POINTS];
        weight_transform((Lanes[3]){g[column], g[3 + column], g[6 + column]}, u);
        UNROLL
        for (size_t i = 0; i < POINTS; i++) half[i][column] = u[i];
    }
    UNROLL
    for (size_t i = 0; i < POINTS; i++) {
        Lanes u[POINTS];
        weight_transform(half[i], u);
        UNROLL
        for (size_t j = 0; j < POINTS; j++) lanes_store(to + (i * POINTS + j) * matrix, u[j]);
    }
}

/* ---- where things are ---- */

/* Floats of the transformed chunk `chunk` of a panel of that width. */
static size_t chunk_size(const Winograd *w, size_t chunk, size_t width)
{
    return PRODUCTS * winograd_matrix(winograd_chunk_channels(w, chunk), width);
}

/* Floats of the first `chunks` chunks of a panel: all but the very last are of full length. */
static size_t chunks_size(const Winograd *w, size_t chunks, size_t width)
{
    if (chunks == 0) return 0;
    return (chunks - 1) * PRODUCTS * winograd_matrix(w->chunk, width) + chunk_size(w, chunks - 1, width);
}

static size_t transformed_at(const Winograd *w, size_t start, size_t chunk)
{
    return start / PANEL * chunks_size(w, w->chunks, PANEL) + chunks_size(w, chunk, panel_width(w->out, start));
}

static size_t transformed_size(const Winograd *w)
{
    const size_t last = (panels_width(w->out) - 1) / PANEL * PANEL;
    return transformed_at(w, last, w->chunks);
}

static size_t filters_size(const Winograd *w)
{
    return panels_width(w->out) * w->in * TAPS;
}

/* Taps of LANES output channels from `out` on. */
static size_t filters_at(const Winograd *w, size_t in, size_t out)
{
    const size_t start = out / PANEL * PANEL;
    return (start * w->in + in * panel_width(w->out, start) + (out - start)) * TAPS;
}

/* ---- taking weights in ---- */

/* Taps of one input channel and the `count` <= LANES output channels from `out` on; zeros behind them. */
static void gather(const Winograd *w, const float *weight, size_t in, size_t out, size_t count, float taps[TAPS][LANES])
{
    memset(taps, 0, TAPS * LANES * sizeof(float));
    for (size_t o = 0; o < count; o++) {
        const float *g = weight + (w->flipped ? in * w->out + out + o : (out + o) * w->in + in) * TAPS;
        for (size_t tap = 0; tap < TAPS; tap++) taps[tap][o] = g[w->flipped ? TAPS - 1 - tap : tap];
    }
}

static void keep_taps(Winograd *w, size_t in, size_t out, float taps[TAPS][LANES])
{
    if (w->kept) {
        const size_t start = out / PANEL * PANEL, width = panel_width(w->out, start), chunk = in / w->chunk;
        Lanes g[TAPS];
        for (size_t tap = 0; tap < TAPS; tap++) g[tap] = lanes_load(taps[tap]);
        transform(g, w->transformed + transformed_at(w, start, chunk) + in % w->chunk * width + (out - start),
                  winograd_matrix(winograd_chunk_channels(w, chunk), width));
        return;
    }
    const size_t at = filters_at(w, in, out);
    for (size_t i = 0; i < TAPS * LANES; i++)
        if (w->halves)
            w->halves[at + i] = float_to_half(taps[0][i]);
        else
            w->filters[at + i] = taps[0][i];
}

void winograd_set_weights(Winograd *w, const float *weight)
{
#pragma omp parallel for schedule(static)
    for (size_t in = 0; in < w->in; in++)
        for (size_t out = 0; out < w->out; out += LANES) {
            float taps[TAPS][LANES];
            gather(w, weight, in, out, w->out - out < LANES ? w->out - out : LANES, taps);
            keep_taps(w, in, out, taps);
        }
}

bool winograd_keep(Winograd *w, const float *weight, Error *err)
{
    static const size_t kept_most = (size_t)4 << 20;
    static const char what[] = "the weights of a convolution";
    w->kept = transformed_size(w) * sizeof(float) <= kept_most;
    const bool half = HALVES_ARE_QUICK && weight && halves_hold(weight, w->in * w->out * TAPS);
    if (w->kept ? !big_alloc(&w->transformed, transformed_size(w), sizeof(float), what, err)
        : half  ? !big_alloc(&w->halves, filters_size(w), sizeof(uint16_t), what, err)
                : !big_alloc(&w->filters, filters_size(w), sizeof(float), what, err))
        return false;
    if (weight) winograd_set_weights(w, weight);
    return true;
}

size_t winograd_bytes(const Winograd *w)
{
    if (w->kept) return transformed_size(w) * sizeof(float);
    return filters_size(w) * (w->halves ? sizeof(uint16_t) : sizeof(float));
}

/* ---- giving them out ---- */

static void transform_halves(const uint16_t *taps, size_t channels, size_t registers, float *to)
{
    const size_t width = registers * LANES, matrix = winograd_matrix(channels, width);
    for (size_t i = 0; i < channels * registers; i++, taps += TAPS * LANES) {
        Lanes g[TAPS];
        UNROLL
        for (size_t tap = 0; tap < TAPS; tap++) g[tap] = lanes_load_halves(taps + tap * LANES);
        transform(g, to + i * LANES, matrix);
    }
}

static void transform_floats(const float *taps, size_t channels, size_t registers, float *to)
{
    const size_t width = registers * LANES, matrix = winograd_matrix(channels, width);
    for (size_t i = 0; i < channels * registers; i++, taps += TAPS * LANES) {
        Lanes g[TAPS];
        UNROLL
        for (size_t tap = 0; tap < TAPS; tap++) g[tap] = lanes_load(taps + tap * LANES);
        transform(g, to + i * LANES, matrix);
    }
}

const float *winograd_matrices(const Winograd *w, size_t start, size_t chunk, float *scratch)
{
    if (w->kept) return w->transformed + transformed_at(w, start, chunk);
    const size_t channels = winograd_chunk_channels(w, chunk), registers = panel_width(w->out, start) / LANES;
    const size_t at = filters_at(w, chunk * w->chunk, start);
    if (w->halves)
        transform_halves(w->halves + at, channels, registers, scratch);
    else
        transform_floats(w->filters + at, channels, registers, scratch);
    return scratch;
}
