/* Choosing examples, learning prompts on them and scoring, with the local branch or without it; the step itself is
 * tai_step.c. The room for tokens in a batch is found by going through all permutations ahead, so that one graph
 * serves every batch and is no larger than the largest. */
#include "methods/shared/tai_common.h"

#include "methods/shared/branches.h"
#include "methods/shared/templates.h"

#include <stdlib.h>

const char *const label_rule_choices[] = {"published", "plural", NULL};

static const float cosine_factor = 4; /* of every score in TaI-DPT [code] */

unsigned tai_needs(const Options *options)
{
    return NEED_CLASS_TEXT | NEED_TOWER | NEED_CAPTIONS |
           (option_bool(options, "local") ? NEED_CAPTION_TOKENS | NEED_TEST_LOCAL : 0u) |
           (option_bool(options, "class_templates") ? NEED_TEMPLATES : 0u);
}

/* Which rows of the captions are trained on: the first caption_limit captions, then all template sentences, which stand
 * behind the captions. Example i of the permutations is rows[i]. */
typedef struct Examples {
    const LabelledCaptions *captions;
    int64_t *rows, *batch_rows;
    size_t *lengths; /* tokens of each, 0 without local features */
    size_t count, batch;
    TaiStep *step;
} Examples;

static bool choose_examples(const Run *run, Examples *e, Error *err)
{
    const TextFeatures *texts = run->captions.features;
    const size_t limit = option_int(run->options, "caption_limit");
    const TemplateSet *set = template_set(option_text(run->options, "template_set"));
    const size_t templates = option_bool(run->options, "class_templates") ? run->classes * set->count : 0;
    if (texts->count < templates)
        return fail(err, "%zu captions are given, fewer than the %zu template sentences among them", texts->count,
                    templates);
    const size_t captions = texts->count - templates, used = limit && limit < captions ? limit : captions;
    *e = (Examples){.captions = &run->captions, .count = used + templates};
    e->rows = xcalloc(e->count, sizeof *e->rows);
    e->lengths = xcalloc(e->count, sizeof *e->lengths);
    for (size_t i = 0; i < e->count; i++) {
        const size_t row = i < used ? i : captions + (i - used);
        e->rows[i] = (int64_t)row;
        if (text_has_local(texts)) e->lengths[i] = texts->offsets[row + 1] - texts->offsets[row];
    }
    return true;
}

static void free_examples(Examples *e)
{
    free(e->rows);
    free(e->batch_rows);
    free(e->lengths);
}

static void load(void *context, const int64_t *items)
{
    Examples *e = context;
    for (size_t b = 0; b < e->batch; b++) e->batch_rows[b] = e->rows[items[b]];
    tai_step_load(e->step, e->captions, e->batch_rows);
}

static bool train_on(Run *run, const Prompts *p, Examples *e, Error *err)
{
    const bool with_local = option_bool(run->options, "local");
    Parameter *global = run_learn(run, "context_global", prompts_shape(p), err);
    Parameter *local = global && with_local ? run_learn(run, "context_local", prompts_shape(p), err) : NULL;
    if (!global || (with_local && !local)) return false;
    Random random;
    random_seed(&random, run->seed);
    prompts_start_values(p, &random, global->value);
    if (local) prompts_start_values(p, &random, local->value);

    const FitPlan plan = fit_plan(run->options, e->count);
    if (plan.items == 0) return fit(run, NULL, NULL, &plan, &random, NULL, NULL, err); /* says so */
    const TaiStepOptions options = {
        .batch = plan.batch,
        .rows = local ? fit_largest_batch(&plan, &random, e->lengths) : 0,
        .margin = option_real(run->options, "margin"),
        .scale = option_real(run->options, "scale"),
        .tau = option_real(run->options, "tau_train"),
        .form = PROMPT_SHARED,
        .arithmetic = run->arithmetic,
    };
    TaiStep step;
    if (!tai_step_init(&step, p, global, local, options, err)) return false;
    e->step = &step;
    e->batch = plan.batch;
    e->batch_rows = xcalloc(plan.batch, sizeof *e->batch_rows);
    const bool good = fit(run, step.g, step.loss, &plan, &random, load, e, err);
    tai_step_free(&step);
    return good;
}

bool tai_train(Run *run, Error *err)
{
    if (option_bool(run->options, "local") && !text_has_local(run->captions.features))
        return fail(err, "the captions have no token features, which the local branch needs");
    Examples examples = {0};
    Prompts prompts;
    if (!choose_examples(run, &examples, err)) return false;
    bool good = prompts_init(&prompts, run, err);
    if (good) {
        good = train_on(run, &prompts, &examples, err);
        prompts_free(&prompts);
    }
    free_examples(&examples);
    return good;
}

static bool score_branches(Run *run, const Prompts *p, Parameter *global, Parameter *local, const ImageFeatures *test,
                           float *features, Scores *scores, Error *err)
{
    const size_t classes = run->classes;
    float *z = local ? scores->global : scores->combined;
    if (!prompts_compute(p, global, run->arithmetic, features, err)) return false;
    score_global(test, features, classes, cosine_factor, z);
    normalise_scores(run, test->count, cosine_factor, z);
    if (!local) return true;
    const float tau = (float)option_real(run->options, "tau_test");
    if (!prompts_compute(p, local, run->arithmetic, features, err) ||
        !score_local(test, features, classes, tau, cosine_factor, scores->local, err))
        return false;
    normalise_scores(run, test->count, cosine_factor, scores->local);
    scores_combine(scores, test->count, classes, 0.5f);
    return true;
}

bool tai_score_prompts(Run *run, const Prompts *p, Parameter *global, Parameter *local, const ImageFeatures *test,
                       Scores *scores, Error *err)
{
    if (!run_check_test(run, test, false, err) || !scores_init(scores, test->count, run->classes, local != NULL, err))
        return false;
    float *features = xcalloc(run->classes * test->width, sizeof *features);
    const bool good = score_branches(run, p, global, local, test, features, scores, err);
    if (good && local)
        scores->local_classes = features; /* the local branch came last */
    else
        free(features);
    if (!good) scores_free(scores);
    return good;
}

bool tai_score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    Prompts prompts;
    if (!prompts_init(&prompts, run, err)) return false;
    Parameter *local = option_bool(run->options, "local") ? run_learned(run, "context_local") : NULL;
    const bool good = tai_score_prompts(run, &prompts, run_learned(run, "context_global"), local, test, scores, err);
    prompts_free(&prompts);
    return good;
}

void tai_cost(const Workload *work, Cost *cost)
{
    const double texts = cost_limited(work->texts, option_int(work->options, "caption_limit"));
    cost_add_prompts(cost, work, option_bool(work->options, "local") ? 2 : 1, cost_steps(work, texts));
}
