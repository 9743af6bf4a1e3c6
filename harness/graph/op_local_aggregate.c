/* Local aggregation of TaI-DPT (Guo et al. 2023), without its factor:  z_n = sum_j w_jn s_jn,  w_jn = softmax_j(tau s_jn)
 *   s [B, P, N]   lengths [B]: the first lengths[b] positions count; a length of 0 gives z = 0   z [B, N]
 *   saved: logarithm of the sum of exponentials [B, N]
 * Backward: ds_jn = dz_n w_jn (1 + tau (s_jn - z_n)), and 0 at positions that do not count.
 * Rows of s are classes, so everything is done for a strip of classes side by side. */
#include "harness/graph/fast_math.h"
#include "harness/graph/op.h"
#include "harness/graph/ops.h"

#include <math.h>
#include <string.h>

enum { STRIP = 64 }; /* classes at once: their maxima and sums stay in registers and first-level cache */

typedef struct AggregateAttributes {
    float tau;
} AggregateAttributes;

static size_t counted_positions(const OpCall *c, size_t b)
{
    const size_t positions = c->node->in[0]->shape.dim[1];
    if (c->node->inputs < 2) return positions;
    const int32_t length = ((const int32_t *)(const void *)c->in[1])[b];
    if (length < 0 || (size_t)length > positions)
        die("local_aggregate: length %d of %zu positions", (int)length, positions);
    return (size_t)length;
}

/* One strip of n <= STRIP classes; rows of s are `classes` apart. */
static void aggregate_strip(const float *s, size_t positions, size_t classes, size_t n, float tau, float *z,
                            float *log_sum)
{
    float maximum[STRIP], sum[STRIP] = {0}, weighted[STRIP] = {0};
    for (size_t i = 0; i < n; i++) maximum[i] = -INFINITY;
    for (size_t j = 0; j < positions; j++)
#pragma omp simd
        for (size_t i = 0; i < n; i++) {
            const float t = tau * s[j * classes + i];
            maximum[i] = t > maximum[i] ? t : maximum[i];
        }
    for (size_t j = 0; j < positions; j++)
#pragma omp simd
        for (size_t i = 0; i < n; i++) {
            const float value = s[j * classes + i], e = fast_exp(tau * value - maximum[i]);
            sum[i] += e;
            weighted[i] += e * value;
        }
    for (size_t i = 0; i < n; i++) z[i] = positions ? weighted[i] / sum[i] : 0;
    if (log_sum)
        for (size_t i = 0; i < n; i++) log_sum[i] = positions ? maximum[i] + logf(sum[i]) : 0;
}

static void aggregate_forward(const OpCall *c)
{
    const Shape *s = &c->node->in[0]->shape;
    const size_t positions = s->dim[1], classes = s->dim[2], strips = (classes + STRIP - 1) / STRIP;
    const float tau = ((const AggregateAttributes *)c->node->attributes)->tau;
#pragma omp parallel for schedule(static)
    for (size_t task = 0; task < s->dim[0] * strips; task++) {
        const size_t b = task / strips, first = task % strips * STRIP;
        const size_t n = classes - first < STRIP ? classes - first : STRIP, at = b * classes + first;
        aggregate_strip(c->in[0] + b * positions * classes + first, counted_positions(c, b), classes, n, tau,
                        c->out + at, c->saved ? c->saved + at : NULL);
    }
}

static void aggregate_backward(const OpCall *c)
{
    const Shape *shape = &c->node->in[0]->shape;
    const size_t positions = shape->dim[1], classes = shape->dim[2];
    const float tau = ((const AggregateAttributes *)c->node->attributes)->tau;
    if (!c->din[0]) return;
#pragma omp parallel for schedule(static)
    for (size_t b = 0; b < shape->dim[0]; b++) {
        const float *z = c->out + b * classes, *dz = c->dout + b * classes, *log_sum = c->saved + b * classes;
        const size_t counted = counted_positions(c, b);
        for (size_t j = 0; j < counted; j++) {
            const float *s = c->in[0] + (b * positions + j) * classes;
            float *ds = c->din[0] + (b * positions + j) * classes;
#pragma omp simd
            for (size_t i = 0; i < classes; i++)
                ds[i] = dz[i] * fast_exp(tau * s[i] - log_sum[i]) * (1 + tau * (s[i] - z[i]));
        }
        memset(c->din[0] + (b * positions + counted) * classes, 0, (positions - counted) * classes * sizeof(float));
    }
}

static size_t aggregate_saved(const Node *node)
{
    return shape_size(node->shape);
}

static const Op op_local_aggregate = {
    .name = "local_aggregate",
    .backward_reads = READS_INPUT(0) | READS_INPUT(1) | READS_OUTPUT,
    .saved = aggregate_saved,
    .forward = aggregate_forward,
    .backward = aggregate_backward,
};

Node *local_aggregate(Graph *g, Node *s, float tau, Node *lengths)
{
    char a[96], b[96];
    const bool fits =
        s->shape.rank == 3 &&
        (!lengths || (lengths->is_indices && lengths->shape.rank == 1 && lengths->shape.dim[0] == s->shape.dim[0]));
    if (!fits)
        die("local_aggregate does not fit scores %s, lengths %s", shape_text(s->shape, a),
            lengths ? shape_text(lengths->shape, b) : "none");
    const AggregateAttributes attributes = {tau};
    return node_new(g, &op_local_aggregate, shape(s->shape.dim[0], s->shape.dim[2]), NODES(s, lengths), &attributes,
                    sizeof attributes);
}
