/* Which buffers a graph needs and how long each lives. */
#include "harness/graph/graph_internal.h"

static int new_buffer(Graph *g, size_t floats, size_t first, size_t last)
{
    if (g->buffer_count == g->buffer_capacity) {
        g->buffer_capacity = g->buffer_capacity ? 2 * g->buffer_capacity : 256;
        g->buffers = xrealloc(g->buffers, (size_t)g->buffer_capacity * sizeof(Buffer));
    }
    g->buffers[g->buffer_count] = (Buffer){.floats = floats, .first = first, .last = last};
    if (g->options.no_sharing) g->buffers[g->buffer_count] = (Buffer){.floats = floats, .last = 2 * g->steps};
    return g->buffer_count++;
}

static void keep_until(size_t *last, size_t time)
{
    if (time > *last) *last = time;
}

/* ---- values ---- */

static void note_reads(const Graph *g, Node *node)
{
    NodePlan *plan = node->plan;
    const Op *op = node->op;
    for (int i = 0; i < node->inputs; i++) {
        size_t *last = &node->in[i]->plan->root->plan->last_read;
        if (!op->view) keep_until(last, plan->step);
        if (node->needs_gradient && op->backward_reads & READS_INPUT(i)) keep_until(last, backward_time(g, node));
    }
    if (node->needs_gradient && op->backward_reads & READS_OUTPUT)
        keep_until(&plan->root->plan->last_read, backward_time(g, node));
    keep_until(&plan->root->plan->last_read, plan->kept ? 2 * g->steps : plan->step);
}

static bool fits_in_place(const Graph *g, const Node *node)
{
    const Node *root = node->in[0]->plan->root;
    if (g->options.no_sharing || !node->op->in_place || !root->op || root->plan->last_read != node->plan->step)
        return false;
    for (int i = 1; i < node->inputs; i++)
        if (node->in[i]->plan->root == root) return false;
    return shape_size(node->in[0]->shape) == shape_size(node->shape);
}

static void plan_value(Graph *g, Node *node)
{
    NodePlan *plan = node->plan;
    if (node->op->view) {
        plan->value = plan->root->plan->value;
    } else if (fits_in_place(g, node)) {
        plan->value = node->in[0]->plan->value;
        keep_until(&g->buffers[plan->value].last, plan->last_read);
    } else {
        plan->value = new_buffer(g, shape_size(node->shape), plan->step, plan->last_read);
    }
    const size_t scratch = node->op->scratch ? node->op->scratch(node, false) : 0;
    if (scratch) plan->scratch = new_buffer(g, scratch, plan->step, plan->step);
    const size_t saved = node->op->saved && node->needs_gradient ? node->op->saved(node) : 0;
    if (saved) plan->saved = new_buffer(g, saved, plan->step, backward_time(g, node));
}

/* ---- gradients ---- */

/* When a contribution is next added to the gradient of `target`, after the one that `node` makes by its input i. */
static size_t next_write(const Graph *g, const Node *target, const Node *node, int i)
{
    for (int k = i + 1; k < node->inputs; k++)
        if (node->in[k] == target) return backward_time(g, node);
    for (size_t s = node->plan->step; s-- > 0;) {
        const Node *reader = g->order[s];
        for (int k = 0; reader->needs_gradient && k < reader->inputs; k++)
            if (reader->in[k] == target) return backward_time(g, reader);
    }
    return SIZE_MAX;
}

/* May input i of `node` have the node's own gradient buffer for its gradient? Other gradients that still lie there must
 * not see what is written for this one, nor this one what is written for them. `overwrites`: the operator writes it now. */
static bool may_share(const Graph *g, const Node *node, int i, bool overwrites)
{
    if (g->options.no_sharing) return false;
    const Node *in = node->in[i];
    const size_t now = backward_time(g, node), write = overwrites ? now : next_write(g, in, node, i);
    for (size_t s = 0; s < node->plan->step; s++) { /* later nodes have been visited: their gradients are done with */
        const Node *other = g->order[s];
        if (other == in || other->plan->gradient != node->plan->gradient) continue;
        if (write <= backward_time(g, other) || next_write(g, other, node, i) <= backward_time(g, in)) return false;
    }
    return true;
}

static void share_gradient(Graph *g, const Node *node, Node *in)
{
    in->plan->gradient = node->plan->gradient;
    keep_until(&g->buffers[in->plan->gradient].last, backward_time(g, in));
}

static void own_gradient(Graph *g, const Node *node, Node *in)
{
    in->plan->gradient = new_buffer(g, shape_size(in->shape), backward_time(g, node), backward_time(g, in));
}

/* The gradient by input i equals dout. */
static GradientMode pass_on(Graph *g, Node *node, int i)
{
    Node *in = node->in[i];
    if (in->plan->has_first) return GRADIENT_ADD;
    if (in->op && may_share(g, node, i, false)) {
        share_gradient(g, node, in);
        return GRADIENT_SHARE;
    }
    if (in->op) own_gradient(g, node, in);
    return GRADIENT_COPY;
}

static GradientMode let_write(Graph *g, Node *node, int i)
{
    Node *in = node->in[i];
    const size_t now = backward_time(g, node), size = shape_size(in->shape);
    if (in->plan->has_first) {
        node->plan->temporary[i] = new_buffer(g, size, now, now);
        return GRADIENT_TEMPORARY;
    }
    if (!in->op) return GRADIENT_WRITE; /* a parameter's gradient lies outside */
    if (node->op->in_place_backward && i == 0 && size == shape_size(node->shape) && may_share(g, node, i, true))
        share_gradient(g, node, in);
    else
        own_gradient(g, node, in);
    return GRADIENT_WRITE;
}

static void plan_backward(Graph *g, Node *node)
{
    NodePlan *plan = node->plan;
    for (int i = 0; i < node->inputs; i++) {
        Node *in = node->in[i];
        if (!in->needs_gradient) continue;
        const bool passes = node->op->view || (node->op->passes_gradient & READS_INPUT(i) &&
                                               shape_size(in->shape) == shape_size(node->shape));
        plan->mode[i] = passes ? pass_on(g, node, i) : let_write(g, node, i);
        plan->calls_backward |= !passes;
        in->plan->has_first = true;
    }
    const size_t scratch = plan->calls_backward && node->op->scratch ? node->op->scratch(node, true) : 0;
    if (scratch) plan->backward_scratch = new_buffer(g, scratch, backward_time(g, node), backward_time(g, node));
}

void plan_buffers(Graph *g)
{
    for (size_t i = 0; i < g->count; i++) {
        NodePlan *plan = g->nodes[i]->plan;
        plan->value = plan->saved = plan->gradient = plan->scratch = plan->backward_scratch = NO_BUFFER;
        for (int k = 0; k < OP_INPUTS_MAX; k++) plan->temporary[k] = NO_BUFFER;
        const Node *leaf = g->nodes[i];
        if (!leaf->op && !leaf->is_frozen && !leaf->parameter) /* an input, needed or not: its owner writes into it */
            plan->value = new_buffer(g, shape_size(leaf->shape), 0, 2 * g->steps);
    }
    for (size_t s = 0; s < g->steps; s++) note_reads(g, g->order[s]);
    for (size_t s = 0; s < g->steps; s++) plan_value(g, g->order[s]);

    if (!g->loss || !g->loss->needs_gradient) return;
    g->loss->plan->has_first = true;
    if (g->loss->op) g->loss->plan->gradient = new_buffer(g, 1, g->steps, backward_time(g, g->loss));
    for (size_t s = g->steps; s-- > 0;)
        if (g->order[s]->needs_gradient) plan_backward(g, g->order[s]);
}
