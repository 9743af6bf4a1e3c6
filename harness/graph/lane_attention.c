/* Keys and values are packed once a call, by head and chunk of keys: keys row by row, values transposed. A task is a few
 * tiles of PANEL queries of one head; it walks over the chunks, and both products of a tile and a chunk are
 * panel_product's: scores = K Q^T, then Y^T += V^T P. */
#include "harness/graph/lane_attention.h"

#include "harness/graph/fast_math.h"
#include "harness/graph/panels.h"

#include <math.h>
#include <omp.h>

enum {
    CHUNK = 128,      /* keys: with their values and a tile's scores about what the nearest cache holds */
    ROW = CHUNK + 16, /* a row of transposed values; no power of two, whose rows would share lines of the cache */
    TILES = 4         /* of queries a task: a chunk comes from the second-level cache once for all of them */
};

/* One tile of queries. */
typedef struct Tile {
    float maximum[PANEL], sum[PANEL];
} Tile;

static const float log2_e = 1.44269504f, ln_2 = 0.693147181f;

/* Turning queries and outputs round costs the more the fewer the keys are. */
bool lane_attention_suits(size_t queries, size_t keys, size_t depth)
{
    enum { QUERIES_MIN = 1024, DEPTH_MAX = 64, DEPTH_MAX_FEW = 48, FEW_KEYS = 256 };
    return queries >= QUERIES_MIN && depth <= (keys < FEW_KEYS ? DEPTH_MAX_FEW : DEPTH_MAX);
}

/* ---- scratch ---- */

static size_t chunks_of(const LaneAttention *a)
{
    return (a->keys + CHUNK - 1) / CHUNK;
}

static size_t chunk_keys(const LaneAttention *a, size_t chunk)
{
    const size_t left = a->keys - chunk * CHUNK;
    return left < CHUNK ? left : CHUNK;
}

/* Of one head: keys [CHUNK, depth] and values [depth, ROW] of every chunk. */
static size_t chunk_size(const LaneAttention *a)
{
    return a->depth * (CHUNK + ROW);
}

static size_t head_size(const LaneAttention *a)
{
    return chunks_of(a) * chunk_size(a);
}

/* Of one thread: scores [CHUNK, PANEL], and of every tile q^T and y^T [depth, PANEL]. */
static size_t thread_size(const LaneAttention *a)
{
    return PANEL * (CHUNK + 2 * TILES * a->depth);
}

size_t lane_attention_scratch(const LaneAttention *a)
{
    return a->batch * a->heads * head_size(a) + a->threads * thread_size(a);
}

/* ---- packing ---- */

static void pack_chunk(const LaneAttention *a, const float *k, const float *v, size_t keys, float *to)
{
    const size_t width = a->heads * a->depth;
    float *values = to + CHUNK * a->depth;
    for (size_t key = 0; key < keys; key++) {
        memcpy(to + key * a->depth, k + key * width, a->depth * sizeof *to);
        for (size_t d = 0; d < a->depth; d++) values[d * ROW + key] = v[key * width + d];
    }
}

/* q^T times the scale of scores to base 2; zeros behind the last query. */
static void take_queries(const LaneAttention *a, const float *q, size_t queries, float *to)
{
    const float scale = log2_e / sqrtf((float)a->depth);
    const size_t width = a->heads * a->depth;
    for (size_t i = 0; i < PANEL; i++)
        for (size_t d = 0; d < a->depth; d++) to[d * PANEL + i] = i < queries ? q[i * width + d] * scale : 0;
}

/* ---- a tile and a chunk ---- */

/* Raises the maxima to those of the scores, and scales what was summed under the lower ones. */
static void raise_maxima(const LaneAttention *a, const float *scores, size_t keys, Tile *t, float *y)
{
    float before[PANEL], factor[PANEL];
    bool risen = false;
    memcpy(before, t->maximum, sizeof before);
    for (size_t key = 0; key < keys; key++)
#pragma omp simd
        for (size_t i = 0; i < PANEL; i++) {
            const float s = scores[key * PANEL + i];
            t->maximum[i] = s > t->maximum[i] ? s : t->maximum[i];
        }
    for (size_t i = 0; i < PANEL; i++) risen |= t->maximum[i] > before[i];
    if (!risen) return;
#pragma omp simd
    for (size_t i = 0; i < PANEL; i++) {
        factor[i] = fast_exp2_of_nonpositive(before[i] - t->maximum[i]);
        t->sum[i] *= factor[i];
    }
    for (size_t d = 0; d < a->depth; d++)
#pragma omp simd
        for (size_t i = 0; i < PANEL; i++) y[d * PANEL + i] *= factor[i];
}

/* Scores to powers, in place, and their sums. */
static void take_powers(float *scores, size_t keys, Tile *t)
{
    for (size_t key = 0; key < keys; key++)
#pragma omp simd
        for (size_t i = 0; i < PANEL; i++) {
            const float power = fast_exp2_of_nonpositive(scores[key * PANEL + i] - t->maximum[i]);
            scores[key * PANEL + i] = power;
            t->sum[i] += power;
        }
}

static void take_chunk(const LaneAttention *a, const float *chunk, size_t keys, Tile *t, const float *q, float *y,
                       float *scores)
{
    panel_product(&(PanelProduct){
        .rows = keys, .k = a->depth, .width = PANEL, .a = chunk, .lda = a->depth, .b = q, .c = scores, .ldc = PANEL});
    raise_maxima(a, scores, keys, t, y);
    take_powers(scores, keys, t);
    panel_product(&(PanelProduct){.rows = a->depth,
                                  .k = keys,
                                  .width = PANEL,
                                  .a = chunk + CHUNK * a->depth,
                                  .lda = ROW,
                                  .b = scores,
                                  .c = y,
                                  .ldc = PANEL,
                                  .add = true});
}

/* ---- a task ---- */

static void give_outputs(const LaneAttention *a, const Tile *t, const float *from, size_t queries, float *y,
                         float *log_sum)
{
    const size_t width = a->heads * a->depth;
    for (size_t i = 0; i < queries; i++) {
        const float factor = 1 / t->sum[i];
        for (size_t d = 0; d < a->depth; d++) y[i * width + d] = from[d * PANEL + i] * factor;
        if (log_sum) log_sum[i] = t->maximum[i] * ln_2 + logf(t->sum[i]);
    }
}

/* `queries` <= TILES * PANEL of one head; q, y and log_sum start at the first. */
static void run_task(const LaneAttention *a, const float *q, const float *head, size_t queries, float *y,
                     float *log_sum, float *own)
{
    Tile tiles[TILES];
    const size_t count = (queries + PANEL - 1) / PANEL, size = a->depth * PANEL, width = a->heads * a->depth;
    float *scores = own, *all_q = own + CHUNK * PANEL, *all_y = all_q + TILES * size;
    memset(all_y, 0, count * size * sizeof *all_y);
    for (size_t t = 0; t < count; t++) {
        const size_t left = queries - t * PANEL;
        take_queries(a, q + t * PANEL * width, left < PANEL ? left : PANEL, all_q + t * size);
        for (size_t i = 0; i < PANEL; i++) tiles[t].maximum[i] = -INFINITY, tiles[t].sum[i] = 0;
    }
    for (size_t chunk = 0; chunk < chunks_of(a); chunk++)
        for (size_t t = 0; t < count; t++)
            take_chunk(a, head + chunk * chunk_size(a), chunk_keys(a, chunk), &tiles[t], all_q + t * size,
                       all_y + t * size, scores);
    for (size_t t = 0; t < count; t++) {
        const size_t first = t * PANEL, left = queries - first;
        give_outputs(a, &tiles[t], all_y + t * size, left < PANEL ? left : PANEL, y + first * width,
                     log_sum ? log_sum + first : NULL);
    }
}

void lane_attention_run(const LaneAttention *a, const float *q, const float *k, const float *v, float *y,
                        float *log_sum, float *scratch)
{
    const size_t heads = a->batch * a->heads, width = a->heads * a->depth, chunks = chunks_of(a);
    const size_t at_once = TILES * PANEL, tasks = (a->queries + at_once - 1) / at_once;
    float *packed = scratch, *threads = packed + heads * head_size(a);
#pragma omp parallel num_threads((int)a->threads)
    {
#pragma omp for schedule(static)
        for (size_t i = 0; i < heads * chunks; i++) {
            const size_t head = i / chunks, chunk = i % chunks, b = head / a->heads;
            const size_t at = (b * a->keys + chunk * CHUNK) * width + head % a->heads * a->depth;
            pack_chunk(a, k + at, v + at, chunk_keys(a, chunk), packed + i * chunk_size(a));
        }
        float *own = threads + (size_t)omp_get_thread_num() * thread_size(a);
#pragma omp for schedule(dynamic)
        for (size_t i = 0; i < heads * tasks; i++) {
            const size_t head = i / tasks, first = i % tasks * at_once, left = a->queries - first;
            const size_t at = (head / a->heads * a->queries + first) * width + head % a->heads * a->depth;
            run_task(a, q + at, packed + head * head_size(a), left < at_once ? left : at_once, y + at,
                     log_sum ? log_sum + head * a->queries + first : NULL, own);
        }
    }
}
