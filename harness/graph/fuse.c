/* Epilogues: a linear or conv2d followed by an addition of a residual and an activation becomes one node, so that the
 * product is stored once, finished, instead of being written, read and written again. The last node of such a chain turns
 * into the product; what it replaces is no longer needed. Only for graphs that are never differentiated. */
#include "harness/graph/activation_ops.h"
#include "harness/graph/graph_internal.h"
#include "harness/graph/product_attributes.h"

#include <stdlib.h>

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

/* `last` becomes the product that it reads. The attributes are the product's own: nobody else uses it any more. */
static Epilogue *become(Node *last, const Node *product)
{
    last->op = product->op;
    last->name = product->name;
    last->attributes = product->attributes;
    last->inputs = product->inputs;
    for (int i = 0; i < product->inputs; i++) last->in[i] = product->in[i];
    return epilogue_of(last);
}

/* A product whose only reader is the node at hand, and which is no output. */
static bool is_free_product(const Node *node, const int *readers, size_t place)
{
    return epilogue_of(node) && !node->plan->kept && readers[place] == 1;
}

static void fuse_activation(Node *node, const int *readers)
{
    const Node *product = node->in[0];
    if (!is_free_product(product, readers, product->plan->step)) return;
    const Epilogue *e = epilogue_of(product);
    if (e->activation != ACT_NONE) return;
    const Activation activation = activation_of(node->op);
    Epilogue *fused = become(node, product);
    fused->activation = activation;
    fused->activation_first = false;
}

static void fuse_residual(Node *node, const int *readers)
{
    for (int i = 0; i < 2; i++) {
        const Node *product = node->in[i];
        Node *residual = node->in[1 - i];
        if (!is_free_product(product, readers, product->plan->step) || epilogue_of(product)->residual ||
            !shape_equal(residual->shape, product->shape))
            continue;
        Epilogue *fused = become(node, product);
        fused->residual = true;
        fused->activation_first = fused->activation != ACT_NONE;
        node->in[node->inputs++] = residual;
        return;
    }
}

void fuse_epilogues(Graph *g)
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
        if (activation_of(node->op) != ACT_NONE) fuse_activation(node, readers);
        if (node->op == &op_add) fuse_residual(node, readers);
    }
    free(readers);
}
