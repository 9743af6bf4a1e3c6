/* Operators that melt into the one before them, so that a result is stored once, finished, instead of being written,
 * read and written again. The last node of such a chain turns into the first; what it replaces is no longer needed. */
#include "harness/graph/activation_ops.h"
#include "harness/graph/graph_internal.h"
#include "harness/graph/norm_ops.h"
#include "harness/graph/product_attributes.h"

#include <stdlib.h>

/* What melts:
 *
 *   linear or conv2d, then an addition of a residual and an activation: only in graphs that are never differentiated,
 *   because backward would need the values in between;
 *   group norm, then silu: likewise;
 *   batch norm, then relu: in every graph, because backward finds the relu's sign from what it reads anyway. */

static Activation activation_of(const Op *op)
{
    if (op == &op_relu) return ACT_RELU;
    if (op == &op_gelu) return ACT_GELU;
    if (op == &op_gelu_tanh) return ACT_GELU_TANH;
    if (op == &op_quick_gelu) return ACT_QUICK_GELU;
    if (op == &op_silu) return ACT_SILU;
    return ACT_NONE;
}

static Epilogue *epilogue_of(const Node *node)
{
    if (node->op == &op_linear) return &((LinearAttributes *)node->attributes)->epilogue;
    if (node->op == &op_conv2d) return &((ConvAttributes *)node->attributes)->epilogue;
    return NULL;
}

/* `last` becomes the node that it reads. The attributes are that node's own: nobody else uses it any more. */
static void become(Node *last, const Node *first)
{
    last->op = first->op;
    last->name = first->name;
    last->attributes = first->attributes;
    last->inputs = first->inputs;
    for (int i = 0; i < first->inputs; i++) last->in[i] = first->in[i];
}

/* Its only reader is the node at hand, and it is no output. (plan->step is the place in nodes here, see below.) */
static bool is_free(const Node *node, const int *readers)
{
    return !node->plan->kept && readers[node->plan->step] == 1;
}

static void fuse_activation(Node *node, const int *readers)
{
    const Node *product = node->in[0];
    Epilogue *epilogue = epilogue_of(product);
    if (!epilogue || !is_free(product, readers) || epilogue->activation != ACT_NONE) return;
    epilogue->activation = activation_of(node->op);
    become(node, product);
}

static void fuse_residual(Node *node, const int *readers)
{
    for (int i = 0; i < 2; i++) {
        const Node *product = node->in[i];
        Node *residual = node->in[1 - i];
        Epilogue *epilogue = epilogue_of(product);
        if (!epilogue || !is_free(product, readers) || epilogue->residual ||
            !shape_equal(residual->shape, product->shape))
            continue;
        epilogue->residual = true;
        epilogue->activation_first = epilogue->activation != ACT_NONE;
        become(node, product);
        node->in[node->inputs++] = residual;
        return;
    }
}

static void fuse_batch_norm(Node *relu, const int *readers)
{
    const Node *norm = relu->in[0];
    if (norm->op != &op_batch_norm || !is_free(norm, readers)) return;
    BatchNormAttributes *attributes = norm->attributes;
    if (attributes->relu) return;
    attributes->relu = true;
    become(relu, norm);
}

static void fuse_group_norm(Node *silu_node, const int *readers)
{
    const Node *norm = silu_node->in[0];
    if (norm->op != &op_group_norm || !is_free(norm, readers)) return;
    GroupNormAttributes *attributes = norm->attributes;
    if (attributes->silu) return;
    attributes->silu = true;
    become(silu_node, norm);
}

void fuse_operators(Graph *g)
{
    int *readers = xcalloc(g->count, sizeof *readers);
    for (size_t i = 0; i < g->count; i++) {
        const Node *node = g->nodes[i];
        node->plan->step = i; /* the place in nodes, until order is made */
        for (int k = 0; node->plan->needed && k < node->inputs; k++) readers[node->in[k]->plan->step]++;
    }
    for (size_t i = 0; i < g->count; i++) {
        Node *node = g->nodes[i];
        if (!node->op || !node->plan->needed) continue;
        if (node->op == &op_relu) fuse_batch_norm(node, readers);
        if (g->loss) continue;
        if (node->op == &op_silu) fuse_group_norm(node, readers);
        if (activation_of(node->op) != ACT_NONE) fuse_activation(node, readers);
        if (node->op == &op_add) fuse_residual(node, readers);
    }
    free(readers);
}
