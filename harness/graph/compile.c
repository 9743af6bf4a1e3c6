/* From the nodes that were made to calls that can be run. */
#include "harness/graph/graph_internal.h"

#include <stdlib.h>

/* Later nodes read earlier ones, so one pass from the end reaches everything below the outputs. */
static void mark_needed(Graph *g)
{
    for (size_t i = 0; i < g->count; i++) g->nodes[i]->plan->needed = g->nodes[i]->plan->kept;
    for (size_t i = g->count; i-- > 0;) {
        const Node *node = g->nodes[i];
        if (!node->plan->needed) continue;
        for (int k = 0; k < node->inputs; k++) node->in[k]->plan->needed = true;
    }
}

/* Leaves needs_gradient set only where the loss depends on the node: elsewhere nobody would read the gradient. */
static void mark_gradients(Graph *g)
{
    bool *on_path = xcalloc(g->count, sizeof *on_path);
    for (size_t i = 0; i < g->count; i++) g->nodes[i]->plan->step = i; /* the place in nodes, until order is made */
    if (g->loss) on_path[g->loss->plan->step] = true;
    for (size_t i = g->count; i-- > 0;) {
        Node *node = g->nodes[i];
        node->needs_gradient &= on_path[i];
        for (int k = 0; node->needs_gradient && k < node->inputs; k++) on_path[node->in[k]->plan->step] = true;
        if (node->needs_gradient && node->op && !node->op->backward && !node->op->view)
            die("%s: gradients cannot flow through this operator, but a parameter stands below it", node->name);
    }
    free(on_path);
}

static void make_order(Graph *g)
{
    g->order = xmalloc(g->count * sizeof(Node *));
    for (size_t i = 0; i < g->count; i++) {
        Node *node = g->nodes[i];
        if (!node->op || !node->plan->needed) continue;
        node->plan->step = g->steps;
        g->order[g->steps++] = node;
    }
}

/* Values that come from a file are in memory from the first operator that needs them. */
static bool load_inputs(const Node *node, Error *err)
{
    for (int i = 0; i < node->inputs; i++) {
        Node *leaf = node->in[i];
        Parameter *p = leaf->parameter;
        if (!p || !p->frozen || !p->load) continue;
        leaf->plan->loaded |= p->value == NULL;
        if (!p->value && !p->load(p, err)) return false;
        leaf->value = p->value;
    }
    return true;
}

/* They go when the last operator has packed them. One that reads them at every run stays a reader for ever. */
static void release_inputs(const Node *node)
{
    for (int i = 0; i < node->inputs; i++) {
        Node *leaf = node->in[i];
        if (!leaf->plan->loaded || !(node->op->packs & READS_INPUT(i)) || node->needs_gradient) continue;
        if (--leaf->plan->readers) continue;
        free(leaf->parameter->value);
        leaf->parameter->value = leaf->value = NULL;
    }
}

static bool prepare_operators(Graph *g, Error *err)
{
    for (size_t s = 0; s < g->steps; s++)
        for (int i = 0; i < g->order[s]->inputs; i++) g->order[s]->in[i]->plan->readers++;
    for (size_t i = 0; i < g->count; i++)
        if (g->nodes[i]->plan->kept) g->nodes[i]->plan->readers++; /* the caller reads it */
    for (size_t s = 0; s < g->steps; s++) {
        Node *node = g->order[s];
        if (!load_inputs(node, err)) return false;
        if (node->op->prepare && !node->op->prepare(node, g->options.arithmetic, err)) return false;
        release_inputs(node);
    }
    return true;
}

static float *buffer_data(const Graph *g, int buffer)
{
    return buffer == NO_BUFFER ? NULL : g->memory + g->buffers[buffer].offset;
}

/* Values and gradients of all nodes; inputs come before their readers, so a view finds its root's pointer. */
static void bind_nodes(Graph *g)
{
    for (size_t i = 0; i < g->count; i++) {
        Node *node = g->nodes[i];
        NodePlan *plan = node->plan;
        if (plan->value != NO_BUFFER)
            node->value = buffer_data(g, plan->value);
        else if (node->op && node->op->view)
            node->value = plan->root->value;
        plan->gradient_data = node->parameter ? node->parameter->gradient : buffer_data(g, plan->gradient);
        for (int k = 0; k < node->inputs; k++) plan->temporary_data[k] = buffer_data(g, plan->temporary[k]);
    }
}

static void bind_calls(Graph *g, Node *node)
{
    NodePlan *plan = node->plan;
    OpCall call = {.node = node, .out = node->value, .saved = buffer_data(g, plan->saved)};
    for (int i = 0; i < node->inputs; i++) call.in[i] = node->in[i]->value;
    plan->forward = plan->backward = call;
    plan->forward.scratch = buffer_data(g, plan->scratch);
    plan->backward.scratch = buffer_data(g, plan->backward_scratch);
    plan->backward.dout = plan->gradient_data;
    for (int i = 0; i < node->inputs; i++) {
        if (plan->mode[i] == GRADIENT_WRITE) plan->backward.din[i] = node->in[i]->plan->gradient_data;
        if (plan->mode[i] == GRADIENT_TEMPORARY) plan->backward.din[i] = plan->temporary_data[i];
    }
}

bool graph_compile(Graph *g, Node *const *outputs, size_t count, Node *loss, Error *err)
{
    if (g->compiled || g->order) die("a graph is compiled once only");
    if (loss && shape_size(loss->shape) != 1) die("the loss of a graph must have one element");
    for (size_t i = 0; i < count; i++) outputs[i]->plan->kept = true;
    if (loss) loss->plan->kept = true;
    g->loss = loss;
    mark_needed(g);
    mark_gradients(g);
    if (!g->options.no_fusion) {
        fuse_operators(g);
        mark_needed(g);
    }
    make_order(g);
    if (!prepare_operators(g, err)) return false;
    plan_buffers(g);
    if (!place_buffers(g->buffers, (size_t)g->buffer_count, &g->memory_floats, err)) return false;
    if (!big_alloc(&g->memory, g->memory_floats, sizeof(float), "the buffers of the graph", err)) return false;
    bind_nodes(g);
    for (size_t s = 0; s < g->steps; s++) bind_calls(g, g->order[s]);
    g->compiled = true;
    return true;
}

GraphCost graph_cost(const Graph *g)
{
    GraphCost cost = {.buffer_bytes = g->memory_floats * sizeof(float), .nodes = g->steps};
    for (size_t s = 0; s < g->steps; s++) {
        const Node *node = g->order[s];
        if (node->op->flop) cost.forward_flop += node->op->flop(node, false);
        if (node->op->flop && node->needs_gradient) cost.backward_flop += node->op->flop(node, true);
        if (node->op->packed_bytes) cost.packed_bytes += node->op->packed_bytes(node);
    }
    return cost;
}
