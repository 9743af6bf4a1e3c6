/* Cross entropy: the mean over rows of -log softmax(x)[target].
 *   x [..., N]   targets [...] indices   out: scalar   saved: log of the sum of exponentials of every row
 * Backward: dx = (softmax(x) - one_hot(target)) dout / rows */
#include "harness/graph/fast_math.h"
#include "harness/graph/op.h"
#include "harness/graph/ops.h"
#include "harness/graph/parallel.h"

#include <math.h>

static size_t width_of(const Node *node)
{
    return node->in[0]->shape.dim[node->in[0]->shape.rank - 1];
}

static size_t rows_of(const Node *node)
{
    return shape_size(node->in[1]->shape);
}

/* The loss of every row, until they are summed. */
static size_t cross_entropy_scratch(const Node *node, bool backward)
{
    return backward ? 0 : rows_of(node);
}

static size_t target_of(const OpCall *c, size_t row)
{
    const int32_t target = ((const int32_t *)(const void *)c->in[1])[row];
    if (target < 0 || (size_t)target >= width_of(c->node))
        die("cross_entropy: target %d is outside of 0 to %zu", (int)target, width_of(c->node) - 1);
    return (size_t)target;
}

static void cross_entropy_forward(const OpCall *c)
{
    const size_t width = width_of(c->node), rows = rows_of(c->node);
    PARALLEL_PIECES(rows * width)
    for (size_t row = 0; row < rows; row++) {
        const float *x = c->in[0] + row * width, maximum = row_maximum(x, width, x[0]);
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (size_t i = 0; i < width; i++) sum += fast_exp(x[i] - maximum);
        const float log_sum = logf(sum) + maximum;
        c->scratch[row] = logf(sum) + (maximum - x[target_of(c, row)]); /* exact where the target is the maximum */
        if (c->saved) c->saved[row] = log_sum;
    }
    double loss = 0;
    for (size_t row = 0; row < rows; row++) loss += (double)c->scratch[row];
    c->out[0] = (float)(loss / (double)rows);
}

static void cross_entropy_backward(const OpCall *c)
{
    const size_t width = width_of(c->node), rows = rows_of(c->node);
    const float factor = c->dout[0] / (float)rows;
    PARALLEL_PIECES(rows * width)
    for (size_t row = 0; row < rows; row++) {
        const float *x = c->in[0] + row * width, log_sum = c->saved[row];
        float *dx = c->din[0] + row * width;
        for (size_t i = 0; i < width; i++) dx[i] = fast_exp(x[i] - log_sum) * factor;
        dx[target_of(c, row)] -= factor;
    }
}

static const Op op_cross_entropy = {.name = "cross_entropy",
                                    .backward_reads = READS_INPUT(0) | READS_INPUT(1),
                                    .saved = rows_of,
                                    .scratch = cross_entropy_scratch,
                                    .forward = cross_entropy_forward,
                                    .backward = cross_entropy_backward};

Node *cross_entropy(Graph *g, Node *logits, Node *targets)
{
    char left[96], right[96];
    Shape rows = logits->shape;
    if (rows.rank > 0) rows.rank--;
    if (logits->shape.rank < 1 || !shape_equal(rows, targets->shape) || !targets->is_indices || !shape_size(rows))
        die("cross_entropy: logits %s and targets %s do not go together", shape_text(logits->shape, left),
            shape_text(targets->shape, right));
    return node_new(g, &op_cross_entropy, scalar_shape(), NODES(logits, targets), NULL, 0);
}
