/* PVP / TAI++ (IJCAI 2024): options and training. Formulas and order of draws: pvp_internal.h. */
#include "methods/pvp/pvp_internal.h"

#include "methods/shared/branches.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const variant_choices[] = {"pixels", "vector", NULL};
static const char *const source_choices[] = {"sentences", "captions", NULL};

/* text_source and label_rule are read by whoever prepares the texts; they stand here because training depends on them.
 * The shared options of prompts and of the fit are stage 2's; optimiser, batch, momentum, weight_decay and grad_clip
 * are stage 1's too. */
static const Option options[] = {
    OPTION_CHOICE("variant", "pixels", variant_choices,
                  "what stands for a class: learned images through the image tower, or a free vector"),
    OPTION_BOOL("stage2", true, "prompts and the dual adapter after the pseudo images; otherwise these alone"),
    OPTION_CHOICE("text_source", "sentences", source_choices,
                  "trained on a language model's sentences, or on captions"),
    OPTION_INT("stage1_epochs", 40, 0, 100000, "passes over the texts in stage 1"),
    OPTION_INT("stage1_schedule", 100, 1, 100000, "epochs of the cosine that stage 1 stops early on"),
    OPTION_REAL("stage1_lr", 0.1, 0, 1e6, "learning rate at the head of that cosine"),
    OPTION_INT_LATER("stage1_warmup_epochs", 1, 0, 100000, 0, "stage 1: epochs at stage1_warmup_lr before the cosine"),
    OPTION_REAL_LATER("stage1_warmup_lr", 1, 0, 1e6, 1, "constant learning rate of these epochs"),
    OPTION_REAL("stage1_local_weight", 0.1, 0, 1e6, "weight of the local loss in stage 1"),
    OPTION_REAL("noise", 0.04, 0, 1e3, "deviation of the noise on text features"),
    OPTION_REAL("tau_text", 50, 0, 1e6, "local prompts, softmax over a text's tokens: sharpness in training"),
    OPTION_REAL("tau_visual", 40, 0, 1e6, "pseudo images, softmax over a text's tokens: sharpness in training"),
    OPTION_REAL_AT_TEST("tau_text_test", 40, 0, 1e6, "local prompts, softmax over an image's positions: sharpness"),
    OPTION_REAL_AT_TEST("tau_visual_test", 50, 0, 1e6, "pseudo images, softmax over an image's positions: sharpness"),
    OPTION_INT("epochs", 20, 1, 100000, "passes over the texts in stage 2"),
    OPTION_INT("batch", 512, 1, 1 << 20, "texts a step"),
    OPTION_CHOICE("optimiser", "sgd", optimiser_choices, "rule of a step"),
    OPTION_REAL("lr", 5e-5, 0, 1e3, "stage 2, prompts and pseudo images: learning rate at the head of the cosine"),
    OPTION_REAL("adapter_lr", 1e-3, 0, 1e3, "stage 2, adapters: learning rate at the head of the cosine"),
    OPTION_REAL("momentum", 0.9, 0, 1, "of SGD; Adam and AdamW keep their 0.9 and 0.999"),
    OPTION_REAL("weight_decay", 5e-4, 0, 1, "added to the gradient (AdamW: taken off the value)"),
    OPTION_INT("warmup_epochs", 1, 0, 100000, "stage 2: epochs at warmup_lr before the cosine"),
    OPTION_REAL("warmup_lr", 1e-5, 0, 1e3, "constant learning rate of these epochs"),
    OPTION_REAL("grad_clip", 0, 0, 1e9, "largest norm of all gradients together; 0: not clipped"),
    OPTION_REAL("adapter_ratio", 0.4, 0, 1, "share of an adapter in its output"),
    OPTION_REAL("adapter_dropout", 0.6, 0, 0.99, "of the adapters' middle layer"),
    OPTION_REAL("text_local_weight", 0.01, 0, 1e6, "stage 2: weight of the local prompts' loss"),
    OPTION_REAL("contrast", 1, 0, 1e6, "stage 2: weight of the contrast between prompts and pseudo images"),
    OPTION_INT("caption_limit", 0, 0, 1 << 30, "use only the first so many labelled texts; 0: all"),
    OPTION_INT("stage2_caption_limit", 0, 0, 1 << 30, "the same for stage 2"),
    OPTION_INT("tower_batch", 64, 0, 1 << 16,
               "pseudo images in the image tower at once, 0: all; fewer take less memory and one more forward"),
    OPTION_CHOICE("label_rule", "published", label_rule_choices,
                  "noun filter: the authors' lemmatiser, or irregular plurals too"),
    OPTION_REAL("margin", 1, 0, 1e6, "of the ranking loss"),
    OPTION_REAL("scale", 1, 0, 1e6, "of the scores inside the ranking loss"),
    PROMPT_OPTIONS,
    NORMALISE_OPTION,
    OPTION_END,
};

static unsigned needs(const Options *o)
{
    const bool sentences = !strcmp(option_text(o, "text_source"), "sentences");
    return NEED_CLASS_TEXT | NEED_TOWER | NEED_CAPTIONS | NEED_CAPTION_TOKENS | NEED_TEST_LOCAL |
           (sentences ? NEED_SENTENCES : 0u);
}

bool pvp_has_pixels(const Options *o)
{
    return !strcmp(option_text(o, "variant"), "pixels");
}

static bool check_inputs(const Run *run, Error *err)
{
    const Options *o = run->options;
    const TextFeatures *texts = run->captions.features;
    if (!texts || texts->count == 0)
        return fail(err, "there is nothing to train on: no text names a class; look at the texts and class names");
    if (!text_has_local(texts)) return fail(err, "the texts have no token features, which PVP needs");
    if (!run_check_width(run, "texts' features", texts->width, err)) return false;
    if (pvp_has_pixels(o) && !run->clip->config.has_image)
        return fail(err, "%s: this model has no image tower, which pseudo images need; variant \"vector\" does without",
                    run->clip->path ? run->clip->path : "CLIP");
    if (option_int(o, "stage1_schedule") < option_int(o, "stage1_epochs"))
        return fail_usage(err, "stage1_schedule %zu is shorter than stage1_epochs %zu; make it as long at least",
                          option_int(o, "stage1_schedule"), option_int(o, "stage1_epochs"));
    return true;
}

/* ---- starting values ---- */

static bool learn_images(Run *run, Random *random, Parameter **p, const char *name, Error *err)
{
    const ClipConfig *c = &run->clip->config;
    const float *mean = c->preprocessing.mean, *std = c->preprocessing.std;
    const size_t area = c->image_size * c->image_size, count = run->classes * 3 * area;
    if (!(*p = run_learn(run, name, shape(run->classes, 3, c->image_size, c->image_size), err))) return false;
    random_normal(random, (*p)->value, count);
    for (size_t i = 0; i < count; i++) (*p)->value[i] = mean[i / area % 3] + std[i / area % 3] * (*p)->value[i];
    return true;
}

static bool learn_vectors(Run *run, Random *random, Parameter **p, const char *name, Error *err)
{
    const size_t width = run->clip->config.embed, count = run->classes * width;
    if (!(*p = run_learn(run, name, shape(run->classes, width), err))) return false;
    random_normal(random, (*p)->value, count);
    for (size_t i = 0; i < count; i++) (*p)->value[i] /= sqrtf((float)width);
    return true;
}

static bool learn_matrix(Run *run, Random *random, Parameter **p, const char *name, Error *err)
{
    const size_t width = run->clip->config.embed;
    if (!(*p = run_learn(run, name, shape(width, width), err))) return false;
    const float bound = 1 / sqrtf((float)width);
    random_uniform(random, (*p)->value, width * width);
    for (size_t i = 0; i < width * width; i++) (*p)->value[i] = 2 * bound * (*p)->value[i] - bound;
    return true;
}

static bool learn_partner(Run *run, Random *random, PvpPartner *p, Error *err)
{
    static const char *const names[] = {"context_global", "context_local"};
    for (size_t b = 0; b < PVP_BRANCHES; b++) {
        if (!(p->context[b] = run_learn(run, names[b], prompts_shape(&p->wording), err))) return false;
        prompts_start_values(&p->wording, random, p->context[b]->value);
    }
    if (!learn_matrix(run, random, &p->text.first, "adapter_text_1", err) ||
        !learn_matrix(run, random, &p->text.second, "adapter_text_2", err) ||
        !learn_matrix(run, random, &p->visual.first, "adapter_visual_1", err) ||
        !learn_matrix(run, random, &p->visual.second, "adapter_visual_2", err))
        return false;
    pvp_find_partner(run, p);
    return true;
}

/* ---- the two stages ---- */

typedef struct Pseudo {
    Parameter *learned[PVP_BRANCHES]; /* images, or vectors */
    Parameter *classes[PVP_BRANCHES]; /* features: the tower's, or the vectors themselves */
    PvpTower *tower;                  /* NULL: vectors */
} Pseudo;

static FitPlan plan_of(const Run *run, const char *limit_option)
{
    const size_t count = run->captions.features->count, limit = option_int(run->options, limit_option);
    FitPlan plan = fit_plan(run->options, limit && limit < count ? limit : count);
    plan.backward = pvp_step_backward;
    return plan;
}

static bool fit_step(Run *run, const Pseudo *pseudo, const PvpPartner *partner, const FitPlan *plan, Random *random,
                     Error *err)
{
    PvpStep step;
    if (!pvp_step_init(&step, run, pseudo->classes, pseudo->tower, partner, plan->batch, random, err)) return false;
    const bool good = fit(run, step.g, step.loss, plan, random, pvp_step_load, &step, err);
    pvp_step_free(&step);
    return good;
}

static bool train_stage1(Run *run, const Pseudo *pseudo, Random *random, Error *err)
{
    const Options *o = run->options;
    FitPlan plan = plan_of(run, "caption_limit");
    plan.part = "stage 1";
    plan.epochs = option_int(o, "stage1_epochs");
    plan.schedule = (Schedule){.kind = SCHEDULE_WARMUP_COSINE,
                               .lr = option_real(o, "stage1_lr"),
                               .warmup = (double)option_int(o, "stage1_warmup_epochs"),
                               .warmup_lr = option_real(o, "stage1_warmup_lr"),
                               .total = (double)option_int(o, "stage1_schedule")};
    return fit_step(run, pseudo, NULL, &plan, random, err);
}

static bool train_stage2(Run *run, const Pseudo *pseudo, Random *random, Error *err)
{
    PvpPartner p = {0};
    if (!prompts_init(&p.wording, run, err)) return false;
    bool good = learn_partner(run, random, &p, err);
    if (good) {
        Parameter *slow[] = {pseudo->learned[PVP_GLOBAL], pseudo->learned[PVP_LOCAL], p.context[PVP_GLOBAL],
                             p.context[PVP_LOCAL]};
        Parameter *adapters[] = {p.text.first, p.text.second, p.visual.first, p.visual.second};
        const FitGroup groups[] = {{slow, 4, option_real(run->options, "lr")},
                                   {adapters, 4, option_real(run->options, "adapter_lr")}};
        FitPlan plan = plan_of(run, "stage2_caption_limit");
        plan.part = "stage 2";
        plan.groups = groups;
        plan.group_count = 2;
        good = fit_step(run, pseudo, &p, &plan, random, err);
    }
    prompts_free(&p.wording);
    return good;
}

static bool train_stages(Run *run, const Pseudo *pseudo, Random *random, Error *err)
{
    return train_stage1(run, pseudo, random, err) &&
           (!option_bool(run->options, "stage2") || train_stage2(run, pseudo, random, err));
}

static bool train(Run *run, Error *err)
{
    static const char *const names[] = {"pseudo_global", "pseudo_local"};
    if (!check_inputs(run, err)) return false;
    const bool pixels = pvp_has_pixels(run->options);
    Random random;
    random_seed(&random, run->seed);
    Pseudo pseudo = {0};
    for (size_t b = 0; b < PVP_BRANCHES; b++)
        if (!(pixels ? learn_images : learn_vectors)(run, &random, &pseudo.learned[b], names[b], err)) return false;
    memcpy(pseudo.classes, pseudo.learned, sizeof pseudo.classes);
    if (!pixels) return train_stages(run, &pseudo, &random, err);
    PvpTower tower;
    if (!pvp_tower_init(&tower, run, pseudo.learned, true, err)) return false;
    pseudo.tower = &tower;
    for (size_t b = 0; b < PVP_BRANCHES; b++) pseudo.classes[b] = &tower.features_of[b];
    const bool good = train_stages(run, &pseudo, &random, err);
    pvp_tower_free(&tower);
    return good;
}

/* Operations of the pseudo images in a step: two a class, as pixels through the frozen tower and back, as much
 * again. */
static double pseudo_flop(const Workload *work)
{
    if (!pvp_has_pixels(work->options)) return 0;
    return 2 * work->classes * 2 * clip_picture_flop(work->clip, (double)work->clip->config.image_size);
}

/* Stage 1 learns the pseudo images, stage 2 two prompt sets beside them. */
static void cost(const Workload *work, Cost *cost)
{
    const Options *o = work->options;
    const double first = cost_limited(work->texts, option_int(o, "caption_limit"));
    const double second = cost_limited(first, option_int(o, "stage2_caption_limit"));
    const double batch = (double)option_int(o, "batch");
    const double side = (double)work->clip->config.image_size;
    cost->train_flop = (double)option_int(o, "stage1_epochs") * first / batch * pseudo_flop(work);
    cost->learned = 2 * work->classes * (pvp_has_pixels(o) ? 3 * side * side : (double)work->clip->config.embed);
    if (!option_bool(o, "stage2")) return;
    const double steps = cost_steps(work, second);
    cost->train_flop += steps * pseudo_flop(work);
    cost_add_prompts(cost, work, 2, steps);
}

extern const Method method_pvp;
const Method method_pvp = {
    .name = "pvp",
    .summary = "pseudo visual prompts learned from sentences through the image tower, then prompts and a dual adapter",
    .options = options,
    .version = 1,
    .settings = ZERO_SHOT,
    .position = POOL_POSITION_OFF,
    .needs = needs,
    .train = train,
    .score = pvp_score,
    .cost = cost,
};
