/* Resolution: average_pool takes the mean of k x k squares, upsample_nearest repeats every position k x k times. Each is
 * the other's backward but for a factor: pooling spreads dy / k^2, up-sampling sums dy. NHWC. */
#include "harness/graph/op.h"
#include "harness/graph/ops.h"
#include "harness/graph/parallel.h"

#include <string.h>

/* small [B, H, W, C] = factor * sums over the k x k squares of large [B, H k, W k, C] */
static void squares_to_one(Shape small, size_t k, float factor, const float *large, float *out)
{
    const size_t width = small.dim[2], channels = small.dim[3], rows = small.dim[0] * small.dim[1];
    PARALLEL_PIECES(rows * width * channels * k * k)
    for (size_t row = 0; row < rows; row++)
        for (size_t x = 0; x < width; x++) {
            float *sum = out + (row * width + x) * channels;
            memset(sum, 0, channels * sizeof *sum);
            for (size_t i = 0; i < k * k; i++) {
                const float *from = large + ((row * k + i / k) * width * k + x * k + i % k) * channels;
                for (size_t c = 0; c < channels; c++) sum[c] += from[c];
            }
            for (size_t c = 0; c < channels; c++) sum[c] *= factor;
        }
}

/* large = factor * small, repeated */
static void one_to_squares(Shape small, size_t k, float factor, const float *in, float *large)
{
    const size_t width = small.dim[2], channels = small.dim[3], rows = small.dim[0] * small.dim[1];
    PARALLEL_PIECES(rows * width * channels * k * k)
    for (size_t row = 0; row < rows; row++) {
        float *first = large + row * k * width * k * channels;
        for (size_t x = 0; x < width * k; x++) {
            const float *from = in + (row * width + x / k) * channels;
            for (size_t c = 0; c < channels; c++) first[x * channels + c] = factor * from[c];
        }
        const size_t line = width * k * channels;
        for (size_t i = 1; i < k; i++) memcpy(first + i * line, first, line * sizeof *first);
    }
}

static size_t kernel_of(const Node *node)
{
    return *(const size_t *)node->attributes;
}

static void average_pool_forward(const OpCall *c)
{
    const size_t k = kernel_of(c->node);
    squares_to_one(c->node->shape, k, 1.0f / (float)(k * k), c->in[0], c->out);
}

static void average_pool_backward(const OpCall *c)
{
    const size_t k = kernel_of(c->node);
    one_to_squares(c->node->shape, k, 1.0f / (float)(k * k), c->dout, c->din[0]);
}

static const Op op_average_pool = {
    .name = "average_pool", .forward = average_pool_forward, .backward = average_pool_backward};

Node *average_pool(Graph *g, Node *x, int kernel)
{
    char text[96];
    const size_t k = kernel > 0 ? (size_t)kernel : 0;
    if (x->shape.rank != 4 || !k || x->shape.dim[1] % k || x->shape.dim[2] % k)
        die("average_pool: squares of %d do not divide %s", kernel, shape_text(x->shape, text));
    if (k == 1) return x;
    Shape s = x->shape;
    s.dim[1] /= k;
    s.dim[2] /= k;
    return node_new(g, &op_average_pool, s, NODES(x), &k, sizeof k);
}

static void upsample_forward(const OpCall *c)
{
    one_to_squares(c->node->in[0]->shape, kernel_of(c->node), 1, c->in[0], c->out);
}

static void upsample_backward(const OpCall *c)
{
    squares_to_one(c->node->in[0]->shape, kernel_of(c->node), 1, c->dout, c->din[0]);
}

static const Op op_upsample_nearest = {
    .name = "upsample_nearest", .forward = upsample_forward, .backward = upsample_backward};

Node *upsample_nearest(Graph *g, Node *x, int factor)
{
    char text[96];
    if (x->shape.rank != 4 || factor < 1)
        die("upsample_nearest: %s by %d is not possible", shape_text(x->shape, text), factor);
    if (factor == 1) return x;
    const size_t k = (size_t)factor;
    Shape s = x->shape;
    s.dim[1] *= k;
    s.dim[2] *= k;
    return node_new(g, &op_upsample_nearest, s, NODES(x), &k, sizeof k);
}
