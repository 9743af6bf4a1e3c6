/* Both losses are one cross entropy over square blocks whose diagonals are the true pairs: the whole batch for the
 * global one, groups of it for the local one, since every caption against every position of every image would be the
 * batch squared times the positions. */
#include "harness/pretrain/pretrain_loss.h"

#include "harness/base/memory.h"
#include "harness/graph/ops.h"

#include <stdlib.h>

/* Mean cross entropy of rows against columns and of columns against rows of square blocks [groups, n, n] whose diagonals
 * are the true pairs (Radford et al. 2021, figure 3). */
static Node *symmetric_cross_entropy(Graph *g, Node *logits, size_t groups, size_t n)
{
    int32_t *diagonal = xmalloc(groups * n * sizeof *diagonal);
    for (size_t i = 0; i < groups * n; i++) diagonal[i] = (int32_t)(i % n);
    Node *targets = constant_indices(g, shape(groups, n), diagonal);
    free(diagonal);
    Node *rows = cross_entropy(g, logits, targets);
    Node *columns = cross_entropy(g, transpose(g, logits, (const int[]){0, 2, 1}), targets);
    return scale(g, add(g, rows, columns), 0.5f);
}

/* Every caption attends over the positions of every image of its group:  z_bt = sum_j softmax_j(tau s_bjt) s_bjt. */
static Node *local_logits(Graph *g, Node *local, Node *text, size_t batch, ContrastiveOptions options)
{
    const size_t positions = node_shape(local).dim[1], width = node_shape(local).dim[2];
    const size_t n = options.group, groups = batch / n;
    Node *images = reshape(g, local, shape(groups, n * positions, width));
    Node *captions = reshape(g, text, shape(groups, n, width));
    Node *similarity = reshape(g, matmul_nt(g, images, captions), shape(batch, positions, n));
    return reshape(g, local_aggregate(g, similarity, options.local_temperature, NULL), shape(groups, n, n));
}

ContrastiveLoss contrastive_loss(Graph *g, Node *global_image, Node *local_image, Node *text, Node *factor,
                                 ContrastiveOptions options)
{
    const size_t batch = node_shape(text).dim[0];
    const float eps = 1e-12f; /* torch.nn.functional.normalize */
    if (batch % options.group) die("the batch of %zu is not a multiple of the groups of %zu", batch, options.group);
    Node *image = l2_normalise(g, global_image, eps);
    Node *local = l2_normalise(g, local_image, eps);
    Node *caption = l2_normalise(g, text, eps);

    Node *logits = reshape(g, matmul_nt(g, image, caption), shape(1, batch, batch));
    ContrastiveLoss loss = {
        .global = symmetric_cross_entropy(g, mul(g, logits, factor), 1, batch),
        .local = symmetric_cross_entropy(g, mul(g, local_logits(g, local, caption, batch, options), factor),
                                         batch / options.group, options.group),
    };
    loss.total = add(g, loss.global, scale(g, loss.local, options.local_weight));
    return loss;
}
