/* Nodes and leaves: what a graph is made of before it is compiled. */
#include "harness/graph/graph_internal.h"

#include <stdlib.h>
#include <string.h>

Graph *graph_new(GraphOptions options)
{
    Graph *g = xcalloc(1, sizeof *g);
    g->options = options;
    return g;
}

void graph_free(Graph *g)
{
    if (!g) return;
    for (size_t i = 0; i < g->count; i++) {
        Node *node = g->nodes[i];
        if (node->op && node->op->release && node->state) node->op->release(node);
    }
    free(g->nodes);
    free(g->order);
    free(g->buffers);
    free(g->memory);
    arena_free(&g->arena);
    free(g);
}

static Node *new_node(Graph *g, const Op *op, const char *name, Shape s)
{
    if (g->compiled) die("a node \"%s\" was added to a graph that is already compiled", name);
    if (g->count == g->capacity) {
        g->capacity = g->capacity ? 2 * g->capacity : 256;
        g->nodes = xrealloc(g->nodes, g->capacity * sizeof(Node *));
    }
    Node *node = arena_alloc(&g->arena, sizeof *node);
    node->plan = arena_alloc(&g->arena, sizeof *node->plan);
    node->plan->root = node;
    node->op = op;
    node->name = name;
    node->shape = s;
    shape_size(s); /* dies here, where the culprit is on the stack, when it overflows */
    g->nodes[g->count++] = node;
    return node;
}

Node *node_new(Graph *g, const Op *op, Shape s, Node *const *in, int count, const void *attributes, size_t size)
{
    while (count > 0 && !in[count - 1]) count--;
    if (count > OP_INPUTS_MAX) die("%s: %d inputs, at most %d are possible", op->name, count, OP_INPUTS_MAX);
    Node *node = new_node(g, op, op->name, s);
    for (int i = 0; i < count; i++) {
        if (!in[i]) die("%s: input %d is missing", op->name, i);
        node->in[i] = in[i];
        node->needs_gradient |= in[i]->needs_gradient;
    }
    node->inputs = count;
    if (op->view) {
        node->plan->root = in[0]->plan->root;
        node->is_indices = in[0]->is_indices;
    }
    if (size) node->attributes = memcpy(arena_alloc(&g->arena, size), attributes, size);
    return node;
}

Node *input(Graph *g, const char *name, Shape s)
{
    return new_node(g, NULL, arena_strdup(&g->arena, name), s);
}

Node *input_indices(Graph *g, const char *name, Shape s)
{
    Node *node = input(g, name, s);
    node->is_indices = true;
    return node;
}

static Node *constant_leaf(Graph *g, const char *name, Shape s, float *values)
{
    Node *node = new_node(g, NULL, name, s);
    node->is_frozen = true;
    node->value = values;
    return node;
}

Node *constant(Graph *g, Shape s, const float *values)
{
    return constant_leaf(g, "constant", s, (float *)(uintptr_t)values); /* never written: only leaves of input() are */
}

Node *constant_copy(Graph *g, Shape s, const float *values)
{
    const size_t bytes = shape_size(s) * sizeof(float);
    return constant_leaf(g, "constant", s, memcpy(arena_alloc(&g->arena, bytes), values, bytes));
}

Node *constant_scalar(Graph *g, float value)
{
    return constant_copy(g, scalar_shape(), &value);
}

Node *constant_indices(Graph *g, Shape s, const int32_t *values)
{
    const size_t bytes = shape_size(s) * sizeof(int32_t);
    Node *node = constant_leaf(g, "constant indices", s, memcpy(arena_alloc(&g->arena, bytes), values, bytes));
    node->is_indices = true;
    return node;
}

Node *parameter(Graph *g, Parameter *p)
{
    for (size_t i = 0; i < g->count; i++)
        if (g->nodes[i]->parameter == p) return g->nodes[i];
    Node *node = new_node(g, NULL, p->name, p->shape);
    node->parameter = p;
    node->value = p->value;
    node->needs_gradient = !p->frozen;
    node->is_frozen = p->frozen;
    return node;
}

float *node_data(Node *node)
{
    if (!node->value) die("the values of \"%s\" are asked for: it is no output of a compiled graph", node->name);
    return node->value;
}

int32_t *node_indices(Node *node)
{
    if (!node->is_indices) die("\"%s\" does not hold indices", node->name);
    return (int32_t *)(void *)node_data(node);
}

Shape node_shape(const Node *node)
{
    return node->shape;
}

size_t node_bytes(const Node *node)
{
    return shape_size(node->shape) * sizeof(float);
}
