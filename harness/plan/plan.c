/* Stages are described from the inputs to the result and sealed with a hash as they come; one whose hash stands in the
 * plan already gives way to it, which is all the sharing that there is. From the end to the front it is then marked
 * what is missing. */
#include "harness/plan/plan_internal.h"

#include "harness/experiments/book_plugins.h"
#include "harness/experiments/setting_read.h"
#include "harness/plan/estimate.h"
#include "harness/stages/features.h"

#include <stdlib.h>
#include <string.h>

Stage *plan_new_stage(const Planner *p, const StageKind *kind)
{
    Stage *s = stage_new(kind);
    s->experiment = p->e;
    s->arithmetic = p->session->arithmetic;
    return s;
}

Stage *plan_add(const Planner *p, Stage *s)
{
    stage_seal(s, p->session->store);
    return plan_keep(p, s);
}

Stage *plan_keep(const Planner *p, Stage *s)
{
    Plan *plan = p->plan;
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->stages[i]->hash, s->hash) == 0) {
            stage_free(s);
            return plan->stages[i];
        }
    if (plan->count == plan->capacity) {
        plan->capacity = plan->capacity ? 2 * plan->capacity : 64;
        plan->stages = xrealloc(plan->stages, plan->capacity * sizeof *plan->stages);
    }
    s->stored = store_has(s->path);
    return plan->stages[plan->count++] = s;
}

const Captions *plan_texts_of(const Planner *p, Error *err)
{
    const bool sentences = (p->e->method->needs(&p->e->options) & NEED_SENTENCES) != 0;
    return sentences ? dataset_sentences(p->dataset, err) : dataset_captions(p->dataset, err);
}

Stage *plan_captions(const Planner *p, bool with_templates, Error *err)
{
    const Options *o = &p->e->options;
    const Captions *source = plan_texts_of(p, err);
    if (!source) return NULL;
    Stage *s = plan_new_stage(p, &stage_captions);
    *(CaptionsParameters *)s->parameters =
        (CaptionsParameters){.dataset = p->dataset,
                             .source = source,
                             .label_rule = option_text_or(o, "label_rule", "published"),
                             .templates = with_templates ? option_text_or(o, "template_set", "published") : NULL};
    s->words = xstrdup(p->e->dataset);
    s->label =
        xformat("label the %zu %s of %s", source->count, source->origin ? "sentences" : "captions", p->e->dataset);
    estimate_captions(s, source->count, dataset_classes(p->dataset));
    return plan_add(p, s);
}

static Stage *plan_texts(const Planner *p, const Captions *source, const Stage *captions, Error *err)
{
    if (dataset_has_features(p->dataset)) return plan_own_texts(p, captions, err);
    Stage *s = plan_new_stage(p, &stage_encode_text);
    *(EncodeTextParameters *)s->parameters = (EncodeTextParameters){p->model, dataset_stores_half(p->dataset)};
    stage_add_input(s, ROLE_CAPTIONS, captions);
    s->words = xstrdup(p->e->dataset);
    s->label =
        xformat("encode the %s of %s with %s", source->origin ? "sentences" : "captions", p->e->dataset, p->e->model);
    estimate_texts(s, p->model->clip, source->count);
    return plan_add(p, s);
}

static PoolPosition position_of(const Planner *p)
{
    if (!p->model->clip->config.is_resnet)
        return POOL_POSITION_ON; /* a ViT has no attention pool: one artifact for all */
    return p->e->protocol.position_of_method ? p->e->method->position : p->e->protocol.position;
}

Stage *plan_encoding(const Planner *p, bool with_local, Error *err)
{
    const Protocol *protocol = &p->e->protocol;
    const Clip *clip = p->model->clip;
    const EncodeOptions encode = {
        .size = protocol->size, .resize = protocol->resize, .position = position_of(p), .want_local = with_local};
    Preprocessing pictures;
    if (!encode_size_check(clip, encode.size, err) || !clip_preprocessing(clip, &encode, &pictures, err)) return NULL;
    Stage *s = plan_new_stage(p, &stage_encode_image);
    *(EncodeImageParameters *)s->parameters = (EncodeImageParameters){.model = p->model,
                                                                      .dataset = p->dataset,
                                                                      .encode = encode,
                                                                      .half = dataset_stores_half(p->dataset),
                                                                      .pictures = pictures};
    return s;
}

/* `tiles`: local features are those of the pictures' tiles. */
static Stage *plan_images(const Planner *p, SplitName name, bool with_local, bool tiles, size_t *count, Error *err)
{
    const Experiment *e = p->e;
    if (dataset_has_features(p->dataset)) return plan_own_images(p, name, count, err);
    const Split *split = dataset_split(p->dataset, name, err);
    Stage *s = split ? plan_encoding(p, with_local, err) : NULL;
    if (!s) return NULL;
    session_note_left_out(p->session, p->dataset, split_word(name), &split->left_out, split->count);
    EncodeImageParameters *parameters = s->parameters;
    parameters->split = split;
    parameters->split_name = name;
    parameters->encode.tiles = tiles ? NEED_TILES_A_SIDE : 0;
    *count = split->count;
    s->words = xformat("%s-%s", e->dataset, split_word(name));
    s->label = xformat("encode the %zu %s images of %s%s with %s", split->count, split_word(name), e->dataset,
                       tiles ? " and their tiles" : "", e->model);
    estimate_images(s, split->count);
    return plan_add(p, s);
}

/* What train and score have in common. */
static Stage *plan_method(const Planner *p, const StageKind *kind, const char *name, int64_t seed)
{
    Stage *s = plan_new_stage(p, kind);
    *(MethodParameters *)s->parameters = (MethodParameters){p->model, p->dataset};
    s->seed = seed;
    s->words = xformat("%s-s%lld", name, (long long)seed);
    return s;
}

/* In the order in which stored stages have them. */
static void add_training_inputs(Stage *s, const PlanInputs *in, const Stage *select)
{
    stage_add_input(s, ROLE_CAPTIONS, in->captions);
    stage_add_input(s, ROLE_TEXTS, in->texts);
    stage_add_input(s, ROLE_TRAIN_IMAGES, in->train_images);
    stage_add_input(s, ROLE_SELECTION, select);
    stage_add_input(s, ROLE_GENERATED, in->generated);
    stage_add_input(s, ROLE_CLASS_TEXT, in->class_text);
}

static Stage *plan_train(const Planner *p, const PlanInputs *in, const Stage *select, int64_t seed)
{
    Stage *s = plan_method(p, &stage_train, p->e->method->name, seed);
    add_training_inputs(s, in, select);
    s->label = xformat("train %s, seed %lld", p->e->name, (long long)seed);
    estimate_train(s, &in->work);
    return plan_add(p, s);
}

static Stage *plan_score(const Planner *p, const PlanInputs *in, const Stage *select, const Stage *train, int64_t seed)
{
    Stage *s = plan_method(p, &stage_score, p->e->name, seed);
    stage_add_input(s, ROLE_TEST_IMAGES, in->test_images);
    stage_add_input(s, ROLE_TRAINED, train);
    if (train)
        stage_add_input(s, ROLE_CLASS_TEXT, in->class_text);
    else
        add_training_inputs(s, in, select);
    s->label = xformat("score %s, seed %lld", p->e->name, (long long)seed);
    estimate_score(s, &in->work, in->test_images);
    return plan_add(p, s);
}

Stage *plan_result(const Planner *p, const PlanInputs *in, int64_t seed, Error *err)
{
    const Stage *select = NULL;
    if (in->train_images && !plan_select(p, seed, &select, err)) return NULL;
    const Stage *train = p->e->method->train ? plan_train(p, in, select, seed) : NULL;
    return plan_score(p, in, select, train, seed);
}

/* How many labelled images the setting shows, or of how many it shows some labels. */
static double shown_by(const Setting *setting, size_t images, size_t classes)
{
    const double all = (double)images, drawn = (double)(setting->shots * classes);
    return setting->kind == SETTING_FEW_SHOT && drawn < all ? drawn : all;
}

static bool plan_text_inputs(const Planner *p, PlanInputs *in, unsigned needs, Error *err)
{
    const Captions *all = plan_texts_of(p, err);
    in->captions = all ? plan_captions(p, (needs & NEED_TEMPLATES) != 0, err) : NULL;
    in->texts = in->captions ? plan_texts(p, all, in->captions, err) : NULL;
    if (in->texts) in->work.texts = (double)all->count;
    return in->texts != NULL;
}

/* Before hours of work, not after. */
static bool check_positives(const Planner *p, Error *err)
{
    const SplitName name = p->e->protocol.split;
    const Split *split = dataset_split(p->dataset, name, err);
    if (!split || has_positive(split->labels, split->count * dataset_classes(p->dataset))) return split != NULL;
    return fail(
        err,
        "data set %s: no class has a positive label among its %zu %s images; nothing can be measured by such labels",
        p->e->dataset, split->count, split_word(name));
}

static bool plan_inputs(const Planner *p, PlanInputs *in, Error *err)
{
    const Experiment *e = p->e;
    const unsigned needs = e->method->needs(&e->options);
    const size_t classes = dataset_classes(p->dataset);
    size_t count;
    *in = (PlanInputs){.work = {.options = &e->options, .clip = p->model->clip, .classes = (double)classes}};
    if (dataset_has_features(p->dataset) && !plan_check_own(p, needs, err)) return false;
    if ((needs & NEED_CLASS_TEXT) && !p->model->model && !(in->class_text = plan_own_class_text(p, err))) return false;
    if ((needs & (NEED_CAPTIONS | NEED_CAPTION_TOKENS)) && !plan_text_inputs(p, in, needs, err)) return false;
    if (setting_shows_images(&e->setting, needs)) {
        in->train_images = plan_images(p, SPLIT_TRAIN, (needs & NEED_TRAIN_LOCAL) != 0, false, &count, err);
        if (!in->train_images) return false;
        in->work.labelled = shown_by(&e->setting, count, classes);
    }
    if (needs & (NEED_GENERATED_IMAGES | NEED_GENERATED_LOCAL)) {
        if (!(in->generated = plan_generated(p, &count, err))) return false;
        in->work.generated = (double)count;
    }
    in->test_images = plan_images(p, e->protocol.split, true, (needs & NEED_TEST_TILES) != 0, &count, err);
    if (in->test_images) in->work.test = (double)count;
    return in->test_images && check_positives(p, err);
}

/* Without a model it is the joint space of the features that are scored. */
static const OpenModel *joint_space(const Planner *p, Error *err)
{
    const FeatureRows *test = dataset_features(p->dataset, (FeaturesOf)p->e->protocol.split, err);
    return test ? session_joint_space(p->session, test->width, err) : NULL;
}

/* A checkpoint of other sizes is not taken for the one that the row is about, but in a rehearsal. */
static bool check_architecture(const Planner *p, Error *err)
{
    const Model *model = p->model->model;
    const char *own = clip_arch_of(&p->model->clip->config);
    if (!model->architecture || p->e->limit || (own && strcmp(own, model->architecture) == 0)) return true;
    return fail_absent(err, "model %s: %s is %s, and this needs %s; name the folder that has both", model->name,
                       model->clip, own ? own : "of no published architecture", model->architecture);
}

bool plan_prepare(Planner *p, PlanInputs *in, Error *err)
{
    if (!experiment_is_known(p->session->book, p->e, err)) return false;
    const bool named = book_model(p->session->book, p->e->model) != NULL;
    p->model = named ? session_model(p->session, p->e->model, err) : NULL;
    if (named && (!p->model || !check_architecture(p, err))) return false;
    p->dataset = session_dataset(p->session, p->e->dataset, p->e->protocol.test_set, p->e->limit, err);
    if (p->dataset && !named) p->model = joint_space(p, err);
    return p->dataset && p->model && plan_inputs(p, in, err);
}

static bool plan_experiment(Planner *p, Error *err)
{
    PlanInputs in;
    if (p->e->members.count) return plan_members(p, err);
    if (!plan_prepare(p, &in, err)) return false;
    for (size_t i = 0; i < p->e->seed_count; i++) {
        Stage *result = plan_result(p, &in, p->e->seeds[i], err);
        if (!result) return false;
        result->asked = true;
    }
    return true;
}

/* A missing result wants its inputs, they theirs. Inputs stand before their users, so one pass from the end does. */
static void mark_wanted(Plan *plan)
{
    for (size_t i = plan->count; i-- > 0;) {
        Stage *s = plan->stages[i];
        if (s->asked) {
            plan->results++;
            plan->results_stored += s->stored;
            s->wanted = s->wanted || !s->stored;
        }
        if (s->kind == &stage_judge) s->wanted = !s->stored; /* nothing asks for it but the report */
        if (!s->wanted) continue;
        plan->wanted++;
        for (size_t k = 0; k < s->input_count; k++) {
            Stage *input = (Stage *)s->inputs[k].stage; /* the plan owns its stages */
            input->wanted = !input->stored;
        }
    }
}

/* An experiment that could not be planned: its sentence stays, its stages go. No other one uses them: they stand at the end. */
static void give_up(Plan *plan, const Experiment *e, size_t stages, const Error *err)
{
    char *line = plan_failure(e->name, err->text);
    text_list_add(err->absent ? &plan->left_out : &plan->failures, line);
    free(line);
    while (plan->count > stages) stage_free(plan->stages[--plan->count]);
}

bool plan_make(Plan *plan, Session *session, const ExperimentList *experiments, Error *err)
{
    *plan = (Plan){.experiments = experiments->count};
    Error first = {0}, later;
    for (size_t i = 0; i < experiments->count; i++) {
        Planner p = {.plan = plan, .session = session, .e = &experiments->items[i]};
        const size_t stages = plan->count;
        Error *here = plan->failures.count + plan->left_out.count ? &later : &first;
        if (!plan_experiment(&p, here)) give_up(plan, p.e, stages, here);
    }
    const size_t without = plan->failures.count + plan->left_out.count;
    if (without && without == experiments->count) {
        *err = first;
        plan_free(plan);
        return false;
    }
    mark_wanted(plan);
    return true;
}

/* What stands behind "EXPERIMENT: ". */
static const char *reason_of(const char *line)
{
    const char *colon = strstr(line, ": ");
    return colon ? colon + 2 : line;
}

void plan_left_out(const Plan *plan, TextList *lines)
{
    const TextList *all = &plan->left_out;
    for (size_t i = 0; i < all->count; i++) {
        const char *why = reason_of(all->items[i]);
        TextList names = {0};
        bool told = false;
        for (size_t k = 0; k < all->count; k++) {
            if (strcmp(reason_of(all->items[k]), why) != 0) continue;
            told = told || k < i;
            text_list_add_bytes(&names, all->items[k], (size_t)(reason_of(all->items[k]) - 2 - all->items[k]));
        }
        char *some = text_list_some(&names, 40);
        char *line =
            xformat("%zu experiment%s left out (%s): %s", names.count, names.count == 1 ? " is" : "s are", some, why);
        if (!told) text_list_add(lines, line);
        free(line), free(some);
        text_list_free(&names);
    }
}

void plan_free(Plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) stage_free(plan->stages[i]);
    free(plan->stages);
    text_list_free(&plan->failures);
    text_list_free(&plan->left_out);
    *plan = (Plan){0};
}
