/* The loss of contrastive pretraining, global and local (recipe and figures: results/pretrained/NOTES.md). */
#pragma once

#include "harness/graph/graph.h"

typedef struct ContrastiveLoss {
    Node *global, *local, *total; /* scalars; total = global + local_weight * local */
} ContrastiveLoss;

typedef struct ContrastiveOptions {
    float local_weight;
    float local_temperature; /* of the softmax over positions */
    size_t group;            /* the local loss is taken inside groups of so many pairs; divides the batch */
} ContrastiveOptions;

/* global_image, text [B, D], local_image [B, P, D], none of them normalised; scale scalar (exp of the stored logarithm). */
ContrastiveLoss contrastive_loss(Graph *g, Node *global_image, Node *local_image, Node *text, Node *scale,
                                 ContrastiveOptions options);
