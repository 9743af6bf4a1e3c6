/* Transpose: output axis i is input axis axes[i]. Backward is the inverse permutation of the gradient.
 *
 * Axes that stay neighbours are merged first. If the last axis stays last, runs of it are copied; else the last axis of
 * the input and the last axis of the output span little matrices that are turned tile by tile, so that both sides touch
 * whole cache lines. */
#include "harness/graph/op.h"
#include "harness/graph/ops.h"
#include "harness/graph/parallel.h"

#include <string.h>

enum { TILE = 16 };

/* The loops over the output, outermost first: its dimensions, and the step in the input of each. */
typedef struct Permutation {
    int rank;
    size_t dim[SHAPE_MAX], step[SHAPE_MAX];
} Permutation;

static Permutation permutation_of(Shape in, const int *axes)
{
    size_t step[SHAPE_MAX], product = 1;
    for (int i = in.rank - 1; i >= 0; i--) {
        step[i] = product;
        product *= in.dim[i];
    }
    Permutation p = {.rank = 0};
    for (int i = 0; i < in.rank; i++) {
        const size_t d = in.dim[axes[i]], s = step[axes[i]];
        if (d == 1) continue;
        if (p.rank && p.step[p.rank - 1] == s * d) { /* still neighbours */
            p.dim[p.rank - 1] *= d;
            p.step[p.rank - 1] = s;
        } else {
            p.dim[p.rank] = d;
            p.step[p.rank++] = s;
        }
    }
    if (!p.rank) p = (Permutation){.rank = 1, .dim = {1}, .step = {1}};
    return p;
}

/* to[i, j] = from[i * row_step + j * column_step], rows `width` apart in to; column_step is not 1, row_step is. */
static void turn_matrix(const float *from, size_t column_step, size_t rows, size_t columns, float *to, size_t row_width)
{
    for (size_t i0 = 0; i0 < rows; i0 += TILE)
        for (size_t j0 = 0; j0 < columns; j0 += TILE) {
            const size_t i1 = i0 + TILE < rows ? i0 + TILE : rows, j1 = j0 + TILE < columns ? j0 + TILE : columns;
            for (size_t i = i0; i < i1; i++)
                for (size_t j = j0; j < j1; j++) to[i * row_width + j] = from[i + j * column_step];
        }
}

/* Offsets of piece `index` of the loops other than `a` and `b` (b may be -1). */
static void piece_offsets(const Permutation *p, const size_t out_step[SHAPE_MAX], int a, int b, size_t index,
                          size_t *from, size_t *to)
{
    *from = *to = 0;
    for (int i = p->rank - 1; i >= 0; i--) {
        if (i == a || i == b) continue;
        *from += index % p->dim[i] * p->step[i];
        *to += index % p->dim[i] * out_step[i];
        index /= p->dim[i];
    }
}

static void permute(const Permutation *p, const float *from, float *to)
{
    const int last = p->rank - 1;
    size_t out_step[SHAPE_MAX], all = 1;
    int unit = last; /* the output axis along which the input lies dense */
    for (int i = last; i >= 0; i--) {
        out_step[i] = all;
        all *= p->dim[i];
        if (p->step[i] == 1) unit = i;
    }
    if (all == 0) return;
    const bool dense = unit == last;
    const size_t piece = p->dim[last] * (dense ? 1 : p->dim[unit]);
    PARALLEL_PIECES(all)
    for (size_t k = 0; k < all / piece; k++) {
        size_t f, t;
        piece_offsets(p, out_step, last, dense ? -1 : unit, k, &f, &t);
        if (dense)
            memcpy(to + t, from + f, piece * sizeof *to);
        else
            turn_matrix(from + f, p->step[last], p->dim[unit], p->dim[last], to + t, out_step[unit]);
    }
}

typedef struct TransposeAttributes {
    Permutation forward, backward;
} TransposeAttributes;

static void transpose_forward(const OpCall *c)
{
    permute(&((const TransposeAttributes *)c->node->attributes)->forward, c->in[0], c->out);
}

static void transpose_backward(const OpCall *c)
{
    permute(&((const TransposeAttributes *)c->node->attributes)->backward, c->dout, c->din[0]);
}

static const Op op_transpose = {.name = "transpose", .forward = transpose_forward, .backward = transpose_backward};

Node *transpose(Graph *g, Node *x, const int *axes)
{
    Shape s = x->shape;
    int inverse[SHAPE_MAX];
    unsigned seen = 0;
    for (int i = 0; i < s.rank; i++) {
        if (axes[i] < 0 || axes[i] >= s.rank || seen & 1u << axes[i])
            die("transpose: the axes are no permutation of 0 to %d", s.rank - 1);
        seen |= 1u << axes[i];
        s.dim[i] = x->shape.dim[axes[i]];
        inverse[axes[i]] = i;
    }
    const TransposeAttributes a = {permutation_of(x->shape, axes), permutation_of(s, inverse)};
    Node *node = node_new(g, &op_transpose, s, NODES(x), &a, sizeof a);
    node->is_indices = x->is_indices;
    return node;
}
