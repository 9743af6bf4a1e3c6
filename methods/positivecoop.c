/* PositiveCoOp (Rawlekar, Bhatnagar and Ahuja, WACV 2025, arXiv 2409.08381; SamyakR99/PositiveCoOp,
 * models/positivecoop.py): DualCoOp with the text tower on one side of the pair alone, on the other a free vector a
 * class. */
#include "methods/shared/position_pair.h"
#include "methods/shared/prompt.h"

#include "harness/graph/ops.h"

#include <stdlib.h>
#include <string.h>

/* With v the learned context, t_c the text tower's projection of "[v] NAME.", not normalised, r_c and u_c free vectors [D]:
 *     G+_c = n(t_c + r_c),  G-_c = n(u_c);   formulas, loss and score: shared/position_pair.h
 * The option `prompted` "negative" is the same authors' NegativeCoOp: G-_c = n(t_c + r_c), G+_c = n(u_c).
 * Learning rates: `lr` for r and u, context_lr_share of it for v; while warming up all three have warmup_lr.
 * Defaults: configs/models/rn101_ep50.yaml and train.py (SGD without weight decay, 50 epochs, batch 32, first epoch at 5e-3, cosine,
 * the context at a hundredth of lr), opts.py (loss_weight 1; the README's example has 0.03, more for fewer labels); lr 2e-3 is the
 * README's for COCO, 1e-3 for VOC2007, and its example has 0.5. They say to use class-specific contexts unless few labels are known.
 * Both free vectors start from N(0, start_deviation^2), with the published 1 in 512 dimensions twice as long as a text's projection: at
 * the start the text hardly counts, and G- ranks the images by chance, which thousands of steps unlearn and hundreds do not. For short
 * trainings vector_start "text" adds t_c to u_c at the start, so that with little noise both sides of a pair begin alike, as DualCoOp's.
 * As in dualcoop.c the positions are the feature map's own, the last, smaller batch of an epoch is dropped, and images are whole,
 * without RandAugment and Cutout.
 * Draws with seed s: the context (none when it starts from words), u, r, then one permutation of the images an epoch. */

static const char *const side_choices[] = {"positive", "negative", NULL};
static const char *const start_choices[] = {"normal", "text", NULL};

static const Option options[] = {
    OPTION_CHOICE("prompted", "positive", side_choices,
                  "the side of the pair that has the prompt; the other is a free vector"),
    PROMPT_OPTIONS_WITH(false),
    OPTION_CHOICE("vector_start", "normal", start_choices,
                  "the free vector of a class starts from noise alone, or from its prompt's projection and noise"),
    OPTION_REAL("start_deviation", 1, 1e-6, 1e3, "deviation of the noise from which the two vectors a class start"),
    OPTION_REAL("context_lr_share", 0.01, 0, 1e3, "learning rate of the context, as a share of lr"),
    PAIR_OPTIONS(1),
    FIT_OPTIONS_ALL(50, 32, "sgd", 2e-3, 0, 1, 5e-3),
    OPTION_END,
};

static unsigned needs(const Options *o)
{
    (void)o;
    return NEED_CLASS_TEXT | NEED_TOWER | NEED_TRAIN_IMAGES | NEED_TRAIN_LOCAL | NEED_TEST_LOCAL;
}

/* pair: G+, G- [N, D] from what is learned */
static void class_features(Graph *g, const Run *run, const Prompts *p, Node *pair[2])
{
    Node *text = prompts_projections(g, p, run_learned(run, "context"), PROMPT_SHARED);
    Node *prompted = l2_normalise(g, add(g, text, parameter(g, run_learned(run, "residual"))), 1e-12f);
    Node *unprompted = l2_normalise(g, parameter(g, run_learned(run, "vector")), 1e-12f);
    const bool positive = strcmp(option_text(run->options, "prompted"), "positive") == 0;
    pair[0] = positive ? prompted : unprompted;
    pair[1] = positive ? unprompted : prompted;
}

static Parameter *learn_vectors(Run *run, const char *name, Random *random, Error *err)
{
    const float deviation = (float)option_real(run->options, "start_deviation");
    Parameter *p = run_learn(run, name, shape(run->classes, run->width), err);
    if (!p) return NULL;
    random_normal(random, p->value, run->classes * run->width);
    for (size_t i = 0; i < run->classes * run->width; i++) p->value[i] *= deviation;
    return p;
}

static bool add_text(const Run *run, const Prompts *prompts, Parameter *context, Parameter *vector, Error *err)
{
    const size_t size = run->classes * run->width;
    float *text = xcalloc(size, sizeof *text);
    const bool good = prompts_compute_projections(prompts, context, run->arithmetic, text, err);
    for (size_t i = 0; i < size; i++) vector->value[i] += text[i];
    free(text);
    return good;
}

static bool train_prompts(Run *run, const Prompts *prompts, Error *err)
{
    const Options *o = run->options;
    Random random;
    random_seed(&random, run->seed);
    Parameter *context = run_learn(run, "context", prompts_shape(prompts), err), *vectors[2] = {NULL, NULL};
    if (!context) return false;
    prompts_start_values(prompts, &random, context->value);
    if (!(vectors[0] = learn_vectors(run, "vector", &random, err)) ||
        !(vectors[1] = learn_vectors(run, "residual", &random, err)))
        return false;
    if (strcmp(option_text(o, "vector_start"), "text") == 0 && !add_text(run, prompts, context, vectors[0], err))
        return false;
    const FitGroup groups[] = {{&context, 1, option_real(o, "lr") * option_real(o, "context_lr_share")},
                               {vectors, 2, option_real(o, "lr")}};
    FitPlan plan = fit_plan(o, run->images.features->count);
    plan.groups = groups;
    plan.group_count = 2;
    LabelledStep step;
    Node *pair[2];
    labelled_step_init(&step, run, plan.batch);
    class_features(step.g, run, prompts, pair);
    const bool good = pair_fit(run, &step, pair[0], pair[1], &plan, &random, err);
    labelled_step_free(&step);
    return good;
}

static bool train(Run *run, Error *err)
{
    Prompts prompts;
    if (!labelled_check(run, true, err) || !prompts_init(&prompts, run, err)) return false;
    const bool good = train_prompts(run, &prompts, err);
    prompts_free(&prompts);
    return good;
}

/* features [2, N, D] */
static bool compute_features(const Run *run, const Prompts *prompts, float *features, Error *err)
{
    const size_t size = run->classes * run->width;
    Node *pair[2];
    Graph *g = graph_new((GraphOptions){.arithmetic = run->arithmetic});
    class_features(g, run, prompts, pair);
    const bool good = graph_compile(g, pair, 2, NULL, err);
    if (good) {
        graph_forward(g);
        for (size_t i = 0; i < 2; i++) memcpy(features + i * size, node_data(pair[i]), size * sizeof *features);
    }
    graph_free(g);
    return good;
}

static bool score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    Prompts prompts;
    if (!run_check_test(run, test, true, err) || !prompts_init(&prompts, run, err)) return false;
    bool good = scores_init(scores, test->count, run->classes, false, err);
    if (good) {
        scores->local_classes = xcalloc(2 * run->classes * run->width, sizeof(float)); /* the first half: G+ */
        good = compute_features(run, &prompts, scores->local_classes, err) &&
               pair_score(run, test, scores->local_classes, scores->combined, err);
        if (!good) scores_free(scores);
    }
    prompts_free(&prompts);
    return good;
}

static void cost(const Workload *work, Cost *cost)
{
    cost_add_prompts(cost, work, 1, cost_steps(work, work->labelled));
    cost->learned += 2 * work->classes * (double)work->clip->config.embed;
}

extern const Method method_positivecoop;
const Method method_positivecoop = {
    .name = "positivecoop",
    .summary = "a positive prompt a class and a free negative vector, learned on labelled images' local features",
    .options = options,
    .version = 1,
    .settings = LABELLED,
    .position = POOL_POSITION_ON,
    .needs = needs,
    .train = train,
    .score = score,
    .cost = cost,
};
