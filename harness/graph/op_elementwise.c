/* Elementwise arithmetic: add, subtract, mul with broadcasting; scale, exponential, clamp. */
#include "harness/graph/activation_ops.h"
#include "harness/graph/broadcast.h"
#include "harness/graph/fast_math.h"
#include "harness/graph/ops.h"
#include "harness/graph/parallel.h"

/* Backward:
 *
 *   add       da = sum of dy          db = sum of dy          sums: over the places where the operand repeats
 *   subtract  da = sum of dy          db = - sum of dy
 *   mul       da = sum of dy b        db = sum of dy a
 *   scale     dx = factor dy     exponential  dx = y dy     clamp  dx = dy where low <= x <= high, else 0 */

static const Broadcast *loops_of(const Node *node)
{
    return node->attributes;
}

static bool repeats(const Node *node, int i)
{
    return shape_size(node->in[i]->shape) != shape_size(node->shape);
}

/* Both sums may be asked for in one call, one after the other in the same scratch. */
static size_t sums_scratch(const Node *node, bool backward)
{
    size_t floats = 0;
    for (int i = 0; i < 2 && backward; i++) {
        const size_t need = repeats(node, i) ? broadcast_sum_scratch(loops_of(node), i) : 0;
        if (need > floats) floats = need;
    }
    return floats;
}

static void add_forward(const OpCall *c)
{
    broadcast_run(loops_of(c->node), BROADCAST_ADD, c->in[0], c->in[1], c->out);
}

static void add_backward(const OpCall *c)
{
    for (int i = 0; i < 2; i++) /* an operand that does not repeat is passed dy by the graph */
        if (c->din[i]) broadcast_sum(loops_of(c->node), i, c->dout, NULL, c->din[i], c->scratch);
}

const Op op_add = {.name = "add",
                   .in_place = true,
                   .passes_gradient = READS_INPUT(0) | READS_INPUT(1),
                   .scratch = sums_scratch,
                   .forward = add_forward,
                   .backward = add_backward};

static void subtract_forward(const OpCall *c)
{
    broadcast_run(loops_of(c->node), BROADCAST_SUBTRACT, c->in[0], c->in[1], c->out);
}

static void array_negate(float *y, const float *x, size_t n)
{
    PARALLEL_FOR(n)
    for (size_t i = 0; i < n; i++) y[i] = -x[i];
}

static void subtract_backward(const OpCall *c)
{
    if (c->din[0]) broadcast_sum(loops_of(c->node), 0, c->dout, NULL, c->din[0], c->scratch);
    if (!c->din[1]) return;
    const float *sums = c->dout;
    if (repeats(c->node, 1)) {
        broadcast_sum(loops_of(c->node), 1, c->dout, NULL, c->din[1], c->scratch);
        sums = c->din[1];
    }
    array_negate(c->din[1], sums, shape_size(c->node->in[1]->shape));
}

static const Op op_subtract = {.name = "subtract",
                               .in_place = true,
                               .passes_gradient = READS_INPUT(0),
                               .scratch = sums_scratch,
                               .forward = subtract_forward,
                               .backward = subtract_backward};

static void mul_forward(const OpCall *c)
{
    broadcast_run(loops_of(c->node), BROADCAST_MUL, c->in[0], c->in[1], c->out);
}

static void mul_backward(const OpCall *c)
{
    const Node *node = c->node;
    for (int i = 0; i < 2; i++) {
        if (!c->din[i]) continue;
        if (repeats(node, i)) {
            broadcast_sum(loops_of(node), i, c->dout, c->in[1 - i], c->din[i], c->scratch);
        } else {
            const Broadcast loops = broadcast_loops(node->shape, node->shape, node->in[1 - i]->shape);
            broadcast_run(&loops, BROADCAST_MUL, c->dout, c->in[1 - i], c->din[i]);
        }
    }
}

static const Op op_mul = {.name = "mul",
                          .backward_reads = READS_INPUT(0) | READS_INPUT(1),
                          .in_place = true,
                          .scratch = sums_scratch,
                          .forward = mul_forward,
                          .backward = mul_backward};

static Node *binary(Graph *g, const Op *op, Node *a, Node *b)
{
    const Shape s = broadcast_shape(op->name, a->shape, b->shape);
    const Broadcast loops = broadcast_loops(s, a->shape, b->shape);
    return node_new(g, op, s, NODES(a, b), &loops, sizeof loops);
}

/* The larger operand comes first, so that the result may take its place. */
static Node *commutative(Graph *g, const Op *op, Node *a, Node *b)
{
    return shape_size(a->shape) < shape_size(b->shape) ? binary(g, op, b, a) : binary(g, op, a, b);
}

Node *add(Graph *g, Node *a, Node *b)
{
    return commutative(g, &op_add, a, b);
}

Node *subtract(Graph *g, Node *a, Node *b)
{
    return binary(g, &op_subtract, a, b);
}

Node *mul(Graph *g, Node *a, Node *b)
{
    return commutative(g, &op_mul, a, b);
}

/* ---- one operand ---- */

static void scale_into(const Node *node, const float *x, float *y)
{
    const size_t n = shape_size(node->shape);
    const float factor = *(const float *)node->attributes;
    PARALLEL_FOR(n)
    for (size_t i = 0; i < n; i++) y[i] = factor * x[i];
}

static void scale_forward(const OpCall *c)
{
    scale_into(c->node, c->in[0], c->out);
}

static void scale_backward(const OpCall *c)
{
    scale_into(c->node, c->dout, c->din[0]);
}

static const Op op_scale = {
    .name = "scale", .in_place = true, .in_place_backward = true, .forward = scale_forward, .backward = scale_backward};

Node *scale(Graph *g, Node *x, float factor)
{
    return node_new(g, &op_scale, x->shape, NODES(x), &factor, sizeof factor);
}

static void exponential_forward(const OpCall *c)
{
    const size_t n = shape_size(c->node->shape);
    const float *x = c->in[0];
    float *y = c->out;
    PARALLEL_FOR(n)
    for (size_t i = 0; i < n; i++) y[i] = fast_exp(x[i]);
}

static void exponential_backward(const OpCall *c)
{
    const size_t n = shape_size(c->node->shape);
    const float *y = c->out, *dy = c->dout;
    float *dx = c->din[0];
    PARALLEL_FOR(n)
    for (size_t i = 0; i < n; i++) dx[i] = dy[i] * y[i];
}

static const Op op_exponential = {.name = "exponential",
                                  .backward_reads = READS_OUTPUT,
                                  .in_place = true,
                                  .in_place_backward = true,
                                  .forward = exponential_forward,
                                  .backward = exponential_backward};

Node *exponential(Graph *g, Node *x)
{
    return node_new(g, &op_exponential, x->shape, NODES(x), NULL, 0);
}

typedef struct Limits {
    float low, high;
} Limits;

static void clamp_forward(const OpCall *c)
{
    const size_t n = shape_size(c->node->shape);
    const Limits limits = *(const Limits *)c->node->attributes;
    const float *x = c->in[0];
    float *y = c->out;
    PARALLEL_FOR(n)
    for (size_t i = 0; i < n; i++) {
        const float above = x[i] < limits.low ? limits.low : x[i];
        y[i] = above > limits.high ? limits.high : above;
    }
}

static void clamp_backward(const OpCall *c)
{
    const size_t n = shape_size(c->node->shape);
    const Limits limits = *(const Limits *)c->node->attributes;
    const float *x = c->in[0], *dy = c->dout;
    float *dx = c->din[0];
    PARALLEL_FOR(n)
    for (size_t i = 0; i < n; i++) dx[i] = x[i] >= limits.low && x[i] <= limits.high ? dy[i] : 0;
}

static const Op op_clamp = {.name = "clamp",
                            .backward_reads = READS_INPUT(0),
                            .in_place = true,
                            .in_place_backward = true,
                            .forward = clamp_forward,
                            .backward = clamp_backward};

Node *clamp(Graph *g, Node *x, float low, float high)
{
    const Limits limits = {.low = low, .high = high};
    return node_new(g, &op_clamp, x->shape, NODES(x), &limits, sizeof limits);
}
