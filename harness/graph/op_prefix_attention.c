/* Causal attention over ragged sequences that share a prefix, the exact saving behind prompt learning: the prefix's
 * keys and values are the same for all sequences, so they stand once. */
#include "harness/graph/fast_math.h"
#include "harness/graph/onednn.h"
#include "harness/graph/op.h"
#include "harness/graph/ops.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

/* Shapes and formulas:
 *
 *   q, k, v, y [T, D]   prefix k, v [P, D]   sequence s has the rows offsets[s] .. offsets[s+1]-1; heads of d = D / heads
 *   row i of a sequence sees the prefix and the sequence's rows up to i;   saved: log sum of exponentials [heads, T]
 * A head is a task. Prefix scores of all rows are one product [T, P]; the few own rows of a sequence are small loops.
 * Backward, with p = exp(score - log sum) and delta_i = dy_i . y_i:   dv = p^T dy,  ds = p (dy v^T - delta) / sqrt(d),
 * dq = ds k,  dk = ds^T q.  The prefix gets its gradients from all sequences by one product a head, in a fixed order. */

typedef struct PrefixAttributes {
    size_t heads, sequences, longest;
    int threads;       /* that scratch is there for */
    int32_t offsets[]; /* [sequences + 1] */
} PrefixAttributes;

enum { Q, K, V, PREFIX_K, PREFIX_V };

/* One head: pointers at its first column; rows are `width` apart. */
typedef struct PrefixHead {
    const PrefixAttributes *a;
    size_t rows, prefix, width, depth;
    float scale;
    const float *q, *k, *v, *prefix_k, *prefix_v;
} PrefixHead;

static PrefixHead head_of(const OpCall *c, size_t head)
{
    const PrefixAttributes *a = c->node->attributes;
    const bool has_prefix = c->node->inputs > PREFIX_K;
    const size_t width = c->node->shape.dim[1], depth = width / a->heads, at = head * depth;
    return (PrefixHead){a,
                        c->node->shape.dim[0],
                        has_prefix ? c->node->in[PREFIX_K]->shape.dim[0] : 0,
                        width,
                        depth,
                        1 / sqrtf((float)depth),
                        c->in[Q] + at,
                        c->in[K] + at,
                        c->in[V] + at,
                        has_prefix ? c->in[PREFIX_K] + at : NULL,
                        has_prefix ? c->in[PREFIX_V] + at : NULL};
}

static void add_scaled(float *y, float factor, const float *x, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) y[i] += factor * x[i];
}

static void zero_rows(float *x, size_t rows, size_t n, size_t stride)
{
    if (x)
        for (size_t i = 0; i < rows; i++) memset(x + i * stride, 0, n * sizeof(float));
}

static void prefix_scores(const PrefixHead *h, float *scores)
{
    if (h->prefix)
        onednn_sgemm(false, true, h->rows, h->prefix, h->depth, h->scale, h->q, h->width, h->prefix_k, h->width, 0,
                     scores, h->prefix);
}

/* Softmax over two pieces of a row at once, in place; returns the logarithm of the sum of exponentials. */
static float softmax_of_pieces(float *a, size_t na, float *b, size_t nb)
{
    const float maximum = row_maximum(b, nb, row_maximum(a, na, -INFINITY));
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < na; i++) sum += a[i] = fast_exp(a[i] - maximum);
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < nb; i++) sum += b[i] = fast_exp(b[i] - maximum);
    const float inverse = 1 / sum;
    for (size_t i = 0; i < na; i++) a[i] *= inverse;
    for (size_t i = 0; i < nb; i++) b[i] *= inverse;
    return maximum + logf(sum);
}

/* Rows of one sequence: softmax over prefix scores and own scores together; y becomes the own rows' share. */
static void forward_sequence(const PrefixHead *h, size_t first, size_t end, float *scores, float *own, float *y,
                             float *log_sum)
{
    const size_t w = h->width, d = h->depth;
    for (size_t i = first; i < end; i++) {
        const size_t count = i - first + 1;
        for (size_t j = 0; j < count; j++) own[j] = h->scale * row_dot(h->q + i * w, h->k + (first + j) * w, d);
        const float log_i = softmax_of_pieces(scores + i * h->prefix, h->prefix, own, count);
        if (log_sum) log_sum[i] = log_i;
        memset(y + i * w, 0, d * sizeof(float));
        for (size_t j = 0; j < count; j++) add_scaled(y + i * w, own[j], h->v + (first + j) * w, d);
    }
}

static size_t floats_a_thread(const Node *node, bool backward)
{
    const PrefixAttributes *a = node->attributes;
    const size_t prefix = node->inputs > PREFIX_K ? node->in[PREFIX_K]->shape.dim[0] : 0, rows = node->shape.dim[0];
    const size_t floats = (backward ? 2 : 1) * rows * prefix + (backward ? rows : a->longest);
    return (floats + 15) / 16 * 16;
}

static size_t prefix_scratch(const Node *node, bool backward)
{
    return (size_t)((const PrefixAttributes *)node->attributes)->threads * floats_a_thread(node, backward);
}

static size_t prefix_saved(const Node *node)
{
    return ((const PrefixAttributes *)node->attributes)->heads * node->shape.dim[0];
}

static int thread_count(const PrefixAttributes *a)
{
    const int now = omp_get_max_threads();
    return now < a->threads ? now : a->threads;
}

static void prefix_forward(const OpCall *c)
{
    const PrefixAttributes *a = c->node->attributes;
    const size_t per_thread = floats_a_thread(c->node, false);
#pragma omp parallel for schedule(static) num_threads(thread_count(a))
    for (size_t head = 0; head < a->heads; head++) {
        const PrefixHead h = head_of(c, head);
        float *scores = c->scratch + (size_t)omp_get_thread_num() * per_thread, *own = scores + h.rows * h.prefix;
        float *y = c->out + head * h.depth, *log_sum = c->saved ? c->saved + head * h.rows : NULL;
        prefix_scores(&h, scores);
        for (size_t s = 0; s < a->sequences; s++)
            forward_sequence(&h, (size_t)a->offsets[s], (size_t)a->offsets[s + 1], scores, own, y, log_sum);
        if (h.prefix)
            onednn_sgemm(false, false, h.rows, h.depth, h.prefix, 1, scores, h.prefix, h.prefix_v, h.width, 1, y,
                         h.width);
    }
}

/* Gradients of one head, at its first column; any of din may be NULL. */
typedef struct PrefixGradients {
    const float *y, *dy, *log_sum;
    float *din[5];
} PrefixGradients;

/* Everything that goes over the prefix: overwrites dq and the prefix's gradients. p, ds [rows, prefix]. */
static void backward_prefix(const PrefixHead *h, const PrefixGradients *d, float *p, float *ds, const float *delta)
{
    const size_t w = h->width, n = h->prefix, rows = h->rows, depth = h->depth;
    prefix_scores(h, p);
    onednn_sgemm(false, true, rows, n, depth, 1, d->dy, w, h->prefix_v, w, 0, ds, n);
    for (size_t i = 0; i < rows; i++)
#pragma omp simd
        for (size_t j = 0; j < n; j++) {
            const float pij = fast_exp(p[i * n + j] - d->log_sum[i]);
            p[i * n + j] = pij;
            ds[i * n + j] = pij * (ds[i * n + j] - delta[i]) * h->scale;
        }
    if (d->din[Q]) onednn_sgemm(false, false, rows, depth, n, 1, ds, n, h->prefix_k, w, 0, d->din[Q], w);
    if (d->din[PREFIX_K]) onednn_sgemm(true, false, n, depth, rows, 1, ds, n, h->q, w, 0, d->din[PREFIX_K], w);
    if (d->din[PREFIX_V]) onednn_sgemm(true, false, n, depth, rows, 1, p, n, d->dy, w, 0, d->din[PREFIX_V], w);
}

/* The own rows of one sequence: adds to dq, dk, dv. */
static void backward_sequence(const PrefixHead *h, const PrefixGradients *d, size_t first, size_t end,
                              const float *delta)
{
    const size_t w = h->width, depth = h->depth;
    for (size_t i = first; i < end; i++)
        for (size_t j = first; j <= i; j++) {
            const float p = fast_exp(h->scale * row_dot(h->q + i * w, h->k + j * w, depth) - d->log_sum[i]);
            const float ds = p * (row_dot(d->dy + i * w, h->v + j * w, depth) - delta[i]) * h->scale;
            if (d->din[Q]) add_scaled(d->din[Q] + i * w, ds, h->k + j * w, depth);
            if (d->din[K]) add_scaled(d->din[K] + j * w, ds, h->q + i * w, depth);
            if (d->din[V]) add_scaled(d->din[V] + j * w, p, d->dy + i * w, depth);
        }
}

static void backward_head(const OpCall *c, size_t head, float *scratch)
{
    const PrefixHead h = head_of(c, head);
    const size_t at = head * h.depth;
    PrefixGradients d = {c->out + at, c->dout + at, c->saved + head * h.rows, {0}};
    for (int i = 0; i < c->node->inputs; i++) d.din[i] = c->din[i] ? c->din[i] + at : NULL;
    float *p = scratch, *ds = p + h.rows * h.prefix, *delta = ds + h.rows * h.prefix;
    for (size_t i = 0; i < h.rows; i++) delta[i] = row_dot(d.dy + i * h.width, d.y + i * h.width, h.depth);
    if (!h.prefix) zero_rows(d.din[Q], h.rows, h.depth, h.width);
    zero_rows(d.din[K], h.rows, h.depth, h.width);
    zero_rows(d.din[V], h.rows, h.depth, h.width);
    if (h.prefix) backward_prefix(&h, &d, p, ds, delta);
    for (size_t s = 0; s < h.a->sequences; s++)
        backward_sequence(&h, &d, (size_t)h.a->offsets[s], (size_t)h.a->offsets[s + 1], delta);
}

static void prefix_backward(const OpCall *c)
{
    const PrefixAttributes *a = c->node->attributes;
    const size_t per_thread = floats_a_thread(c->node, true);
#pragma omp parallel for schedule(static) num_threads(thread_count(a))
    for (size_t head = 0; head < a->heads; head++)
        backward_head(c, head, c->scratch + (size_t)omp_get_thread_num() * per_thread);
}

static double prefix_flop(const Node *node, bool backward)
{
    const PrefixAttributes *a = node->attributes;
    double pairs = node->inputs > PREFIX_K ? (double)(node->shape.dim[0] * node->in[PREFIX_K]->shape.dim[0]) : 0;
    for (size_t s = 0; s < a->sequences; s++) {
        const double n = a->offsets[s + 1] - a->offsets[s];
        pairs += n * (n + 1) / 2;
    }
    return (backward ? 8 : 4) * pairs * (double)node->shape.dim[1];
}

static const Op op_prefix_attention = {
    .name = "prefix_attention",
    .backward_reads = READS_ALL_INPUTS | READS_OUTPUT,
    .saved = prefix_saved,
    .scratch = prefix_scratch,
    .forward = prefix_forward,
    .backward = prefix_backward,
    .flop = prefix_flop,
};

static void check_shapes(const Node *q, const Node *k, const Node *v, const Node *pk, const Node *pv, int heads,
                         const int32_t *offsets, size_t sequences)
{
    char a[96], b[96], c[96];
    bool fits = q->shape.rank == 2 && shape_equal(q->shape, k->shape) && shape_equal(q->shape, v->shape) && heads > 0 &&
                q->shape.dim[1] % (size_t)heads == 0 && !pk == !pv;
    if (fits && pk)
        fits = pk->shape.rank == 2 && shape_equal(pk->shape, pv->shape) && pk->shape.dim[1] == q->shape.dim[1];
    if (!fits)
        die("prefix_attention of %d heads does not fit q %s, k %s, prefix %s", heads, shape_text(q->shape, a),
            shape_text(k->shape, b), pk ? shape_text(pk->shape, c) : "none");
    bool ordered = offsets[0] == 0 && (size_t)offsets[sequences] == q->shape.dim[0];
    for (size_t s = 0; s < sequences; s++) ordered = ordered && offsets[s] <= offsets[s + 1];
    if (!ordered) die("prefix_attention: offsets do not cut the rows into sequences");
}

/* Rows of every sequence if all are equally long, else 0. */
static size_t common_length(const int32_t *offsets, size_t sequences)
{
    for (size_t s = 1; s < sequences; s++)
        if (offsets[s + 1] - offsets[s] != offsets[1]) return 0;
    return (size_t)offsets[1];
}

Node *prefix_attention(Graph *g, Node *q, Node *k, Node *v, Node *prefix_k, Node *prefix_v, int heads,
                       const int32_t *offsets, size_t sequences)
{
    check_shapes(q, k, v, prefix_k, prefix_v, heads, offsets, sequences);
    const size_t length = common_length(offsets, sequences), width = q->shape.dim[1];
    if (!prefix_k && length) { /* an ordinary batch: products do it better than loops */
        const Shape batch = shape(sequences, length, width);
        Node *y = attention(g, reshape(g, q, batch), reshape(g, k, batch), reshape(g, v, batch), heads, ATTEND_CAUSAL);
        return reshape(g, y, q->shape);
    }
    const size_t bytes = sizeof(PrefixAttributes) + (sequences + 1) * sizeof *offsets;
    PrefixAttributes *a = xcalloc(1, bytes);
    a->heads = (size_t)heads;
    a->sequences = sequences;
    a->threads = omp_get_max_threads();
    memcpy(a->offsets, offsets, (sequences + 1) * sizeof *offsets);
    for (size_t s = 0; s < sequences; s++) {
        const size_t rows = (size_t)(offsets[s + 1] - offsets[s]);
        a->longest = rows > a->longest ? rows : a->longest;
    }
    Node *y = node_new(g, &op_prefix_attention, q->shape, NODES(q, k, v, prefix_k, prefix_v), a, bytes);
    free(a);
    return y;
}
