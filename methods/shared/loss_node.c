/* What the losses have in common: scores and labels of one shape, a slope kept for each entry, a loss for each image
 * in scratch, summed in the order of the images. */
#include "methods/shared/loss_node_internal.h"

Node *loss_node(Graph *g, const Op *op, Node *scores, Node *labels, const void *attributes, size_t size)
{
    char a[96], b[96];
    if (node_shape(scores).rank != 2 || !shape_equal(node_shape(scores), node_shape(labels)))
        die("%s: scores %s and labels %s must both be [batch, classes]", op->name, shape_text(node_shape(scores), a),
            shape_text(node_shape(labels), b));
    if (labels->needs_gradient) die("%s: no gradient flows to the labels", op->name);
    return node_new(g, op, scalar_shape(), NODES(scores, labels), attributes, size);
}

size_t loss_slopes(const Node *node)
{
    return shape_size(node->in[0]->shape);
}

size_t loss_images(const Node *node, bool backward)
{
    return backward ? 0 : node->in[0]->shape.dim[0];
}

double loss_sum(const float *losses, size_t batch)
{
    double sum = 0;
    for (size_t b = 0; b < batch; b++) sum += (double)losses[b];
    return sum;
}
