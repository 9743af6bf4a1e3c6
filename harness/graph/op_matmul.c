/* The operators of matrix products: linear with its weight, and the three matmuls, whose forward and backward passes
 * are all one routine (`products`) with other factors transposed and other batches summed. */
#include "harness/graph/epilogue.h"
#include "harness/graph/frozen_linear.h"
#include "harness/graph/product_attributes.h"

#include <omp.h>
#include <stdlib.h>

/* ---- linear ----
 * y = x W^T + b:   x [rows, in]   W [out, in]   b [out]   y [rows, out]
 * dx = dy W        dW = dy^T x    db = column sums of dy
 * A frozen weight is prepared once at compile; one that is trained changes at every step and goes through sgemm. Epilogues
 * beyond the bias exist only in graphs without loss (fuse.c), so that backward never sees them. */

typedef struct LinearSize {
    size_t rows, in, out;
} LinearSize;

static LinearSize linear_size(const Node *node)
{
    const Shape w = node->in[1]->shape;
    return (LinearSize){.rows = shape_size(node->shape) / w.dim[0], .in = w.dim[1], .out = w.dim[0]};
}

static const Epilogue *linear_epilogue(const Node *node)
{
    return &((const LinearAttributes *)node->attributes)->epilogue;
}

static size_t linear_scratch(const Node *node, bool backward)
{
    const FrozenLinear *frozen = node->state;
    if (!backward) return frozen ? frozen_linear_scratch(frozen) : 0;
    return linear_epilogue(node)->bias ? column_sums_scratch(linear_size(node).out) : 0;
}

static bool linear_prepare(Node *node, Arithmetic arithmetic, Error *err)
{
    (void)arithmetic;
    if (!node->in[1]->is_frozen) return true;
    const LinearSize s = linear_size(node);
    FrozenLinear *frozen = node->state = xcalloc(1, sizeof *frozen);
    return frozen_linear_make(frozen, s.rows, s.in, s.out, *linear_epilogue(node), node->in[1]->value, err);
}

static void linear_release(Node *node)
{
    if (node->state) frozen_linear_free(node->state);
    free(node->state);
    node->state = NULL;
}

static void linear_forward(const OpCall *c)
{
    const LinearSize s = linear_size(c->node);
    const Epilogue e = *linear_epilogue(c->node);
    const float *bias = e.bias ? c->in[2] : NULL, *residual = e.residual ? c->in[2 + e.bias] : NULL;
    if (c->node->state) {
        frozen_linear_run(c->node->state, c->in[0], bias, residual, c->out, c->scratch);
        return;
    }
    onednn_sgemm(false, true, s.rows, s.out, s.in, 1, c->in[0], s.in, c->in[1], s.in, 0, c->out, s.out);
    epilogue_rows(e, s.rows, s.out, bias, residual, c->out);
}

static void linear_backward(const OpCall *c)
{
    const LinearSize s = linear_size(c->node);
    if (c->din[0])
        onednn_sgemm(false, false, s.rows, s.in, s.out, 1, c->dout, s.out, c->in[1], s.in, 0, c->din[0], s.in);
    if (c->din[1])
        onednn_sgemm(true, false, s.out, s.in, s.rows, 1, c->dout, s.out, c->in[0], s.in, 0, c->din[1], s.in);
    if (c->din[2]) column_sums(s.rows, s.out, c->dout, c->din[2], c->scratch);
}

static double linear_flop(const Node *node, bool backward)
{
    const LinearSize s = linear_size(node);
    const double product = 2.0 * (double)s.rows * (double)s.in * (double)s.out;
    return backward ? product * (node->in[0]->needs_gradient + node->in[1]->needs_gradient) : product;
}

static size_t linear_packed_bytes(const Node *node)
{
    return node->state ? frozen_linear_bytes(node->state) : 0;
}

const Op op_linear = {
    .name = "linear",
    .backward_reads = READS_INPUT(0) | READS_INPUT(1),
    .scratch = linear_scratch,
    .packs = READS_INPUT(1),
    .prepare = linear_prepare,
    .release = linear_release,
    .forward = linear_forward,
    .backward = linear_backward,
    .flop = linear_flop,
    .packed_bytes = linear_packed_bytes,
};

Node *linear(Graph *g, Node *x, Node *weight, Node *bias)
{
    char text[2][96];
    Shape y = x->shape;
    if (y.rank < 1 || weight->shape.rank != 2 || y.dim[y.rank - 1] != weight->shape.dim[1])
        die("linear: x %s does not fit weight %s", shape_text(x->shape, text[0]), shape_text(weight->shape, text[1]));
    if (bias && !shape_equal(bias->shape, shape(weight->shape.dim[0])))
        die("linear: bias %s does not fit weight %s", shape_text(bias->shape, text[0]),
            shape_text(weight->shape, text[1]));
    y.dim[y.rank - 1] = weight->shape.dim[0];
    const LinearAttributes attributes = {.epilogue = {.bias = bias != NULL}};
    return node_new(g, &op_linear, y, NODES(x, weight, bias), &attributes, sizeof attributes);
}

/* ---- batched products ----
 * y_i = op(a_i) op(b_j), j = i mod the number of b's matrices: a b with fewer leading dimensions serves every batch. */

/* One factor or result: `count` stored matrices, one after the other. */
typedef struct Matrices {
    const float *data;
    bool transposed;
    size_t count;
} Matrices;

/* Matrices whose product is below this many multiplications are shared out, one a thread; from there on sgemm's own threads
 * do better (NOTES.md). */
enum { SMALL_PRODUCT = 1 << 21 };

typedef struct Products {
    size_t m, n, k, batch, count;
    Matrices a, b;
    float *c;
} Products;

static void sum_of_products(const Products *p, size_t j)
{
    const size_t m = p->m, n = p->n, k = p->k;
    for (size_t i = j; i < p->batch; i += p->count)
        onednn_sgemm(p->a.transposed, p->b.transposed, m, n, k, 1, p->a.data + i % p->a.count * m * k,
                     p->a.transposed ? m : k, p->b.data + i % p->b.count * k * n, p->b.transposed ? k : n,
                     i == j ? 0.0f : 1.0f, p->c + j * m * n, n);
}

/* c_j [m, n] = sum over i = j, j + count, ... < batch of op(a_i) op(b_i), indices taken modulo each one's number of
 * matrices. One routine for forward and both backwards; the order of sums is fixed. */
static void products(size_t m, size_t n, size_t k, size_t batch, Matrices a, Matrices b, float *c, size_t count)
{
    if (b.count == 1 && a.count == batch && count == batch && !a.transposed) /* one tall product */
        m *= batch, batch = a.count = count = 1;
    if (a.count == batch && b.count == batch && count == 1 && a.transposed && !b.transposed) /* one deep product */
        k *= batch, batch = a.count = b.count = 1;
    const bool share = count >= (size_t)omp_get_max_threads() && m * n * k < SMALL_PRODUCT;
    const Products p = {m, n, k, batch, count, a, b, c};
    /* Not `parallel if (share)`: a region of one thread is a region all the same, and sgemm's own threads would be nested in
     * it, which the OpenMP library starts and ends anew at every call. */
    if (share) {
#pragma omp parallel for schedule(static)
        for (size_t j = 0; j < count; j++) sum_of_products(&p, j);
    } else {
        for (size_t j = 0; j < count; j++) sum_of_products(&p, j);
    }
}

typedef struct MatmulAttributes {
    size_t batch, b_batch, m, n, k;
} MatmulAttributes;

static double matmul_flop(const Node *node, bool backward)
{
    const MatmulAttributes *s = node->attributes;
    const double product = 2.0 * (double)s->batch * (double)s->m * (double)s->n * (double)s->k;
    return backward ? product * (node->in[0]->needs_gradient + node->in[1]->needs_gradient) : product;
}

/* y = a b:   a [m, k]   b [k, n]      da = dy b^T   db = a^T dy */
static void matmul_forward(const OpCall *c)
{
    const MatmulAttributes *s = c->node->attributes;
    products(s->m, s->n, s->k, s->batch, (Matrices){c->in[0], false, s->batch}, (Matrices){c->in[1], false, s->b_batch},
             c->out, s->batch);
}

static void matmul_backward(const OpCall *c)
{
    const MatmulAttributes *s = c->node->attributes;
    if (c->din[0])
        products(s->m, s->k, s->n, s->batch, (Matrices){c->dout, false, s->batch},
                 (Matrices){c->in[1], true, s->b_batch}, c->din[0], s->batch);
    if (c->din[1])
        products(s->k, s->n, s->m, s->batch, (Matrices){c->in[0], true, s->batch}, (Matrices){c->dout, false, s->batch},
                 c->din[1], s->b_batch);
}

/* y = a b^T:   a [m, k]   b [n, k]    da = dy b     db = dy^T a */
static void matmul_nt_forward(const OpCall *c)
{
    const MatmulAttributes *s = c->node->attributes;
    products(s->m, s->n, s->k, s->batch, (Matrices){c->in[0], false, s->batch}, (Matrices){c->in[1], true, s->b_batch},
             c->out, s->batch);
}

static void matmul_nt_backward(const OpCall *c)
{
    const MatmulAttributes *s = c->node->attributes;
    if (c->din[0])
        products(s->m, s->k, s->n, s->batch, (Matrices){c->dout, false, s->batch},
                 (Matrices){c->in[1], false, s->b_batch}, c->din[0], s->batch);
    if (c->din[1])
        products(s->n, s->k, s->m, s->batch, (Matrices){c->dout, true, s->batch}, (Matrices){c->in[0], false, s->batch},
                 c->din[1], s->b_batch);
}

/* y = a^T b:   a [k, m]   b [k, n]    da = b dy^T   db = a dy */
static void matmul_tn_forward(const OpCall *c)
{
    const MatmulAttributes *s = c->node->attributes;
    products(s->m, s->n, s->k, s->batch, (Matrices){c->in[0], true, s->batch}, (Matrices){c->in[1], false, s->b_batch},
             c->out, s->batch);
}

static void matmul_tn_backward(const OpCall *c)
{
    const MatmulAttributes *s = c->node->attributes;
    if (c->din[0])
        products(s->k, s->m, s->n, s->batch, (Matrices){c->in[1], false, s->b_batch},
                 (Matrices){c->dout, true, s->batch}, c->din[0], s->batch);
    if (c->din[1])
        products(s->k, s->n, s->m, s->batch, (Matrices){c->in[0], false, s->batch},
                 (Matrices){c->dout, false, s->batch}, c->din[1], s->b_batch);
}

#define MATMUL_OP(suffix)                                                                                              \
    {                                                                                                                  \
        .name = "matmul" #suffix, .backward_reads = READS_INPUT(0) | READS_INPUT(1),                                   \
        .forward = matmul##suffix##_forward, .backward = matmul##suffix##_backward, .flop = matmul_flop                \
    }

static const Op op_matmul = MATMUL_OP(), op_matmul_nt = MATMUL_OP(_nt), op_matmul_tn = MATMUL_OP(_tn);

static bool is_tail_of(Shape tail, Shape whole)
{
    for (int i = 0; i < tail.rank - 2; i++)
        if (tail.dim[i] != whole.dim[whole.rank - tail.rank + i]) return false;
    return tail.rank <= whole.rank;
}

static Node *product(Graph *g, const Op *op, Node *a, Node *b, bool transpose_a, bool transpose_b)
{
    char text[2][96];
    const Shape as = a->shape, bs = b->shape;
    if (as.rank < 2 || bs.rank < 2 || !is_tail_of(bs, as) ||
        as.dim[as.rank - (transpose_a ? 2 : 1)] != bs.dim[bs.rank - (transpose_b ? 1 : 2)])
        die("%s: a %s does not fit b %s", op->name, shape_text(as, text[0]), shape_text(bs, text[1]));
    MatmulAttributes s = {
        .batch = 1,
        .b_batch = 1,
        .m = as.dim[as.rank - (transpose_a ? 1 : 2)],
        .k = as.dim[as.rank - (transpose_a ? 2 : 1)],
        .n = bs.dim[bs.rank - (transpose_b ? 2 : 1)],
    };
    for (int i = 0; i < as.rank - 2; i++) s.batch *= as.dim[i];
    for (int i = 0; i < bs.rank - 2; i++) s.b_batch *= bs.dim[i];
    Shape y = as;
    y.dim[y.rank - 2] = s.m, y.dim[y.rank - 1] = s.n;
    return node_new(g, op, y, NODES(a, b), &s, sizeof s);
}

Node *matmul(Graph *g, Node *a, Node *b)
{
    return product(g, &op_matmul, a, b, false, false);
}

Node *matmul_nt(Graph *g, Node *a, Node *b)
{
    return product(g, &op_matmul_nt, a, b, false, true);
}

Node *matmul_tn(Graph *g, Node *a, Node *b)
{
    return product(g, &op_matmul_tn, a, b, true, false);
}
