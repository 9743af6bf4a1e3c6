/* Work items are blocks of rows, and where those are few, pieces of the output columns of a block. An item goes through its
 * inputs a chunk at a time, and for each through its panels: the block's chunk of x stays in the second-level cache, panels
 * pass by, the next one fetched while one is multiplied. */
#include "harness/graph/panel_linear.h"

#include "harness/base/half.h"
#include "harness/base/memory.h"
#include "harness/graph/epilogue.h"
#include "harness/graph/panels.h"

#include <omp.h>
#include <stdint.h>
#include <stdlib.h>

enum {
    ROWS = 84, /* six tiles of 14 rows */
    CHUNK = 768,
    GAP = 16,   /* between rows of a copied block, so that their stride is no multiple of a page's size */
    PAGE = 1024 /* floats: rows of such a length fall into one set of the nearest cache */
};

struct PanelLinear {
    Epilogue epilogue;
    size_t rows, in, out, block, blocks, groups, chunk, chunks, threads;
    bool copies; /* x's rows are copied, a block and a chunk at a time */
    /* Panel after panel [in, panel's width], one of them. */
    float *floats;
    uint16_t *halves;
};

/* ---- making ---- */

bool panel_linear_suits(size_t rows, size_t in, size_t out)
{
    enum { WEIGHTS_MIN = 1 << 18, ROWS_MIN = 16 };
    return in * out > WEIGHTS_MIN && rows >= ROWS_MIN && out % LANES == 0;
}

static void cut_work(PanelLinear *l)
{
    const size_t panels = (l->out + PANEL - 1) / PANEL;
    l->threads = (size_t)omp_get_max_threads();
    l->blocks = (l->rows + ROWS - 1) / ROWS;
    if (l->blocks > l->threads) l->blocks = (l->blocks + l->threads - 1) / l->threads * l->threads;
    l->block = (l->rows + l->blocks - 1) / l->blocks;
    l->blocks = (l->rows + l->block - 1) / l->block;
    l->groups = l->blocks >= l->threads ? 1 : (2 * l->threads + l->blocks - 1) / l->blocks;
    if (l->groups > panels) l->groups = panels;
    l->chunks = (l->in + CHUNK - 1) / CHUNK;
    l->chunk = (l->in + l->chunks - 1) / l->chunks;
    l->copies = l->chunks > 1 || l->in % PAGE == 0;
}

static void pack(PanelLinear *l, const float *weight)
{
#pragma omp parallel for schedule(static)
    for (size_t start = 0; start < l->out; start += PANEL) {
        const size_t width = panel_width(l->out, start);
        for (size_t i = 0; i < l->in; i++)
            for (size_t o = 0; o < width; o++) {
                const size_t at = start * l->in + i * width + o;
                const float value = weight[(start + o) * l->in + i];
                if (l->halves)
                    l->halves[at] = float_to_half(value);
                else
                    l->floats[at] = value;
            }
    }
}

PanelLinear *panel_linear_new(size_t rows, size_t in, size_t out, Epilogue epilogue, const float *weight, Error *err)
{
    if (!panel_linear_suits(rows, in, out)) die("panel_linear: %zu x %zu by %zu does not suit", rows, in, out);
    PanelLinear *l = xcalloc(1, sizeof *l);
    *l = (PanelLinear){.epilogue = epilogue, .rows = rows, .in = in, .out = out};
    cut_work(l);
    const bool half = HALVES_ARE_QUICK && halves_hold(weight, in * out);
    if (half ? big_alloc(&l->halves, in * out, sizeof *l->halves, "the weight of a linear layer", err)
             : big_alloc(&l->floats, in * out, sizeof *l->floats, "the weight of a linear layer", err)) {
        pack(l, weight);
        return l;
    }
    free(l);
    return NULL;
}

size_t panel_linear_bytes(const PanelLinear *l)
{
    return l->in * l->out * (l->halves ? sizeof *l->halves : sizeof *l->floats);
}

void panel_linear_free(PanelLinear *l)
{
    if (!l) return;
    free(l->floats), free(l->halves);
    free(l);
}

/* ---- running ---- */

static size_t widened_size(const PanelLinear *l)
{
    return l->halves ? l->chunk * PANEL : 0;
}

static size_t thread_size(const PanelLinear *l)
{
    return widened_size(l) + (l->copies ? l->block * (l->chunk + GAP) : 0) + GAP;
}

size_t panel_linear_scratch(const PanelLinear *l)
{
    return l->threads * thread_size(l);
}

/* What a run was given, and of it the rows of one block. */
typedef struct Block {
    const float *x, *bias, *residual;
    float *y, *widened, *copy;
    size_t rows;
} Block;

static void copy_rows(const PanelLinear *l, const Block *b, size_t first, size_t channels)
{
    for (size_t row = 0; row < b->rows; row++)
        memcpy(b->copy + row * (l->chunk + GAP), b->x + row * l->in + first, channels * sizeof *b->copy);
}

/* The panel's weights of a chunk, [channels, width]; float16 ones are widened. */
static const float *chunk_weights(const PanelLinear *l, const Block *b, size_t start, size_t first, size_t channels)
{
    const size_t width = panel_width(l->out, start), at = start * l->in + first * width;
    if (l->floats) return l->floats + at;
    for (size_t i = 0; i < channels * width; i += LANES)
        lanes_store(b->widened + i, lanes_load_halves(l->halves + at + i));
    return b->widened;
}

typedef int32_t IntLanes __attribute__((vector_size(LANES * sizeof(int32_t))));

static Lanes relu(Lanes v)
{
    return (Lanes)(~(v < (Lanes){0}) & (IntLanes)v);
}

/* A finished tile of sums: bias, residual and relu by registers, the other activations a row at a time. */
static void finish_tile(const PanelLinear *l, const Block *b, size_t start, size_t width)
{
    const Epilogue e = l->epilogue;
    const bool curve = e.activation != ACT_NONE && e.activation != ACT_RELU;
    for (size_t row = 0; row < b->rows; row++) {
        float *y = b->y + row * l->out + start;
        for (size_t c = 0; c < width; c += LANES) {
            Lanes v = lanes_load(y + c);
            if (e.bias) v += lanes_load(b->bias + start + c);
            if (e.activation == ACT_RELU && e.activation_first) v = relu(v);
            if (e.residual && !(curve && e.activation_first)) v += lanes_load(b->residual + row * l->out + start + c);
            if (e.activation == ACT_RELU && !e.activation_first) v = relu(v);
            lanes_store(y + c, v);
        }
        if (!curve) continue;
        activate(e.activation, width, y);
        for (size_t c = 0; e.residual && e.activation_first && c < width; c += LANES)
            lanes_store(y + c, lanes_load(y + c) + lanes_load(b->residual + row * l->out + start + c));
    }
}

/* The columns from `from` to `to`, whole panels, of one block. */
static void run_block(const PanelLinear *l, const Block *b, size_t from, size_t to)
{
    const Epilogue e = l->epilogue;
    const bool plain = !e.bias && !e.residual && e.activation == ACT_NONE;
    for (size_t first = 0; first < l->in; first += l->chunk) {
        const size_t channels = l->in - first < l->chunk ? l->in - first : l->chunk;
        if (l->copies) copy_rows(l, b, first, channels);
        for (size_t start = from; start < to; start += PANEL) {
            const size_t width = panel_width(l->out, start), next = start + PANEL < to ? start + PANEL : from;
            const size_t ahead = next * l->in + first * panel_width(l->out, next);
            panel_product(&(PanelProduct){.rows = b->rows,
                                          .k = channels,
                                          .width = width,
                                          .a = l->copies ? b->copy : b->x,
                                          .lda = l->copies ? l->chunk + GAP : l->in,
                                          .b = chunk_weights(l, b, start, first, channels),
                                          .c = b->y + start,
                                          .ldc = l->out,
                                          .add = first > 0,
                                          .next = l->floats ? (const void *)(l->floats + ahead) : l->halves + ahead,
                                          .next_bytes = channels * width * (l->floats ? 4 : 2)});
            if (first + channels == l->in && !plain) finish_tile(l, b, start, width);
        }
    }
}

void panel_linear_run(const PanelLinear *l, const float *x, const float *bias, const float *residual, float *y,
                      float *scratch)
{
    const size_t panels = (l->out + PANEL - 1) / PANEL;
#pragma omp parallel for schedule(dynamic) num_threads((int)l->threads)
    for (size_t item = 0; item < l->blocks * l->groups; item++) {
        const size_t first = item / l->groups * l->block, group = item % l->groups;
        const size_t end = panels * (group + 1) / l->groups * PANEL;
        float *own = scratch + (size_t)omp_get_thread_num() * thread_size(l);
        const Block b = {.x = x + first * l->in,
                         .bias = bias,
                         .residual = l->epilogue.residual ? residual + first * l->out : NULL,
                         .y = y + first * l->out,
                         .widened = own,
                         .copy = own + widened_size(l),
                         .rows = l->rows - first < l->block ? l->rows - first : l->block};
        run_block(l, &b, panels * group / l->groups * PANEL, end < l->out ? end : l->out);
    }
}
