/* DualCoOp (Sun et al., NeurIPS 2022; sunxm2357/DualCoOp, models/dualcoop.py): a positive and a negative prompt a
 * class, compared with every position of an image. Formulas, loss and score: shared/position_pair.h, with G+ and G- the
 * features of the two prompt sets. */
#include "methods/shared/position_pair.h"
#include "methods/shared/prompt.h"

#include <stdlib.h>

/* Defaults: configs/models/rn101_ep50.yaml (SGD 2e-3, 50 epochs, batch 32, first epoch at 1e-5, cosine) and opts.py; the authors use
 * lr 1e-3 for VOC2007, images of 448, and say to use class-specific prompts but shared ones when few labels are known;
 * loss_weight 0.03 is their example for half of COCO's labels, with more for fewer labels (README). Their positions have one more,
 * the mean of the feature map in front of the others; ours are the feature map's own. Their last, smaller batch of an epoch is
 * trained on, ours is dropped (fit.h), and we use whole images without random crops and flips.
 * Draws with seed s: the positive context, the negative context (none for one that starts from words), then one permutation of
 * the images an epoch. */

static const Option options[] = {
    PROMPT_OPTIONS_WITH(false),
    OPTION_TEXT("context_init_negative", "normal", "the same as context_init for the negative prompts"),
    PAIR_OPTIONS(0.03),
    FIT_OPTIONS_WITH(50, 32, 2e-3),
    OPTION_END,
};

static unsigned needs(const Options *o)
{
    (void)o;
    return NEED_CLASS_TEXT | NEED_TOWER | NEED_TRAIN_IMAGES | NEED_TRAIN_LOCAL | NEED_TEST_LOCAL;
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
    const bool good = pair_fit(run, &step, prompts_features(step.g, &pair->positive, positive, PROMPT_SHARED),
                               prompts_features(step.g, &pair->negative, negative, PROMPT_SHARED), &plan, &random, err);
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

static bool score_pair(const Run *run, const Pair *pair, const ImageFeatures *test, Scores *scores, Error *err)
{
    const size_t size = run->classes * test->width;
    float *features = xcalloc(2 * size, sizeof *features);
    const bool good =
        prompts_compute(&pair->positive, run_learned(run, "context_positive"), run->arithmetic, features, err) &&
        prompts_compute(&pair->negative, run_learned(run, "context_negative"), run->arithmetic, features + size, err) &&
        pair_score(run, test, features, scores->combined, err);
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
