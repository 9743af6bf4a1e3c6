/* CoOp (Zhou et al., IJCV 2022; KaiyangZhou/CoOp): prompts learned on labelled images, here of several labels each
 * (methods/DEFINITIONS.md, "coop"). */
#include "methods/shared/branches.h"
#include "methods/shared/fit.h"
#include "methods/shared/labelled.h"
#include "methods/shared/prompt.h"
#include "methods/shared/tai_common.h"

#include "harness/graph/ops.h"

#include <stdlib.h>

/* With x an image's global feature and G the class features of the learned prompts (prompt.h):
 *     z_c = 4 <x, G_c>,  loss R(z, y), or the others of labelled.h; softmax is the published one for a single label an image.
 * Labels that are not known are in no part of a loss. Score: z.
 * Defaults are those of configs/trainers/CoOp/rn50_ep50.yaml: SGD 2e-3, 50 epochs, batch 32, first epoch at 1e-5, cosine; features
 * are those of whole images, without its random crops and flips.
 * Draws with seed s: the context (none when it starts from words), then one permutation of the images an epoch. */

static const Option options[] = {
    PROMPT_OPTIONS, FIT_OPTIONS_WITH(50, 32, 2e-3), LABELLED_LOSS_OPTIONS, NORMALISE_OPTION, OPTION_END,
};

static unsigned needs(const Options *o)
{
    (void)o;
    return NEED_CLASS_TEXT | NEED_TOWER | NEED_TRAIN_IMAGES;
}

static bool start_threshold(Run *run, const Prompts *p, Parameter *context, Parameter **threshold, Error *err)
{
    float *start = xcalloc(run->classes * run->clip->config.embed, sizeof *start);
    const bool good =
        prompts_compute(p, context, run->arithmetic, start, err) && labelled_threshold(run, start, threshold, err);
    free(start);
    return good;
}

static bool train_prompts(Run *run, const Prompts *p, Error *err)
{
    Parameter *context = run_learn(run, "context_global", prompts_shape(p), err), *threshold;
    if (!context) return false;
    Random random;
    random_seed(&random, run->seed);
    prompts_start_values(p, &random, context->value);
    if (!start_threshold(run, p, context, &threshold, err)) return false;

    const FitPlan plan = fit_plan(run->options, run->images.features->count);
    LabelledStep step;
    labelled_step_init(&step, run, plan.batch);
    Node *features = prompts_features(step.g, p, context, PROMPT_SHARED);
    step.loss = labelled_loss(&step, run, matmul_nt(step.g, labelled_globals(&step), features), threshold);
    const bool good = graph_compile(step.g, NULL, 0, step.loss, err) &&
                      fit(run, step.g, step.loss, &plan, &random, labelled_load, &step, err);
    labelled_step_free(&step);
    return good;
}

static bool train(Run *run, Error *err)
{
    Prompts prompts;
    if (!labelled_check(run, false, err) || !prompts_init(&prompts, run, err)) return false;
    const bool good = train_prompts(run, &prompts, err);
    prompts_free(&prompts);
    return good;
}

static bool score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    Prompts prompts;
    if (!prompts_init(&prompts, run, err)) return false;
    const bool good = tai_score_prompts(run, &prompts, run_learned(run, "context_global"), NULL, test, scores, err);
    prompts_free(&prompts);
    return good;
}

static void cost(const Workload *work, Cost *cost)
{
    cost_add_prompts(cost, work, 1, cost_steps(work, work->labelled));
}

extern const Method method_coop;
const Method method_coop = {
    .name = "coop",
    .summary = "prompts learned on labelled images' global features",
    .options = options,
    .version = 1,
    .settings = LABELLED,
    .position = POOL_POSITION_GLOBAL,
    .needs = needs,
    .train = train,
    .score = score,
    .cost = cost,
};
