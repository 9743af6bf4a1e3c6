/* DualCoOp (Sun et al., NeurIPS 2022; sunxm2357/DualCoOp, models/dualcoop.py): a positive and a negative prompt a class, compared
 * with every position of an image. With x_j the local features and G+, G- the class features of the two prompt sets:
 *     o+-_jc = 20 <x_j, G+-_c>,  w_jc = softmax_j(o+_jc),  l+-_c = 5 sum_j w_jc o+-_jc,  p_c = softmax over the pair (l-_c, l+_c)
 * Trained with the asymmetric loss of p (losses.h; its focusing weights are constants for the gradient, as in the code) times
 * loss_weight; labels that are not known are in no part of it.
 * Score: l+_c - l-_c, which is the logit of p_c: the order of p_c in every class, but it does not saturate to 1 in float32. The option
 * `probability` gives p_c itself, the authors' score.
 * Defaults: configs/models/rn101_ep50.yaml (SGD 2e-3, 50 epochs, batch 32, first epoch at 1e-5, cosine) and opts.py; the authors use
 * lr 1e-3 for VOC2007, images of 448, and say to use class-specific prompts but shared ones when few labels are known;
 * loss_weight 0.03 is their example for half of COCO's labels, with more for fewer labels (README). Their positions have one more,
 * the mean of the feature map in front of the others; ours are the feature map's own. Their last, smaller batch of an epoch is
 * trained on, ours is dropped (fit.h), and we use whole images without random crops and flips.
 * Draws with seed s: the positive context, the negative context (none for one that starts from words), then one permutation of
 * the images an epoch. */
#include "methods/shared/branches.h"
#include "methods/shared/fit.h"
#include "methods/shared/labelled.h"
#include "methods/shared/prompt.h"

#include "harness/graph/ops.h"

#include <stdlib.h>

static const float position_factor = 20, logit_factor = 5;

enum { IMAGES_AT_ONCE = 32 };

static const Option options[] = {
    PROMPT_OPTIONS_WITH(false),
    OPTION_TEXT("context_init_negative", "normal", "the same as context_init for the negative prompts"),
    OPTION_REAL("loss_weight", 0.03, 0, 1e6, "of the asymmetric loss, which is a sum over the batch and its classes"),
    ASYMMETRIC_OPTIONS,
    FIT_OPTIONS_WITH(50, 32, 2e-3),
    OPTION_BOOL_AT_TEST("probability", false, "scores are the probabilities of the pairs, not their logits"),
    OPTION_END,
};

static unsigned needs(const Options *o)
{
    (void)o;
    return NEED_CLASS_TEXT | NEED_TRAIN_IMAGES | NEED_TRAIN_LOCAL | NEED_TEST_LOCAL;
}

typedef struct Pair {
    Prompts positive, negative; /* two wordings: contexts from words may differ in length */
} Pair;

static void pair_free(Pair *pair)
{
    prompts_free(&pair->positive);
    prompts_free(&pair->negative);
}

static bool pair_init(Pair *pair, const Run *run, Error *err)
{
    PromptOptions negative = prompt_options(run->options);
    negative.context_init = option_text(run->options, "context_init_negative");
    *pair = (Pair){0};
    if (prompts_init(&pair->positive, run, err) && prompts_init_as(&pair->negative, run, negative, err)) return true;
    pair_free(pair);
    return false;
}

/* l+ - l- [B, N] of positions [B, P, D] and class features [N, D]. */
static Node *pair_logits(Graph *g, Node *positions, Node *positive, Node *negative)
{
    const int axes[] = {0, 2, 1}; /* [B, P, N] -> [B, N, P], positions last for the softmax */
    Node *plus = scale(g, transpose(g, matmul_nt(g, positions, positive), axes), position_factor);
    Node *minus = scale(g, transpose(g, matmul_nt(g, positions, negative), axes), position_factor);
    Node *weights = softmax(g, plus);
    return scale(g, sum_axis(g, mul(g, weights, subtract(g, plus, minus)), 2), logit_factor);
}

static bool train_pair(Run *run, const Pair *pair, Error *err)
{
    Parameter *positive = run_learn(run, "context_positive", prompts_shape(&pair->positive), err);
    Parameter *negative = positive ? run_learn(run, "context_negative", prompts_shape(&pair->negative), err) : NULL;
    if (!negative) return false;
    Random random;
    random_seed(&random, run->seed);
    prompts_start_values(&pair->positive, &random, positive->value);
    prompts_start_values(&pair->negative, &random, negative->value);

    const FitPlan plan = fit_plan(run->options, run->images.features->count);
    LabelledStep step;
    labelled_step_init(&step, run, plan.batch);
    Graph *g = step.g;
    Node *logits =
        pair_logits(g, labelled_positions(&step), prompts_features(g, &pair->positive, positive, PROMPT_SHARED),
                    prompts_features(g, &pair->negative, negative, PROMPT_SHARED));
    step.loss = scale(g, asymmetric_loss(g, logits, step.labels, asymmetric_options(run->options)),
                      (float)option_real(run->options, "loss_weight"));
    const bool good =
        graph_compile(g, NULL, 0, step.loss, err) && fit(run, g, step.loss, &plan, &random, labelled_load, &step, err);
    labelled_step_free(&step);
    return good;
}

static bool train(Run *run, Error *err)
{
    Pair pair;
    if (!labelled_check(run, true, err) || !pair_init(&pair, run, err)) return false;
    const bool good = train_pair(run, &pair, err);
    pair_free(&pair);
    return good;
}

/* features: of the positive, then of the negative prompts, [2, N, D] */
static bool score_positions(const Run *run, const ImageFeatures *test, const float *features, float *scores, Error *err)
{
    Graph *g = graph_new((GraphOptions){.arithmetic = run->arithmetic});
    const Shape s = shape(run->classes, test->width);
    Node *x = input(g, "positions", shape(IMAGES_AT_ONCE, test->positions, test->width));
    Node *z = pair_logits(g, x, constant(g, s, features), constant(g, s, features + shape_size(s)));
    if (option_bool(run->options, "probability")) z = sigmoid(g, z);
    const bool good = graph_compile(g, &z, 1, NULL, err);
    if (good) score_batches(g, x, z, test->local, test->count, scores);
    graph_free(g);
    return good;
}

static bool score_pair(const Run *run, const Pair *pair, const ImageFeatures *test, Scores *scores, Error *err)
{
    const size_t size = run->classes * test->width;
    float *features = xcalloc(2 * size, sizeof *features);
    const bool good =
        prompts_compute(&pair->positive, run_learned(run, "context_positive"), run->arithmetic, features, err) &&
        prompts_compute(&pair->negative, run_learned(run, "context_negative"), run->arithmetic, features + size, err) &&
        score_positions(run, test, features, scores->combined, err);
    if (good)
        scores->local_classes = features; /* the positive prompts': the first [N, D] */
    else
        free(features);
    return good;
}

static bool score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    Pair pair;
    if (!run_check_test(run, test, true, err) || !pair_init(&pair, run, err)) return false;
    bool good = scores_init(scores, test->count, run->classes, false, err);
    if (good && !(good = score_pair(run, &pair, test, scores, err))) scores_free(scores);
    pair_free(&pair);
    return good;
}

/* A positive and a negative set. */
static void cost(const Workload *work, Cost *cost)
{
    cost_add_prompts(cost, work, 2, cost_steps(work, work->labelled));
}

extern const Method method_dualcoop;
const Method method_dualcoop = {
    .name = "dualcoop",
    .summary = "a positive and a negative prompt a class, learned on labelled images' local features",
    .options = options,
    .version = 1,
    .settings = LABELLED,
    .position = POOL_POSITION_ON, /* its local features keep the positional embedding [code] */
    .needs = needs,
    .train = train,
    .score = score,
    .cost = cost,
};
