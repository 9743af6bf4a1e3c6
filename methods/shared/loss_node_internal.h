/* What the losses of losses.h share as operators: scores and labels [batch, classes] to one number. */
#pragma once

#include "harness/graph/op.h"

/* The node of a loss, with a copy of its attributes. Scores or labels of another shape, or labels that want a gradient, end the
 * program. */
Node *loss_node(Graph *g, const Op *op, Node *scores, Node *labels, const void *attributes, size_t size);

/* For Op.saved: a slope an entry of the scores. */
size_t loss_slopes(const Node *node);

/* For Op.scratch: a loss an image, forward only. */
size_t loss_images(const Node *node, bool backward);

/* The sum of the images' losses in order, so that the number of threads does not change the bits. */
double loss_sum(const float *losses, size_t batch);
