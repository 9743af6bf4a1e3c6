/* Row by row, classes side by side: the highest similarity first, then exponentials and both sums in one pass, so that
 * a row is read twice and the loops over classes become vectors. Backward uses what forward kept, the weights and the
 * output:  ds = dz p (1 + tau (s - z)). */
#include "methods/shared/aggregate.h"

#include "harness/graph/fast_math.h"
#include "harness/graph/op.h"

#include <string.h>

void aggregate_rows(const float *s, size_t rows, size_t classes, float tau, float *z, float *weights, float *scratch)
{
    float *highest = scratch, *sum = scratch + classes;
    memset(z, 0, classes * sizeof *z);
    if (rows == 0) return;
    memset(sum, 0, classes * sizeof *sum);
    memcpy(highest, s, classes * sizeof *s);
    for (size_t j = 1; j < rows; j++)
        for (size_t c = 0; c < classes; c++)
            highest[c] = s[j * classes + c] > highest[c] ? s[j * classes + c] : highest[c];
    for (size_t j = 0; j < rows; j++) {
        const float *row = s + j * classes;
        for (size_t c = 0; c < classes; c++) {
            const float e = fast_exp(tau * (row[c] - highest[c]));
            if (weights) weights[j * classes + c] = e;
            sum[c] += e;
            z[c] += e * row[c];
        }
    }
    for (size_t c = 0; c < classes; c++) z[c] /= sum[c];
    if (!weights) return;
    for (size_t j = 0; j < rows; j++)
        for (size_t c = 0; c < classes; c++) weights[j * classes + c] /= sum[c];
}

typedef struct Ragged {
    float tau;
} Ragged;

static void ragged_forward(const OpCall *c)
{
    const Ragged *a = c->node->attributes;
    const size_t batch = c->node->shape.dim[0], classes = c->node->shape.dim[1];
    const int32_t *offsets = (const int32_t *)(const void *)c->in[1];
#pragma omp parallel for schedule(static)
    for (size_t b = 0; b < batch; b++) {
        const size_t first = (size_t)offsets[b], rows = (size_t)offsets[b + 1] - first;
        aggregate_rows(c->in[0] + first * classes, rows, classes, a->tau, c->out + b * classes,
                       c->saved ? c->saved + first * classes : NULL, c->scratch + 2 * b * classes);
    }
}

static void ragged_backward(const OpCall *c)
{
    const Ragged *a = c->node->attributes;
    const size_t batch = c->node->shape.dim[0], classes = c->node->shape.dim[1];
    const size_t capacity = c->node->in[0]->shape.dim[0];
    const int32_t *offsets = (const int32_t *)(const void *)c->in[1];
    float *ds = c->din[0];
    if (!ds) return;
#pragma omp parallel for schedule(static)
    for (size_t b = 0; b < batch; b++) {
        const float *z = c->out + b * classes, *dz = c->dout + b * classes;
        for (size_t j = (size_t)offsets[b]; j < (size_t)offsets[b + 1]; j++) {
            const float *s = c->in[0] + j * classes, *p = c->saved + j * classes;
            for (size_t i = 0; i < classes; i++) ds[j * classes + i] = dz[i] * p[i] * (1 + a->tau * (s[i] - z[i]));
        }
    }
    const size_t used = (size_t)offsets[batch];
    memset(ds + used * classes, 0, (capacity - used) * classes * sizeof *ds);
}

static size_t ragged_saved(const Node *node)
{
    return shape_size(node->in[0]->shape);
}

static size_t ragged_scratch(const Node *node, bool backward)
{
    return backward ? 0 : 2 * shape_size(node->shape);
}

static const Op op_ragged_aggregate = {
    .name = "ragged_aggregate",
    .backward_reads = READS_INPUT(0) | READS_INPUT(1) | READS_OUTPUT,
    .saved = ragged_saved,
    .scratch = ragged_scratch,
    .forward = ragged_forward,
    .backward = ragged_backward,
};

Node *ragged_aggregate(Graph *g, Node *s, Node *offsets, float tau)
{
    char text[96];
    if (node_shape(s).rank != 2 || node_shape(offsets).rank != 1 || node_shape(offsets).dim[0] < 2 ||
        !offsets->is_indices)
        die("ragged_aggregate: s %s must be [rows, classes], offsets indices [batch + 1]",
            shape_text(node_shape(s), text));
    const Ragged attributes = {tau};
    const Shape z = shape(node_shape(offsets).dim[0] - 1, node_shape(s).dim[1]);
    return node_new(g, &op_ragged_aggregate, z, NODES(s, offsets), &attributes, sizeof attributes);
}
