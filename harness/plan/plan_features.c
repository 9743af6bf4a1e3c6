/* Experiments on a data set that brings features: stages that take them over in place of those that encode, and what such an
 * experiment cannot ask for, told before anything runs. */
#include "harness/plan/plan_internal.h"

#include "harness/base/names.h"
#include "harness/plan/estimate.h"
#include "methods/shared/templates.h"

#include <stdlib.h>
#include <string.h>

static Stage *take_over(const Planner *p, FeaturesOf which, const char *what, Error *err)
{
    const FeatureRows *rows = dataset_features(p->dataset, which, err);
    if (!rows) return NULL;
    Stage *s = plan_new_stage(p, &stage_features);
    *(FeaturesParameters *)s->parameters = (FeaturesParameters){p->dataset, rows, which};
    s->words = xformat("%s-%s", p->e->dataset, what);
    s->label = xformat("take over the features of the %zu %s of %s", rows->count, what, p->e->dataset);
    estimate_features(s);
    return s;
}

static bool check_width(const Planner *p, const FeatureRows *rows, Error *err)
{
    const size_t width = p->model->clip->config.embed;
    if (rows->width == width) return true;
    if (p->model->model)
        return fail(err, "%s: %s: features of %zu numbers, the model %s has %zu; name the model that made them",
                    rows->path, rows->name, rows->width, p->e->model, width);
    return fail(err,
                "%s: %s: features of %zu numbers, the other files of %s have %zu; one model must have made them all",
                rows->path, rows->name, rows->width, p->e->dataset, width);
}

static unsigned needs_of(const Planner *p)
{
    return p->e->method->needs(&p->e->options);
}

Stage *plan_own_images(const Planner *p, SplitName name, size_t *count, Error *err)
{
    const unsigned local = name == p->e->protocol.split ? NEED_TEST_LOCAL : NEED_TRAIN_LOCAL;
    const FeatureRows *rows = dataset_features(p->dataset, (FeaturesOf)name, err);
    if (!rows || !check_width(p, rows, err) || !dataset_split(p->dataset, name, err)) return NULL;
    if ((needs_of(p) & local) && !rows->positions) {
        fail(err,
             "%s: the method %s needs local features [rows, positions, width] under \"local\", which are not there; "
             "write them, or "
             "set its option local to false",
             rows->path, p->e->method->name);
        return NULL;
    }
    Stage *s = take_over(p, (FeaturesOf)name, split_word(name), err);
    *count = rows->count;
    return s ? plan_add(p, s) : NULL;
}

Stage *plan_own_texts(const Planner *p, const Stage *captions, Error *err)
{
    const FeatureRows *rows = dataset_features(p->dataset, FEATURES_CAPTIONS, err);
    if (!rows || !check_width(p, rows, err)) return NULL;
    if ((needs_of(p) & NEED_CAPTION_TOKENS) && !rows->tokens) {
        fail(err,
             "%s: the method %s needs the features of all tokens, `local`, `offsets` and `tokens` as encode-text "
             "writes them; write "
             "them, or set its option local to false",
             rows->path, p->e->method->name);
        return NULL;
    }
    Stage *s = take_over(p, FEATURES_CAPTIONS, "captions", err);
    if (!s) return NULL;
    stage_add_input(s, ROLE_CAPTIONS, captions);
    return plan_add(p, s);
}

Stage *plan_own_class_text(const Planner *p, Error *err)
{
    const FeatureRows *rows = dataset_features(p->dataset, FEATURES_CLASSES, err);
    Stage *s = rows && check_width(p, rows, err) ? take_over(p, FEATURES_CLASSES, "class-text", err) : NULL;
    return s ? plan_add(p, s) : NULL;
}

/* Which sentences describe the classes was decided when their features were made. */
static bool check_sentences(const Planner *p, Error *err)
{
    static const char *const decided[] = {"templates", "frame", NULL};
    for (const Option *o = p->e->method->options; o && o->name; o++)
        if (names_find(decided, o->name) != NAMES_NONE &&
            strcmp(option_text(&p->e->options, o->name), o->fallback_text) != 0)
            return fail_usage(err,
                              "%s: \"%s\" says which sentences stand for the classes, but the features of the data "
                              "set's \"class_text\" "
                              "were made already; leave it out, or name a \"model\"",
                              p->e->name, o->name);
    return true;
}

bool plan_check_own(const Planner *p, unsigned needs, Error *err)
{
    const char *name = p->e->name, *method = p->e->method->name;
    if (needs & (NEED_GENERATED_IMAGES | NEED_GENERATED_LOCAL))
        return fail_usage(err,
                          "%s: the method %s trains on drawn pictures, the data set %s has features in place of "
                          "pictures; take a data "
                          "set of kind \"folder\"",
                          name, method, p->e->dataset);
    if (needs & NEED_TEMPLATES)
        return fail_usage(
            err,
            "%s: template sentences would have to be encoded beside the captions' features; set the option "
            "class_templates to false",
            name);
    if (p->model->model) return true;
    if (needs & NEED_TOWER)
        return fail_usage(err,
                          "%s: the method %s sends texts of its own through the text tower; name the \"model\" that "
                          "made the features",
                          name, method);
    return !(needs & NEED_CLASS_TEXT) || check_sentences(p, err);
}
