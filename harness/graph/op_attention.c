/* Multi-head attention by tiles (Vaswani et al. 2017; Dao et al. 2022 for the running softmax). The forward of many queries
 * in narrow heads is that of lane_attention.c. */
#include "harness/graph/op_attention.h"

#include "harness/graph/fast_math.h"
#include "harness/graph/lane_attention.h"
#include "harness/graph/onednn.h"
#include "harness/graph/op.h"

#include <math.h>
#include <omp.h>
#include <string.h>

/* Shapes and formulas:
 *
 *   q [B, Tq, D]   k, v [B, Tk, D]   y [B, Tq, D]   heads of d = D / heads;   y = softmax(q k^T / sqrt(d)) v
 *   saved: logarithm of each row's sum of exponentials [B, heads, Tq]
 * Forward takes its scores to base 2: exp(s) = 2^(s log2 e), the factor is the product's, and powers of two are cheaper.
 * A task is one query tile of one head; it walks over the key tiles with a running maximum m and sum s: when a tile
 * raises m, what was summed before is scaled by exp(m_old - m_new). Heads are strided slices of q, k, v, never copied.
 * Backward recomputes p = exp(score - log sum) a tile at a time; with delta = sum_d dy y:
 *   dv = p^T dy     ds = p (dy v^T - delta) / sqrt(d)     dq = ds k     dk = ds^T q                                 */

typedef struct AttentionAttributes {
    size_t heads, query_tile, key_tile;
    AttentionMask mask;
    bool by_lanes; /* forward is lane_attention's */
    int threads;   /* that scratch is there for */
} AttentionAttributes;

typedef struct Geometry {
    AttentionAttributes a;
    size_t batch, queries, keys, width, depth;
    float scale;
} Geometry;

static Geometry geometry_of(const Node *node)
{
    Geometry s = {.a = *(const AttentionAttributes *)node->attributes};
    s.batch = node->shape.dim[0];
    s.queries = node->shape.dim[1];
    s.width = node->shape.dim[2];
    s.keys = node->in[1]->shape.dim[1];
    s.depth = s.width / s.a.heads;
    s.scale = 1 / sqrtf((float)s.depth);
    return s;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Keys that a query sees: the first so many. */
static size_t visible_keys(const Geometry *s, size_t query)
{
    return s->a.mask == ATTEND_CAUSAL ? query + 1 + s->keys - s->queries : s->keys;
}

/* Visible ones among the columns of a tile. */
static size_t visible_columns(const Geometry *s, size_t query, size_t first_key, size_t columns)
{
    const size_t visible = visible_keys(s, query);
    return visible <= first_key ? 0 : least(visible - first_key, columns);
}

static int thread_count(const AttentionAttributes *a)
{
    const int now = omp_get_max_threads();
    return now < a->threads ? now : a->threads;
}

static size_t floats_a_thread(const AttentionAttributes *a, bool backward)
{
    const size_t floats = (backward ? 2 : 1) * a->query_tile * a->key_tile + 2 * a->query_tile;
    return (floats + 15) / 16 * 16;
}

static LaneAttention lane_attention_of(const Geometry *s)
{
    return (LaneAttention){.batch = s->batch,
                           .queries = s->queries,
                           .keys = s->keys,
                           .heads = s->a.heads,
                           .depth = s->depth,
                           .threads = (size_t)s->a.threads};
}

static size_t attention_scratch(const Node *node, bool backward)
{
    const AttentionAttributes *a = node->attributes;
    if (a->by_lanes && !backward) {
        const Geometry s = geometry_of(node);
        const LaneAttention lanes = lane_attention_of(&s);
        return lane_attention_scratch(&lanes);
    }
    return (size_t)a->threads * floats_a_thread(a, backward);
}

static size_t attention_saved(const Node *node)
{
    const Geometry s = geometry_of(node);
    return s.batch * s.a.heads * s.queries;
}

static const float log2_e = 1.44269504f, ln_2 = 0.693147181f;

/* One tile of scores of one head, times `scale`; the head starts at q and k. */
static void scores(const Geometry *s, float scale, const float *q, const float *k, size_t rows, size_t columns,
                   float *tile)
{
    onednn_sgemm(false, true, rows, columns, s->depth, scale, q, s->width, k, s->width, 0, tile, columns);
}

/* Scores of a row to 2^(score - maximum); returns their sum. Raises *maximum to the row's. */
static float powers(float *row, size_t n, float *maximum)
{
    const float m = row_maximum(row, n, *maximum);
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t j = 0; j < n; j++) {
        row[j] = fast_exp2_of_nonpositive(row[j] - m);
        sum += row[j];
    }
    *maximum = m;
    return sum;
}

static void scale_row(float *row, size_t n, float factor)
{
#pragma omp simd
    for (size_t j = 0; j < n; j++) row[j] *= factor;
}

/* The running softmax takes in one tile; y [rows, d] (stride width) holds the sum over earlier tiles, if there were any. */
static void take_tile(const Geometry *s, float *tile, size_t rows, size_t columns, size_t first_query, size_t first_key,
                      float *maximum, float *sum, float *y)
{
    for (size_t i = 0; i < rows; i++) {
        float *row = tile + i * columns;
        const size_t visible = visible_columns(s, first_query + i, first_key, columns);
        memset(row + visible, 0, (columns - visible) * sizeof(float));
        if (visible == 0) continue;
        if (first_key == 0) {
            maximum[i] = -INFINITY;
            sum[i] = powers(row, visible, &maximum[i]);
            continue;
        }
        const float before = maximum[i], added = powers(row, visible, &maximum[i]);
        if (maximum[i] > before) {
            const float factor = fast_exp2_of_nonpositive(before - maximum[i]);
            sum[i] *= factor;
            scale_row(y + i * s->width, s->depth, factor);
        }
        sum[i] += added;
    }
}

/* One query tile of one head; q, k, v, y start at the head's first column, q and y at the tile's first row. */
static void forward_tile(const Geometry *s, const float *q, const float *k, const float *v, float *y,
                         size_t first_query, size_t rows, float *scratch, float *log_sum)
{
    float *tile = scratch, *maximum = tile + s->a.query_tile * s->a.key_tile, *sum = maximum + s->a.query_tile;
    const size_t end = visible_keys(s, first_query + rows - 1);
    for (size_t first = 0; first < end; first += s->a.key_tile) {
        const size_t columns = least(s->a.key_tile, end - first);
        scores(s, s->scale * log2_e, q, k + first * s->width, rows, columns, tile);
        take_tile(s, tile, rows, columns, first_query, first, maximum, sum, y);
        onednn_sgemm(false, false, rows, s->depth, columns, 1, tile, columns, v + first * s->width, s->width,
                     first ? 1 : 0, y, s->width);
    }
    for (size_t i = 0; i < rows; i++) scale_row(y + i * s->width, s->depth, 1 / sum[i]);
    if (log_sum)
        for (size_t i = 0; i < rows; i++) log_sum[i] = maximum[i] * ln_2 + logf(sum[i]);
}

static void attention_forward(const OpCall *c)
{
    const Geometry s = geometry_of(c->node);
    const size_t tiles = (s.queries + s.a.query_tile - 1) / s.a.query_tile, per_thread = floats_a_thread(&s.a, false);
    const size_t tasks = s.batch * s.a.heads * tiles;
    if (s.a.by_lanes) {
        const LaneAttention lanes = lane_attention_of(&s);
        lane_attention_run(&lanes, c->in[0], c->in[1], c->in[2], c->out, c->saved, c->scratch);
        return;
    }
#pragma omp parallel for schedule(dynamic) num_threads(thread_count(&s.a))
    for (size_t task = 0; task < tasks; task++) {
        const size_t head = task / tiles % s.a.heads, b = task / tiles / s.a.heads;
        const size_t first = task % tiles * s.a.query_tile, rows = least(s.a.query_tile, s.queries - first);
        const size_t at = (b * s.queries + first) * s.width + head * s.depth;
        const size_t keys_at = b * s.keys * s.width + head * s.depth;
        float *scratch = c->scratch + (size_t)omp_get_thread_num() * per_thread;
        float *log_sum = c->saved ? c->saved + (b * s.a.heads + head) * s.queries + first : NULL;
        forward_tile(&s, c->in[0] + at, c->in[1] + keys_at, c->in[2] + keys_at, c->out + at, first, rows, scratch,
                     log_sum);
    }
}

/* Pointers to one head of one batch entry. */
typedef struct HeadGradients {
    const float *q, *k, *v, *y, *dy, *log_sum;
    float *dq, *dk, *dv;
} HeadGradients;

static void zero_rows(float *x, size_t rows, size_t n, size_t stride)
{
    if (x)
        for (size_t i = 0; i < rows; i++) memset(x + i * stride, 0, n * sizeof(float));
}

/* Tile of scores to probabilities, those of masked keys 0. */
static void probabilities(const Geometry *s, float *tile, size_t rows, size_t columns, size_t first_query,
                          size_t first_key, const float *log_sum)
{
    for (size_t i = 0; i < rows; i++) {
        float *row = tile + i * columns;
        const size_t visible = visible_columns(s, first_query + i, first_key, columns);
#pragma omp simd
        for (size_t j = 0; j < visible; j++) row[j] = fast_exp(row[j] - log_sum[i]);
        memset(row + visible, 0, (columns - visible) * sizeof(float));
    }
}

/* p (dp - delta) scale, into p. */
static void score_gradients(float *p, const float *dp, size_t rows, size_t columns, const float *delta, float scale)
{
    for (size_t i = 0; i < rows; i++) {
        float *row = p + i * columns;
        const float *drow = dp + i * columns, di = delta[i];
#pragma omp simd
        for (size_t j = 0; j < columns; j++) row[j] = row[j] * (drow[j] - di) * scale;
    }
}

static void row_products(const float *a, const float *b, size_t rows, size_t n, size_t stride, float *sums)
{
    for (size_t i = 0; i < rows; i++) sums[i] = row_dot(a + i * stride, b + i * stride, n);
}

/* One query tile: overwrites its rows of dq, adds to dk and dv. */
static void backward_tile(const Geometry *s, const HeadGradients *h, size_t first_query, size_t rows, float *scratch)
{
    const size_t size = s->a.query_tile * s->a.key_tile, w = s->width, d = s->depth, at = first_query * w;
    float *p = scratch, *dp = p + size, *delta = dp + size;
    const size_t end = visible_keys(s, first_query + rows - 1);
    row_products(h->dy + at, h->y + at, rows, d, w, delta);
    for (size_t first = 0; first < end; first += s->a.key_tile) {
        const size_t columns = least(s->a.key_tile, end - first), key_at = first * w;
        scores(s, s->scale, h->q + at, h->k + key_at, rows, columns, p);
        probabilities(s, p, rows, columns, first_query, first, h->log_sum + first_query);
        if (h->dv) onednn_sgemm(true, false, columns, d, rows, 1, p, columns, h->dy + at, w, 1, h->dv + key_at, w);
        if (!h->dq && !h->dk) continue;
        onednn_sgemm(false, true, rows, columns, d, 1, h->dy + at, w, h->v + key_at, w, 0, dp, columns);
        score_gradients(p, dp, rows, columns, delta, s->scale);
        if (h->dq)
            onednn_sgemm(false, false, rows, d, columns, 1, p, columns, h->k + key_at, w, first ? 1 : 0, h->dq + at, w);
        if (h->dk) onednn_sgemm(true, false, columns, d, rows, 1, p, columns, h->q + at, w, 1, h->dk + key_at, w);
    }
}

static void attention_backward(const OpCall *c)
{
    const Geometry s = geometry_of(c->node);
    const size_t per_thread = floats_a_thread(&s.a, true);
#pragma omp parallel for schedule(dynamic) num_threads(thread_count(&s.a))
    for (size_t task = 0; task < s.batch * s.a.heads; task++) {
        const size_t head = task % s.a.heads, b = task / s.a.heads;
        const size_t at = b * s.queries * s.width + head * s.depth, key_at = b * s.keys * s.width + head * s.depth;
        float *const *din = c->din;
        const HeadGradients h = {c->in[0] + at,
                                 c->in[1] + key_at,
                                 c->in[2] + key_at,
                                 c->out + at,
                                 c->dout + at,
                                 c->saved + task * s.queries,
                                 din[0] ? din[0] + at : NULL,
                                 din[1] ? din[1] + key_at : NULL,
                                 din[2] ? din[2] + key_at : NULL};
        zero_rows(h.dk, s.keys, s.depth, s.width);
        zero_rows(h.dv, s.keys, s.depth, s.width);
        for (size_t first = 0; first < s.queries; first += s.a.query_tile)
            backward_tile(&s, &h, first, least(s.a.query_tile, s.queries - first),
                          c->scratch + (size_t)omp_get_thread_num() * per_thread);
    }
}

/* Two products of d multiply-adds a visible pair forward, four backward. */
static double attention_flop(const Node *node, bool backward)
{
    const Geometry s = geometry_of(node);
    double pairs = 0;
    for (size_t i = 0; i < s.queries; i++) pairs += (double)visible_keys(&s, i);
    return (backward ? 8 : 4) * pairs * (double)(s.batch * s.width);
}

static const Op op_attention = {
    .name = "attention",
    .backward_reads = READS_INPUT(0) | READS_INPUT(1) | READS_INPUT(2) | READS_OUTPUT,
    .saved = attention_saved,
    .scratch = attention_scratch,
    .forward = attention_forward,
    .backward = attention_backward,
    .flop = attention_flop,
};

static void check_shapes(const Node *q, const Node *k, const Node *v, int heads, AttentionMask mask)
{
    char a[96], b[96], c[96];
    const Shape *s = &q->shape, *t = &k->shape;
    const bool fits = s->rank == 3 && t->rank == 3 && shape_equal(*t, v->shape) && s->dim[0] == t->dim[0] &&
                      s->dim[2] == t->dim[2] && heads > 0 && s->dim[2] % (size_t)heads == 0 && t->dim[1] > 0;
    if (!fits || (mask == ATTEND_CAUSAL && t->dim[1] < s->dim[1]))
        die("attention of %d heads does not fit q %s, k %s, v %s", heads, shape_text(*s, a), shape_text(*t, b),
            shape_text(v->shape, c));
}

/* Whole rows of scores as long as 128 of them stay in a core's second-level cache (half a megabyte); beyond, tiles of 512
 * keys. */
static void choose_tiles(size_t queries, size_t keys, size_t *query_tile, size_t *key_tile)
{
    enum { WHOLE_ROWS = 1024, KEY_TILE = 512, TILE_FLOATS = 128 * 1024, QUERY_TILE_MAX = 256 };
    *key_tile = keys <= WHOLE_ROWS ? keys : KEY_TILE;
    *query_tile = least(least(queries, QUERY_TILE_MAX), TILE_FLOATS / *key_tile);
}

Node *attention_with_tiles(Graph *g, Node *q, Node *k, Node *v, int heads, AttentionMask mask, size_t query_tile,
                           size_t key_tile)
{
    check_shapes(q, k, v, heads, mask);
    if (query_tile == 0) choose_tiles(q->shape.dim[1], k->shape.dim[1], &query_tile, &key_tile);
    const AttentionAttributes a = {(size_t)heads, query_tile, key_tile, mask, false, omp_get_max_threads()};
    return node_new(g, &op_attention, q->shape, NODES(q, k, v), &a, sizeof a);
}

Node *attention(Graph *g, Node *q, Node *k, Node *v, int heads, AttentionMask mask)
{
    Node *node = attention_with_tiles(g, q, k, v, heads, mask, 0, 0);
    AttentionAttributes *a = node->attributes;
    const Geometry s = geometry_of(node);
    a->by_lanes = mask == ATTEND_ALL && lane_attention_suits(s.queries, s.keys, s.depth);
    return node;
}
