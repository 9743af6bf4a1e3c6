/* Softmax over the classes of an image that are known, against an equal share for each positive. Forward keeps the
 * slopes. Comparisons are written so that NaN comes through to the loss, where the training loop finds it. */
#include "methods/shared/loss_node_internal.h"
#include "methods/shared/losses.h"

#include <math.h>

typedef struct SoftmaxLoss {
    float scale;
} SoftmaxLoss;

static bool is_known(float label)
{
    return label == 0 || label == 1;
}

/* Softmax over an image's known classes, 0 elsewhere; the loss of the image. */
static double image_softmax(const SoftmaxLoss *a, const float *z, const float *y, size_t classes, float *slopes)
{
    double highest = -INFINITY, sum = 0, positives = 0, chosen = 0;
    for (size_t c = 0; c < classes; c++) {
        if (y[c] == 1) positives++;
        if (is_known(y[c]) && !((double)z[c] <= highest)) highest = (double)z[c]; /* this way round NaN stays NaN */
    }
    for (size_t c = 0; c < classes; c++)
        if (is_known(y[c])) sum += exp((double)a->scale * ((double)z[c] - highest));
    for (size_t c = 0; c < classes; c++) {
        const double p = is_known(y[c]) ? exp((double)a->scale * ((double)z[c] - highest)) / sum : 0;
        const double target = y[c] == 1 ? 1 / positives : 0;
        if (y[c] == 1) chosen += ((double)a->scale * ((double)z[c] - highest) - log(sum)) / positives;
        if (slopes) slopes[c] = positives > 0 ? (float)((double)a->scale * (p - target)) : 0;
    }
    return -chosen;
}

static void softmax_forward(const OpCall *c)
{
    const SoftmaxLoss *a = c->node->attributes;
    const size_t batch = c->node->in[0]->shape.dim[0], classes = c->node->in[0]->shape.dim[1];
#pragma omp parallel for schedule(static)
    for (size_t b = 0; b < batch; b++) {
        const size_t row = b * classes;
        float *slopes = c->saved ? c->saved + row : NULL;
        c->scratch[b] = (float)image_softmax(a, c->in[0] + row, c->in[1] + row, classes, slopes);
    }
    c->out[0] = (float)(loss_sum(c->scratch, batch) / (double)batch);
}

static void softmax_backward(const OpCall *c)
{
    const Shape s = c->node->in[0]->shape;
    const float factor = c->dout[0] / (float)s.dim[0];
    if (!c->din[0]) return;
    for (size_t i = 0; i < shape_size(s); i++) c->din[0][i] = factor * c->saved[i];
}

static const Op op_softmax_loss = {
    .name = "softmax_loss",
    .backward_reads = READS_NOTHING,
    .saved = loss_slopes,
    .scratch = loss_images,
    .forward = softmax_forward,
    .backward = softmax_backward,
};

Node *softmax_loss(Graph *g, Node *z, Node *y, float factor)
{
    const SoftmaxLoss attributes = {factor};
    return loss_node(g, &op_softmax_loss, z, y, &attributes, sizeof attributes);
}
