/* The ranking loss: forward and backward go over pairs of a positive and every other class, in loops without a branch;
 * what is no negative stands at minus infinity and falls out of the hinge. */
#include "methods/shared/losses.h"

#include "methods/shared/loss_node_internal.h"

#include <math.h>

typedef struct RankingLoss {
    float margin, scale;
} RankingLoss;

/* Each negative's side of the hinge, margin + scale z_j; -infinity takes the others out of every pair, so that the loops over
 * pairs run over whole rows without a branch. */
static void negative_side(const RankingLoss *a, const float *z, const float *y, size_t classes, float *side)
{
    for (size_t j = 0; j < classes; j++) side[j] = y[j] == 0 ? a->margin + a->scale * z[j] : -INFINITY;
}

/* Few classes of an image are positive, so the pairs are (positives) x (all), not N x N. */
static float image_loss(const RankingLoss *a, const float *z, const float *y, size_t classes, float *side)
{
    negative_side(a, z, y, classes, side);
    float loss = 0;
    for (size_t i = 0; i < classes; i++) {
        if (y[i] != 1) continue;
        const float positive = a->scale * z[i];
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (size_t j = 0; j < classes; j++) {
            const float d = side[j] - positive;
            sum += d <= 0 ? 0 : d; /* this way round NaN stays NaN */
        }
        loss += sum;
    }
    return loss;
}

static void image_gradient(const RankingLoss *a, const float *z, const float *y, size_t classes, float factor,
                           float *side, float *dz)
{
    negative_side(a, z, y, classes, side);
    for (size_t j = 0; j < classes; j++) dz[j] = 0;
    const float weight = factor * a->scale;
    for (size_t i = 0; i < classes; i++) {
        if (y[i] != 1) continue;
        const float positive = a->scale * z[i];
        float active = 0;
#pragma omp simd reduction(+ : active)
        for (size_t j = 0; j < classes; j++) {
            const float on = side[j] - positive > 0 ? 1.0f : 0.0f;
            dz[j] += weight * on;
            active += on;
        }
        dz[i] -= weight * active;
    }
}

static void ranking_forward(const OpCall *c)
{
    const RankingLoss *a = c->node->attributes;
    const size_t batch = c->node->in[0]->shape.dim[0], classes = c->node->in[0]->shape.dim[1];
    float *losses = c->scratch, *sides = c->scratch + batch;
#pragma omp parallel for schedule(static)
    for (size_t b = 0; b < batch; b++)
        losses[b] = image_loss(a, c->in[0] + b * classes, c->in[1] + b * classes, classes, sides + b * classes);
    c->out[0] = (float)(loss_sum(losses, batch) / (double)batch);
}

static void ranking_backward(const OpCall *c)
{
    const RankingLoss *a = c->node->attributes;
    const size_t batch = c->node->in[0]->shape.dim[0], classes = c->node->in[0]->shape.dim[1];
    const float factor = c->dout[0] / (float)batch;
    if (!c->din[0]) return;
#pragma omp parallel for schedule(static)
    for (size_t b = 0; b < batch; b++) {
        const size_t row = b * classes;
        image_gradient(a, c->in[0] + row, c->in[1] + row, classes, factor, c->scratch + row, c->din[0] + row);
    }
}

static size_t ranking_scratch(const Node *node, bool backward)
{
    const size_t batch = node->in[0]->shape.dim[0], classes = node->in[0]->shape.dim[1];
    return batch * classes + (backward ? 0 : batch);
}

static const Op op_ranking_loss = {
    .name = "ranking_loss",
    .backward_reads = READS_INPUT(0) | READS_INPUT(1),
    .scratch = ranking_scratch,
    .forward = ranking_forward,
    .backward = ranking_backward,
};

Node *ranking_loss(Graph *g, Node *z, Node *y, float margin, float scale)
{
    const RankingLoss attributes = {margin, scale};
    return loss_node(g, &op_ranking_loss, z, y, &attributes, sizeof attributes);
}
