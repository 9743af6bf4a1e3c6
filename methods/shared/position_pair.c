/* The logits of a pair are built once as a graph, for a training step and for scoring in batches. */
#include "methods/shared/position_pair.h"

#include "harness/graph/ops.h"
#include "methods/shared/branches.h"

static const float position_factor = 20, logit_factor = 5;

enum { IMAGES_AT_ONCE = 32 };

/* l+ - l- [B, N] of positions [B, P, D] and class features [N, D]. */
static Node *pair_logits(Graph *g, Node *positions, Node *positive, Node *negative)
{
    const int axes[] = {0, 2, 1}; /* [B, P, N] -> [B, N, P], positions last for the softmax */
    Node *plus = scale(g, transpose(g, matmul_nt(g, positions, positive), axes), position_factor);
    Node *minus = scale(g, transpose(g, matmul_nt(g, positions, negative), axes), position_factor);
    Node *weights = softmax(g, plus);
    return scale(g, sum_axis(g, mul(g, weights, subtract(g, plus, minus)), 2), logit_factor);
}

bool pair_fit(Run *run, LabelledStep *step, Node *positive, Node *negative, const FitPlan *plan, Random *random,
              Error *err)
{
    Graph *g = step->g;
    Node *logits = pair_logits(g, labelled_positions(step), positive, negative);
    step->loss = scale(g, asymmetric_loss(g, logits, step->labels, asymmetric_options(run->options)),
                       (float)option_real(run->options, "loss_weight"));
    return graph_compile(g, NULL, 0, step->loss, err) &&
           fit(run, g, step->loss, plan, random, labelled_load, step, err);
}

bool pair_score(const Run *run, const ImageFeatures *test, const float *features, float *scores, Error *err)
{
    Graph *g = graph_new((GraphOptions){.arithmetic = run->arithmetic});
    const Shape s = shape(run->classes, test->width);
    Node *x = input(g, "positions", shape(IMAGES_AT_ONCE, test->positions, test->width));
    Node *z = pair_logits(g, x, constant(g, s, features), constant(g, s, features + shape_size(s)));
    if (option_bool(run->options, "probability")) z = sigmoid(g, z);
    const bool good = graph_compile(g, &z, 1, NULL, err) && score_local_batches(g, x, z, test, scores, err);
    graph_free(g);
    return good;
}
