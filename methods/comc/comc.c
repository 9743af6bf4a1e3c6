/* CoMC: options and training; formulas and order of draws in comc_internal.h. */
#include "methods/comc/comc_internal.h"

#include "harness/graph/ops.h"
#include "methods/shared/losses.h"
#include "methods/shared/tai_common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const source_choices[] = {"sentences", "captions", NULL};
static const char *const bank_choices[] = {"classes", "sentences", NULL};

static const Option options[] = {
    FIT_OPTIONS_OF(20, 512, "adam", 1e-3, 5e-4, 1),
    OPTION_REAL("noise", 0.1, 0, 1e3, "deviation of what is added to every value of a caption's feature"),
    OPTION_REAL("margin", 1, 0, 1e6, "of the ranking loss"),
    OPTION_REAL("scale", 1, 0, 1e6, "of the scores inside the ranking loss"),
    OPTION_BOOL("class_templates", true, "add one-hot template sentences of every class to the captions"),
    OPTION_CHOICE("template_set", "published", template_training_names, "which template sentences"),
    OPTION_CHOICE("label_rule", "published", label_rule_choices,
                  "noun filter: the authors' lemmatiser, or irregular plurals too"),
    OPTION_INT("caption_limit", 0, 0, 1 << 30, "use only the first so many labelled captions; 0: all"),
    OPTION_CHOICE("text_source", "captions", source_choices,
                  "trained on captions, or on a language model's sentences as published"),
    CLASS_TEXT_OPTIONS_WITH("clip80"),
    OPTION_CHOICE_AT_TEST("bank", "classes", bank_choices,
                          "text features that images move towards: one a class, or one a sentence"),
    OPTION_REAL_AT_TEST("tau_bank", 100, 0, 1e6, "softmax over the bank: sharpness"),
    OPTION_REAL_AT_TEST("mix", 0.3, 0, 1, "how far an image's feature moves towards text"),
    OPTION_BOOL("local", true, "add the highest score among the positions"),
    OPTION_REAL_AT_TEST("local_weight", 0.5, 0, 1, "share of that score"),
    OPTION_END,
};

static unsigned needs(const Options *o)
{
    return NEED_CLASS_TEXT | NEED_CAPTIONS | (strcmp(option_text(o, "bank"), "classes") ? NEED_TOWER : 0u) |
           (!strcmp(option_text(o, "text_source"), "sentences") ? NEED_SENTENCES : 0u) |
           (option_bool(o, "class_templates") ? NEED_TEMPLATES : 0u) | (option_bool(o, "local") ? NEED_TEST_LOCAL : 0u);
}

typedef struct Step {
    Graph *g;
    Node *x, *labels, *loss; /* [B, D], [B, N], scalar */
    const LabelledCaptions *captions;
    size_t count;         /* examples: example i is caption i below `used`, and from there on caption i + skipped, */
    size_t used, skipped; /* where the template sentences stand */
    float noise;
    Random *random;
} Step;

static bool choose_examples(const Run *run, Step *step, Error *err)
{
    const size_t texts = run->captions.features->count, limit = option_int(run->options, "caption_limit");
    const TemplateSet *set = template_set(option_text(run->options, "template_set"));
    const size_t templates = option_bool(run->options, "class_templates") ? run->classes * set->count : 0;
    if (texts < templates)
        return fail(err, "%zu captions are given, fewer than the %zu template sentences among them", texts, templates);
    const size_t captions = texts - templates;
    step->used = limit && limit < captions ? limit : captions;
    step->skipped = captions - step->used;
    step->count = step->used + templates;
    return true;
}

static void load(void *context, const int64_t *items)
{
    Step *step = context;
    const size_t batch = node_shape(step->labels).dim[0], classes = node_shape(step->labels).dim[1];
    const TextFeatures *texts = step->captions->features;
    const size_t width = texts->width;
    float *x = node_data(step->x), *y = node_data(step->labels);
    random_normal(step->random, x, batch * width);
    for (size_t b = 0; b < batch; b++) {
        const size_t item = (size_t)items[b], row = item < step->used ? item : item + step->skipped;
        for (size_t i = 0; i < width; i++)
            x[b * width + i] = texts->global[row * width + i] + step->noise * x[b * width + i];
        for (size_t c = 0; c < classes; c++)
            y[b * classes + c] = step->captions->labels[row * classes + c] ? 1.0f : 0.0f;
    }
}

/* PyTorch's Linear: U(-bound, bound) with bound 1/sqrt(D), from numbers in [0, 1). */
static void start_values(Random *random, Parameter *weight)
{
    const size_t count = shape_size(weight->shape);
    const float bound = (float)(1 / sqrt((double)weight->shape.dim[1]));
    random_uniform(random, weight->value, count);
    for (size_t i = 0; i < count; i++) weight->value[i] = weight->value[i] * (2 * bound) - bound;
}

static bool train(Run *run, Error *err)
{
    const Options *o = run->options;
    Random random;
    random_seed(&random, run->seed);
    Step step = {.captions = &run->captions, .noise = (float)option_real(o, "noise"), .random = &random};
    if (!choose_examples(run, &step, err)) return false;
    const size_t width = run->captions.features->width;
    Parameter *weight = run_learn(run, "weight", shape(run->classes, width), err);
    if (!weight) return false;
    start_values(&random, weight);
    const FitPlan plan = fit_plan(o, step.count);
    if (plan.items == 0) return fit(run, NULL, NULL, &plan, &random, NULL, NULL, err); /* says so */
    Graph *g = step.g = graph_new((GraphOptions){.arithmetic = run->arithmetic});
    step.x = input(g, "captions", shape(plan.batch, width));
    step.labels = input(g, "labels", shape(plan.batch, run->classes));
    step.loss = ranking_loss(g, matmul_nt(g, step.x, parameter(g, weight)), step.labels,
                             (float)option_real(o, "margin"), (float)option_real(o, "scale"));
    const bool good =
        graph_compile(g, NULL, 0, step.loss, err) && fit(run, g, step.loss, &plan, &random, load, &step, err);
    graph_free(g);
    return good;
}

/* A product with the classifier, forward and backward; every image is moved towards a bank of class texts. */
static void cost(const Workload *work, Cost *cost)
{
    const double texts = cost_limited(work->texts, option_int(work->options, "caption_limit"));
    cost->learned = work->classes * (double)work->clip->config.embed;
    cost->train_flop = (double)option_int(work->options, "epochs") * texts * 3 * 2 * cost->learned;
}

extern const Method method_comc;
const Method method_comc = {
    .name = "comc",
    .summary = "a linear classifier trained on captions, given images that are moved towards text",
    .options = options,
    .version = 1,
    .settings = ZERO_SHOT,
    .position = POOL_POSITION_OFF, /* global and local [code] */
    .needs = needs,
    .train = train,
    .score = comc_score,
    .cost = cost,
};
