/* Values that only change their place: reshape, transpose, concat, slice, broadcast_to. Backward moves the gradient back;
 * broadcast_to sums it where values were repeated. All but broadcast_to move indices (int32) as well. */
#include "harness/graph/broadcast.h"
#include "harness/graph/op.h"
#include "harness/graph/ops.h"
#include "harness/graph/parallel.h"

#include <string.h>

/* ---- reshape ---- */

static const Op op_reshape = {.name = "reshape", .view = true};

Node *reshape(Graph *g, Node *x, Shape s)
{
    char from[96], to[96];
    if (shape_size(x->shape) != shape_size(s))
        die("reshape: %s and %s differ in size", shape_text(x->shape, from), shape_text(s, to));
    return node_new(g, &op_reshape, s, NODES(x), NULL, 0);
}

/* ---- concat and slice: both copy runs of neighbouring values ---- */

/* A shape seen from one axis: [outer, dim[axis], inner]. */
typedef struct AxisView {
    size_t outer, length, inner;
} AxisView;

static AxisView view_along(Shape s, int axis)
{
    AxisView v = {1, s.dim[axis], 1};
    for (int i = 0; i < axis; i++) v.outer *= s.dim[i];
    for (int i = axis + 1; i < s.rank; i++) v.inner *= s.dim[i];
    return v;
}

static int checked_axis(const char *what, Shape s, int axis)
{
    char text[96];
    const int positive = axis < 0 ? axis + s.rank : axis;
    if (positive < 0 || positive >= s.rank) die("%s: %s has no axis %d", what, shape_text(s, text), axis);
    return positive;
}

/* to[i * to_step ...] = from[i * from_step ...], `run` floats each. */
static void copy_runs(size_t count, size_t run, const float *from, size_t from_step, float *to, size_t to_step)
{
    PARALLEL_PIECES(count * run)
    for (size_t i = 0; i < count; i++) memcpy(to + i * to_step, from + i * from_step, run * sizeof *to);
}

static void concat_forward(const OpCall *c)
{
    const AxisView all = view_along(c->node->shape, *(const int *)c->node->attributes);
    float *out = c->out;
    for (int p = 0; p < c->node->inputs; p++) {
        const size_t run = shape_size(c->node->in[p]->shape) / all.outer;
        copy_runs(all.outer, run, c->in[p], run, out, all.length * all.inner);
        out += run;
    }
}

static void concat_backward(const OpCall *c)
{
    const AxisView all = view_along(c->node->shape, *(const int *)c->node->attributes);
    const float *dout = c->dout;
    for (int p = 0; p < c->node->inputs; p++) {
        const size_t run = shape_size(c->node->in[p]->shape) / all.outer;
        if (c->din[p]) copy_runs(all.outer, run, dout, all.length * all.inner, c->din[p], run);
        dout += run;
    }
}

static const Op op_concat = {.name = "concat", .forward = concat_forward, .backward = concat_backward};

static Node *concat_few(Graph *g, Node *const *parts, int count, int axis)
{
    Shape s = parts[0]->shape;
    for (int p = 1; p < count; p++) {
        Shape other = parts[p]->shape;
        char left[96], right[96];
        const bool rank = other.rank == s.rank;
        if (rank) s.dim[axis] += other.dim[axis], other.dim[axis] = s.dim[axis];
        if (!rank || !shape_equal(s, other) || parts[p]->is_indices != parts[0]->is_indices)
            die("concat: %s and %s do not go together along axis %d", shape_text(parts[0]->shape, left),
                shape_text(parts[p]->shape, right), axis);
    }
    Node *node = node_new(g, &op_concat, s, parts, count, &axis, sizeof axis);
    node->is_indices = parts[0]->is_indices;
    return node;
}

Node *concat(Graph *g, Node *const *parts, int count, int axis)
{
    if (count < 1) die("concat: no parts");
    axis = checked_axis("concat", parts[0]->shape, axis);
    if (count == 1) return parts[0];
    if (count <= OP_INPUTS_MAX) return concat_few(g, parts, count, axis);
    Node *groups[OP_INPUTS_MAX]; /* more than a node takes: in up to eight groups, each joined first */
    for (int i = 0; i < OP_INPUTS_MAX; i++) {
        const int first = i * count / OP_INPUTS_MAX, last = (i + 1) * count / OP_INPUTS_MAX;
        groups[i] = concat(g, parts + first, last - first, axis);
    }
    return concat_few(g, groups, OP_INPUTS_MAX, axis);
}

typedef struct SliceAttributes {
    int axis;
    size_t start;
} SliceAttributes;

static void slice_forward(const OpCall *c)
{
    const SliceAttributes *a = c->node->attributes;
    const AxisView in = view_along(c->node->in[0]->shape, a->axis), out = view_along(c->node->shape, a->axis);
    copy_runs(in.outer, out.length * out.inner, c->in[0] + a->start * in.inner, in.length * in.inner, c->out,
              out.length * out.inner);
}

static void slice_backward(const OpCall *c)
{
    const SliceAttributes *a = c->node->attributes;
    const AxisView in = view_along(c->node->in[0]->shape, a->axis), out = view_along(c->node->shape, a->axis);
    const size_t row = in.length * in.inner, run = out.length * out.inner, before = a->start * in.inner;
    PARALLEL_PIECES(in.outer * row)
    for (size_t i = 0; i < in.outer; i++) {
        float *dx = c->din[0] + i * row;
        memset(dx, 0, before * sizeof *dx);
        memcpy(dx + before, c->dout + i * run, run * sizeof *dx);
        memset(dx + before + run, 0, (row - before - run) * sizeof *dx);
    }
}

static const Op op_slice = {.name = "slice", .forward = slice_forward, .backward = slice_backward};

Node *slice(Graph *g, Node *x, int axis, size_t start, size_t length)
{
    char text[96];
    axis = checked_axis("slice", x->shape, axis);
    Shape s = x->shape;
    if (start > s.dim[axis] || length > s.dim[axis] - start)
        die("slice: %zu values from %zu along axis %d leave %s", length, start, axis, shape_text(s, text));
    s.dim[axis] = length;
    const SliceAttributes a = {.axis = axis, .start = start};
    Node *node = node_new(g, &op_slice, s, NODES(x), &a, sizeof a);
    node->is_indices = x->is_indices;
    return node;
}

/* ---- broadcast_to ---- */

static void broadcast_to_forward(const OpCall *c)
{
    broadcast_run(c->node->attributes, BROADCAST_FIRST, c->in[0], NULL, c->out);
}

static void broadcast_to_backward(const OpCall *c)
{
    broadcast_sum(c->node->attributes, 0, c->dout, NULL, c->din[0], c->scratch);
}

static size_t broadcast_to_scratch(const Node *node, bool backward)
{
    return backward ? broadcast_sum_scratch(node->attributes, 0) : 0;
}

static const Op op_broadcast_to = {.name = "broadcast_to",
                                   .passes_gradient = READS_INPUT(0),
                                   .scratch = broadcast_to_scratch,
                                   .forward = broadcast_to_forward,
                                   .backward = broadcast_to_backward};

Node *broadcast_to(Graph *g, Node *x, Shape s)
{
    char from[96], to[96];
    if (!shape_equal(broadcast_shape("broadcast_to", x->shape, s), s))
        die("broadcast_to: %s does not repeat to %s", shape_text(x->shape, from), shape_text(s, to));
    const Broadcast loops = broadcast_loops(s, x->shape, s);
    return node_new(g, &op_broadcast_to, s, NODES(x), &loops, sizeof loops);
}
