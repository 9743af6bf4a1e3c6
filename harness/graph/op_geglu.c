/* GEGLU, the gate of a feed-forward layer (Shazeer 2020):  y = a gelu(b), x = [a, b] cut in the middle of the last axis.
 *   x [..., 2 D]   y [..., D]     da = dy gelu(b)     db = dy a gelu'(b) */
#include "harness/graph/activation_math.h"
#include "harness/graph/op.h"
#include "harness/graph/ops.h"
#include "harness/graph/parallel.h"

static void geglu_forward(const OpCall *c)
{
    const Shape s = c->node->shape;
    const size_t width = s.dim[s.rank - 1], rows = shape_size(s) / width;
    PARALLEL_PIECES(rows * width)
    for (size_t row = 0; row < rows; row++) {
        const float *a = c->in[0] + row * 2 * width, *b = a + width;
        float *y = c->out + row * width;
#pragma omp simd
        for (size_t i = 0; i < width; i++) y[i] = a[i] * gelu_of(b[i]);
    }
}

static void geglu_backward(const OpCall *c)
{
    const Shape s = c->node->shape;
    const size_t width = s.dim[s.rank - 1], rows = shape_size(s) / width;
    PARALLEL_PIECES(rows * width)
    for (size_t row = 0; row < rows; row++) {
        const float *a = c->in[0] + row * 2 * width, *b = a + width, *dy = c->dout + row * width;
        float *da = c->din[0] + row * 2 * width, *db = da + width;
#pragma omp simd
        for (size_t i = 0; i < width; i++) {
            da[i] = dy[i] * gelu_of(b[i]);
            db[i] = dy[i] * a[i] * gelu_slope(b[i]);
        }
    }
}

static const Op op_geglu = {
    .name = "geglu", .backward_reads = READS_INPUT(0), .forward = geglu_forward, .backward = geglu_backward};

Node *geglu(Graph *g, Node *x)
{
    char text[96];
    Shape s = x->shape;
    if (s.rank < 1 || s.dim[s.rank - 1] == 0 || s.dim[s.rank - 1] % 2)
        die("geglu: the last axis of %s has no two halves", shape_text(s, text));
    s.dim[s.rank - 1] /= 2;
    return node_new(g, &op_geglu, s, NODES(x), NULL, 0);
}
