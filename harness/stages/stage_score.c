/* Stage "score": a method's scores of the test pictures, and how good they are: a result file of results/README.md.
 *
 * Captions and labelled images are handed to score() only for methods without a train function; what the others learned from
 * them stands in their parameters. */
#include "harness/base/clock.h"
#include "harness/stages/describe_internal.h"
#include "harness/stages/method_run.h"
#include "harness/stages/result_write.h"
#include "methods/shared/heat_map.h"

#include <stdlib.h>
#include <string.h>

static bool load_one(const ArtifactReader *r, const char *name, Run *run, Error *err)
{
    ArtifactShape s;
    if (!artifact_shape(r, name, &s, err)) return false;
    size_t dim[ARTIFACT_RANK_MAX];
    memcpy(dim, s.dim, sizeof dim);
    if (s.rank > SHAPE_MAX) return fail(err, "%s: %s has more than %d axes", artifact_path(r), name, SHAPE_MAX);
    float *values;
    if (!artifact_read_floats(r, name, s.rank, dim, &values, err)) return false;
    bool good = true;
    if (strcmp(name, "loss") == 0) {
        for (size_t i = 0; i < s.count; i++) run_log_loss(run, (double)values[i]);
    } else {
        Parameter *p = run_learn(run, name, shape_from((size_t)s.rank, s.dim), err);
        good = p != NULL;
        if (good) memcpy(p->value, values, s.count * sizeof *values);
    }
    free(values);
    return good;
}

static bool load_learned(const Stage *train, Run *run, Error *err)
{
    ArtifactReader *r = artifact_open(train->path, err);
    if (!r) return false;
    TextList names = {0};
    bool good = artifact_names(r, &names) ||
                fail(err, "%s: its data sets cannot be listed; damaged, delete it to have it made again", train->path);
    for (size_t i = 0; i < names.count && good; i++) good = load_one(r, names.items[i], run, err);
    text_list_free(&names);
    artifact_close(r);
    return good;
}

enum { HEAT_MAPS = 12 };

/* heat_maps [k, C, P] of the split's first k images and the feature map's grid, where the method compares positions. */
static void write_heat_maps(ArtifactWriter *w, const ImageFeatures *test, const Scores *scores, size_t classes)
{
    if (!scores->local_classes || !image_has_local(test)) return;
    const size_t count = test->count < HEAT_MAPS ? test->count : HEAT_MAPS, each = classes * test->positions;
    float *maps = xcalloc(count * each, sizeof *maps), *room = xcalloc(test->positions * test->width, sizeof *room);
    for (size_t i = 0; i < count; i++)
        heat_map_similarity(image_local(test, i, 1, room), test->positions, test->width, scores->local_classes, classes,
                            maps + i * each);
    artifact_write_floats(w, "heat_maps", 3, (size_t[]){count, classes, test->positions}, maps);
    artifact_write_int32(w, "grid", 1, (size_t[]){2}, (int32_t[]){(int32_t)test->rows, (int32_t)test->columns});
    free(maps);
    free(room);
}

/* How pictures came to a square where the model's own configuration decides it otherwise than the protocol's word says: attribute
 * `resize`, for whoever lays heat maps over them. */
static void write_resize(ArtifactWriter *w, const Stage *s)
{
    const Stage *test = stage_input(s, ROLE_TEST_IMAGES);
    const EncodeImageParameters *images = test->parameters;
    if (test->kind != &stage_encode_image) return;
    const char *shown = resize_word(preprocessing_rule(&images->pictures));
    if (strcmp(shown, resize_word(s->experiment->protocol.resize)) != 0) artifact_attribute_text(w, "resize", shown);
}

/* How it was measured, nothing left open: attributes `protocol_as_run` (JSON), `dataset_kind`, and of a published architecture `clip`. */
static void write_measurement(ArtifactWriter *w, const Stage *s)
{
    const Stage *test = stage_input(s, ROLE_TEST_IMAGES);
    const EncodeImageParameters *images = test->parameters;
    artifact_attribute_text(w, "dataset_kind",
                            dataset_kind_of(((const MethodParameters *)s->parameters)->dataset)->name);
    if (test->kind != &stage_encode_image) return; /* features were made elsewhere, and how is not known here */
    const char *arch = clip_arch_of(&images->model->clip->config);
    cJSON *object = protocol_as_run(&s->experiment->protocol, dataset_kind_of(images->dataset), &images->pictures,
                                    images->encode.position);
    char *text = json_canonical(object);
    artifact_attribute_text(w, "protocol_as_run", text);
    if (arch) artifact_attribute_text(w, "clip", arch);
    free(text);
    cJSON_Delete(object);
}

/* The stage that has the training inputs: training, or of a method that does not train, scoring itself. */
static const Stage *fed_by(const Stage *s)
{
    const Stage *train = stage_input(s, ROLE_TRAINED);
    return train ? train : s;
}

/* Whose sentences the method was trained on, where it was: attribute `sentences`. */
static void write_sentences(ArtifactWriter *w, const Stage *s)
{
    const Stage *texts = stage_input(fed_by(s), ROLE_CAPTIONS);
    const CaptionsParameters *p = texts ? texts->parameters : NULL;
    if (p && p->source->origin) artifact_attribute_text(w, "sentences", p->source->origin);
}

/* What drew the training images, where some were drawn (attribute `generate`, JSON), and what wrote the training texts. */
static void write_generator(ArtifactWriter *w, const Stage *s)
{
    write_sentences(w, s);
    const Stage *features = stage_input(fed_by(s), ROLE_GENERATED);
    const Stage *generate = features ? stage_input(features, ROLE_DRAWN) : NULL;
    if (!generate) return;
    char *text = json_canonical(generate->config);
    artifact_attribute_text(w, "generate", text);
    free(text);
}

/* What a method's result has beside scores: what drew its training images, and heat maps. */
typedef struct Extras {
    const Stage *stage;
    const ImageFeatures *test;
    const Scores *scores;
    size_t classes;
} Extras;

static void write_extras(ArtifactWriter *w, const void *context)
{
    const Extras *x = context;
    write_heat_maps(w, x->test, x->scores, x->classes);
    write_resize(w, x->stage);
    write_measurement(w, x->stage);
    write_generator(w, x->stage);
}

static bool score(Session *session, const Stage *s, MethodRun *m, double started, Error *err)
{
    const Experiment *e = s->experiment;
    const MethodParameters *p = s->parameters;
    const Stage *images = stage_input(s, ROLE_TEST_IMAGES), *train = stage_input(s, ROLE_TRAINED);
    if (train && !load_learned(train, &m->run, err)) return false;
    const bool want_local = (e->method->needs(&e->options) & NEED_TEST_LOCAL) != 0;
    const Split *split = dataset_split(p->dataset, e->protocol.split, err);
    const ImageFeatures *test = split ? session_images(session, images->path, want_local, err) : NULL;
    if (!test) return false;
    if (test->count != split->count)
        return fail(err, "%s: %zu images, the split has %zu; delete the file and run again", images->path, test->count,
                    split->count);
    Scores scores = {0};
    char *setting = experiment_setting(e);
    const Extras extras = {s, test, &scores, m->run.classes};
    const Result result = {.scores = &scores,
                           .split = split,
                           .class_names = dataset_class_names(p->dataset),
                           .classes = m->run.classes,
                           .setting = setting,
                           .loss = m->run.loss,
                           .loss_count = m->run.loss_count,
                           .more = write_extras,
                           .context = &extras};
    const bool good = e->method->score(&m->run, test, &scores, err) && result_write(s, &result, started, err);
    scores_free(&scores);
    free(setting);
    return good || fail_in(err, e->name);
}

static void describe(const Stage *s, cJSON *config)
{
    const MethodParameters *p = s->parameters;
    char *setting = experiment_setting(s->experiment);
    describe_method(s, false, config);
    describe_clip(p->model, config);
    describe_tokenizer(p->model, config);
    describe_classes(p->dataset, config);
    describe_result(s, setting, config);
    free(setting);
}

static bool make(Session *session, const Stage *s, Error *err)
{
    const double started = seconds_now();
    MethodRun m;
    if (!method_run_init(&m, session, s, s->experiment->method->train == NULL, err)) return false;
    const bool good = score(session, s, &m, started, err);
    method_run_free(&m);
    return good;
}

const StageKind stage_score = {
    .name = "score", .version = 1, .parameters = sizeof(MethodParameters), .describe = describe, .make = make};

bool stage_is_result(const Stage *s)
{
    return s->kind == &stage_score || s->kind == &stage_rescore;
}
