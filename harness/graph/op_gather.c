/* Rows picked by index. One operator serves all three builders: row i of the output is row `index` of the table, plus i
 * blocks where every index counts inside a block of its own (gather_positions). */
#include "harness/graph/op.h"
#include "harness/graph/ops.h"
#include "harness/graph/parallel.h"

#include <string.h>

/* Shapes:
 *
 *   embedding         table [V, D], indices [...] -> [..., D]
 *   gather_rows       x [N, D], rows [M] -> [M, D]
 *   gather_positions  x [B, T, D], positions [B] -> [B, D]
 *
 * Backward: rows of dout are added to rows of dtable, in order; threads share the columns, so the bits do not depend on
 * them. An index outside the table is a bug of the caller and ends the program. */

enum { COLUMNS = 64 };

typedef struct GatherAttributes {
    size_t rows, width; /* that an index may name; floats of a row */
    size_t block;       /* rows between the blocks of neighbouring indices; 0: one table for all */
} GatherAttributes;

static size_t row_of(const OpCall *c, size_t i)
{
    const GatherAttributes *a = c->node->attributes;
    const int32_t index = ((const int32_t *)(const void *)c->in[1])[i];
    if (index < 0 || (size_t)index >= a->rows)
        die("%s: index %d is outside of 0 to %zu", c->node->name, (int)index, a->rows - 1);
    return i * a->block + (size_t)index;
}

static void gather_forward(const OpCall *c)
{
    const size_t width = ((const GatherAttributes *)c->node->attributes)->width;
    const size_t count = shape_size(c->node->in[1]->shape);
    PARALLEL_PIECES(count * width)
    for (size_t i = 0; i < count; i++)
        memcpy(c->out + i * width, c->in[0] + row_of(c, i) * width, width * sizeof(float));
}

static void gather_backward(const OpCall *c)
{
    const size_t width = ((const GatherAttributes *)c->node->attributes)->width;
    const size_t count = shape_size(c->node->in[1]->shape);
    array_fill(c->din[0], 0, shape_size(c->node->in[0]->shape));
    PARALLEL_PIECES(count * width)
    for (size_t first = 0; first < width; first += COLUMNS) {
        const size_t last = first + COLUMNS < width ? first + COLUMNS : width;
        for (size_t i = 0; i < count; i++) {
            float *sum = c->din[0] + row_of(c, i) * width;
            for (size_t k = first; k < last; k++) sum[k] += c->dout[i * width + k];
        }
    }
}

static Node *gather(Graph *g, const Op *op, Node *table, Node *indices, Shape s, GatherAttributes a)
{
    if (!indices->is_indices) die("%s: the second input must hold indices", op->name);
    return node_new(g, op, s, NODES(table, indices), &a, sizeof a);
}

#define GATHER(NAME)                                                                                                   \
    static const Op op_##NAME = {                                                                                      \
        .name = #NAME, .backward_reads = READS_INPUT(1), .forward = gather_forward, .backward = gather_backward}
GATHER(embedding);
GATHER(gather_rows);
GATHER(gather_positions);

Node *embedding(Graph *g, Node *table, Node *indices)
{
    char text[96];
    Shape s = indices->shape;
    if (table->shape.rank != 2 || s.rank == SHAPE_MAX)
        die("embedding: a table of shape %s", shape_text(table->shape, text));
    s.dim[s.rank++] = table->shape.dim[1];
    return gather(g, &op_embedding, table, indices, s,
                  (GatherAttributes){.rows = table->shape.dim[0], .width = table->shape.dim[1]});
}

Node *gather_rows(Graph *g, Node *x, Node *rows)
{
    char text[96];
    if (x->shape.rank != 2 || rows->shape.rank != 1) die("gather_rows: x has the shape %s", shape_text(x->shape, text));
    return gather(g, &op_gather_rows, x, rows, shape(rows->shape.dim[0], x->shape.dim[1]),
                  (GatherAttributes){.rows = x->shape.dim[0], .width = x->shape.dim[1]});
}

Node *gather_positions(Graph *g, Node *x, Node *positions)
{
    char text[96];
    const size_t *d = x->shape.dim;
    if (x->shape.rank != 3 || !shape_equal(positions->shape, shape(d[0])))
        die("gather_positions: positions do not fit x of shape %s", shape_text(x->shape, text));
    return gather(g, &op_gather_positions, x, positions, shape(d[0], d[2]),
                  (GatherAttributes){.rows = d[1], .width = d[2], .block = d[1]});
}
