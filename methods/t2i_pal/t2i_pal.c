/* T2I-PAL (TPAMI 2025), re-implemented from its abstract: options and training. Formulas and order of draws:
 * t2i_pal_internal.h. */
#include "methods/t2i_pal/t2i_pal_internal.h"

#include "methods/shared/branches.h"
#include "methods/shared/templates.h"

#include <stdlib.h>
#include <string.h>

static const char *const prototype_choices[] = {"learned", "cache", "none", NULL};

/* images_per_caption, captions and the options of caption labelling are read by whoever prepares the images and captions; they
 * stand here because training depends on them. */
static const Option options[] = {
    OPTION_INT("images_per_caption", 1, 1, 1024, "images drawn from a caption"),
    OPTION_INT("captions", 2000, 1, 1 << 24, "captions that images are drawn from, balanced over the classes"),
    OPTION_BOOL("prompts", true, "learned prompts; otherwise \"a photo of a {}.\", fixed"),
    OPTION_BOOL("local", true, "the local branch: a second prompt set on positions"),
    OPTION_BOOL("heat_map", true, "class-wise softmax over positions; otherwise all count alike"),
    OPTION_BOOL("adapter", true, "the adapter branch: prototypes beside the prompts"),
    OPTION_CHOICE(
        "prototypes", "learned", prototype_choices,
        "of the adapter branch: one learned vector a class, a cache of generated images' features with learned "
        "keys, or none (the prompts in their place)"),
    OPTION_INT("cache_images", 16, 1, 1 << 20, "generated images a class in the cache, the first ones"),
    OPTION_REAL("alpha", 1, 0, 1e6, "weight of the adapter branch; a smaller one trusts the prompts more"),
    OPTION_REAL("beta", 5.5, 0, 1e4, "sharpness of the cache"),
    OPTION_REAL("tau_train", 40, 0, 1e6, "softmax over an image's positions: sharpness in training"),
    OPTION_REAL_AT_TEST("tau_test", 40, 0, 1e6, "softmax over an image's positions: sharpness at test time"),
    OPTION_REAL("text_mix", 1, 0, 1e6, "weight of the prompt branch's loss on captions' own features; 0: without"),
    OPTION_REAL("tau_text", 50, 0, 1e6, "softmax over a caption's tokens, for text_mix: sharpness"),
    OPTION_REAL("label_check", 0, 0, 1,
                "share of a class's generated images, those CLIP scores lowest for it, whose label is dropped"),
    OPTION_BOOL("class_templates", true, "add one-hot template sentences of every class to the captions of text_mix"),
    OPTION_CHOICE("template_set", "published", template_training_names, "which template sentences"),
    OPTION_CHOICE("label_rule", "published", label_rule_choices,
                  "noun filter: the authors' lemmatiser, or irregular plurals too"),
    OPTION_REAL("margin", 1, 0, 1e6, "of the ranking loss"),
    OPTION_REAL("scale", 1, 0, 1e6, "of the scores inside the ranking loss"),
    PROMPT_OPTIONS,
    FIT_OPTIONS,
    NORMALISE_OPTION,
    OPTION_END,
};

static bool mixes_text(const Options *o)
{
    return option_bool(o, "prompts") && option_real(o, "text_mix") > 0;
}

static unsigned needs(const Options *o)
{
    const bool local = option_bool(o, "local"), text = mixes_text(o);
    return NEED_CLASS_TEXT | NEED_TOWER | NEED_GENERATED_IMAGES |
           (local ? NEED_GENERATED_LOCAL | NEED_TEST_LOCAL : 0u) | (text ? NEED_CAPTIONS : 0u) |
           (text && local ? NEED_CAPTION_TOKENS : 0u) |
           (text && option_bool(o, "class_templates") ? NEED_TEMPLATES : 0u);
}

float pal_tau(const Options *o, const char *name)
{
    return option_bool(o, "heat_map") ? (float)option_real(o, name) : 0;
}

static PalPrior prior_of(const Options *o)
{
    const char *prototypes = option_text(o, "prototypes");
    if (!option_bool(o, "adapter")) return PAL_NO_ADAPTER;
    if (!strcmp(prototypes, "cache")) return PAL_CACHE;
    return strcmp(prototypes, "none") ? PAL_PROTOTYPES : PAL_PROMPTS;
}

bool pal_init(Pal *pal, const Run *run, Error *err)
{
    const Options *o = run->options;
    *pal = (Pal){.prior = prior_of(o),
                 .prompts = option_bool(o, "prompts"),
                 .with_local = option_bool(o, "local"),
                 .alpha = (float)option_real(o, "alpha"),
                 .beta = (float)option_real(o, "beta"),
                 .classes = run->classes,
                 .width = run->clip->config.embed};
    if (pal->prompts) return prompts_init(&pal->wording, run, err);
    if (pal->prior == PAL_NO_ADAPTER || pal->prior == PAL_PROMPTS)
        return fail_usage(err, "without prompts and without prototypes T2I-PAL has nothing to learn; switch one on");
    pal->text = xcalloc(pal->classes * pal->width, sizeof *pal->text);
    if (pal_text(run, pal->text, err)) return true;
    pal_free(pal);
    return false;
}

void pal_free(Pal *pal)
{
    if (pal->prompts) prompts_free(&pal->wording);
    free(pal->text);
    *pal = (Pal){0};
}

/* ---- training ---- */

static bool check_inputs(const Run *run, Error *err)
{
    const ImageFeatures *f = run->generated.features;
    const bool local = option_bool(run->options, "local");
    if (!f || f->count == 0)
        return fail(err, "T2I-PAL trains on generated images, and there are none; generate some first");
    if (!run_check_width(run, "generated images' features", f->width, err)) return false;
    if (local && !image_has_local(f))
        return fail(err, "the generated images have no local features, which the local branch needs");
    if (!mixes_text(run->options)) return true;
    const TextFeatures *texts = run->captions.features;
    if (!texts || texts->count == 0)
        return fail(err, "text_mix needs labelled captions, and there are none; set it to 0 to train without");
    if (local && !text_has_local(texts))
        return fail(err, "the captions have no token features, which the local branch needs");
    return true;
}

static bool start_contexts(Pal *pal, Run *run, Random *random, Error *err)
{
    if (!pal->prompts) return true;
    const Shape s = prompts_shape(&pal->wording);
    if (!(pal->global.context = run_learn(run, "context_global", s, err))) return false;
    prompts_start_values(&pal->wording, random, pal->global.context->value);
    if (!pal->with_local) return true;
    if (!(pal->local.context = run_learn(run, "context_local", s, err))) return false;
    prompts_start_values(&pal->wording, random, pal->local.context->value);
    return true;
}

static bool make_labels(const Run *run, float *labels, Error *err)
{
    const double share = option_real(run->options, "label_check");
    float *text = xcalloc(run->classes * run->clip->config.embed, sizeof *text);
    const bool good = share <= 0 || pal_text(run, text, err);
    if (good) pal_labels(&run->generated, run->classes, text, share, labels);
    free(text);
    return good;
}

static bool train_on(Run *run, Pal *pal, const float *labels, Error *err)
{
    Random random;
    random_seed(&random, run->seed);
    if (!start_contexts(pal, run, &random, err) || !pal_start_prior(pal, run, labels, err)) return false;
    const FitPlan plan = fit_plan(run->options, run->generated.features->count);
    PalStep step;
    if (!pal_step_init(&step, pal, run, labels, plan.batch, &random, err)) return false;
    const bool good = fit(run, step.g, step.loss, &plan, &random, pal_step_load, &step, err);
    pal_step_free(&step);
    return good;
}

static bool train(Run *run, Error *err)
{
    Pal pal;
    float *labels;
    if (!check_inputs(run, err) || !pal_init(&pal, run, err)) return false;
    bool good = big_alloc(&labels, run->generated.features->count * run->classes, sizeof *labels, "labels", err);
    if (good) {
        good = make_labels(run, labels, err) && train_on(run, &pal, labels, err);
        free(labels);
    }
    pal_free(&pal);
    return good;
}

/* Prompts, if it learns any: what the adapter branch adds is small beside the text tower. */
static void cost(const Workload *work, Cost *cost)
{
    const Options *o = work->options;
    const double width = (double)work->clip->config.embed;
    if (option_bool(o, "prompts"))
        cost_add_prompts(cost, work, option_bool(o, "local") ? 2 : 1, cost_steps(work, work->generated));
    if (option_bool(o, "adapter")) cost->learned += work->classes * width;
    cost->train_flop += (double)option_int(o, "epochs") * work->generated * 3 * 2 * work->classes * width;
}

extern const Method method_t2i_pal;
const Method method_t2i_pal = {
    .name = "t2i_pal",
    .summary = "prompts and class prototypes learned on images that a text-to-image model drew from captions",
    .note = "re-implementation from the abstract",
    .options = options,
    .version = 1,
    .settings = ZERO_SHOT,
    .position = POOL_POSITION_OFF,
    .needs = needs,
    .train = train,
    .score = pal_score,
    .cost = cost,
};
