/* Stage "score": a method's scores of the test pictures, and how good they are: a result file of interfaces.md.
 *
 * Captions and labelled images are handed to score() only for methods without a train function; what the others learned from
 * them stands in their parameters. */
#include "harness/bench/metrics.h"
#include "harness/bench/stage_run.h"
#include "methods/heat_map.h"

#include <stdlib.h>
#include <string.h>

/* The test pictures' features: the input that is not the method's training data comes first (plan.c). */
static const Stage *test_images_of(const Stage *s)
{
    return stage_input(s, &stage_encode_image, 0);
}

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

static void write_scores(ArtifactWriter *w, const Scores *scores, size_t images, size_t classes)
{
    const size_t dim[2] = {images, classes};
    artifact_write_floats(w, "scores", 2, dim, scores->combined);
    if (scores->global) artifact_write_floats(w, "scores_global", 2, dim, scores->global);
    if (scores->local) artifact_write_floats(w, "scores_local", 2, dim, scores->local);
}

enum { HEAT_MAPS = 12 };

/* heat_maps [k, C, P] of the split's first k images and the feature map's grid, where the method compares positions. */
static void write_heat_maps(ArtifactWriter *w, const ImageFeatures *test, const Scores *scores, size_t classes)
{
    if (!scores->local_classes || !test->local) return;
    const size_t count = test->count < HEAT_MAPS ? test->count : HEAT_MAPS, each = classes * test->positions;
    float *maps = xcalloc(count * each, sizeof *maps);
    for (size_t i = 0; i < count; i++)
        heat_map_similarity(test->local + i * test->positions * test->width, test->positions, test->width,
                            scores->local_classes, classes, maps + i * each);
    artifact_write_floats(w, "heat_maps", 3, (size_t[]){count, classes, test->positions}, maps);
    artifact_write_int32(w, "grid", 1, (size_t[]){2}, (int32_t[]){(int32_t)test->rows, (int32_t)test->columns});
    free(maps);
}

/* Whose sentences the method was trained on, where it was: attribute `sentences`. */
static void write_sentences(ArtifactWriter *w, const Stage *s)
{
    const Stage *train = stage_input(s, &stage_train, 0), *texts = stage_input(train ? train : s, &stage_captions, 0);
    if (texts && texts->sentences) artifact_attribute_text(w, "sentences", texts->sentences);
}

/* What drew the training images, where some were drawn (attribute `generate`, JSON), and what wrote the training texts. */
static void write_generator(ArtifactWriter *w, const Stage *s)
{
    write_sentences(w, s);
    const Stage *train = stage_input(s, &stage_train, 0), *features = stage_generated_features(train ? train : s);
    const Stage *generate = features ? stage_input(features, &stage_generate, 0) : NULL;
    if (!generate) return;
    char *text = json_canonical(generate->config);
    artifact_attribute_text(w, "generate", text);
    free(text);
}

static void write_attributes(ArtifactWriter *w, const Stage *s, double map)
{
    const Experiment *e = s->experiment;
    char *options = options_json(&e->options, false);
    artifact_attribute_text(w, "experiment", e->name);
    artifact_attribute_text(w, "dataset", e->dataset);
    artifact_attribute_text(w, "model", e->model);
    artifact_attribute_text(w, "protocol", e->protocol.name);
    artifact_attribute_text(w, "method", e->method->name);
    artifact_attribute_text(w, "options", options);
    artifact_attribute_integer(w, "seed", s->seed);
    artifact_attribute_number(w, "map", map);
    if (e->method->note) artifact_attribute_text(w, "note", e->method->note);
    write_generator(w, s);
    free(options);
}

static bool write(const Stage *s, const Run *run, const Split *split, const ImageFeatures *test, const Scores *scores,
                  const Metrics *metrics, double started, Error *err)
{
    StageWriter w;
    if (!stage_begin(&w, s, started, err)) return false;
    write_scores(w.artifact, scores, split->count, run->classes);
    write_heat_maps(w.artifact, test, scores, run->classes);
    artifact_write_int8(w.artifact, "labels", 2, (size_t[]){split->count, run->classes}, split->labels);
    artifact_write_texts(w.artifact, "classes", run->classes, run->class_names);
    artifact_write_texts(w.artifact, "files", split->count, split->files);
    artifact_write_doubles(w.artifact, "ap", 1, (size_t[]){run->classes}, metrics->ap);
    if (run->loss_count) artifact_write_floats(w.artifact, "loss", 1, (size_t[]){run->loss_count}, run->loss);
    write_attributes(w.artifact, s, metrics->map);
    return stage_finish(&w, err);
}

static bool measure(const Scores *scores, const Split *split, size_t classes, DifficultRule rule, Metrics *metrics,
                    Error *err)
{
    const size_t count = split->count * classes;
    double *values;
    if (!big_alloc(&values, count, sizeof *values, "scores", err)) return false;
    for (size_t i = 0; i < count; i++) values[i] = (double)scores->combined[i];
    const bool good = metrics_compute(metrics, values, split->labels, split->count, classes, rule, 0, err);
    free(values);
    return good;
}

static bool score(Bench *b, const Stage *s, MethodRun *m, double started, Error *err)
{
    const Experiment *e = s->experiment;
    const Stage *images = test_images_of(s), *train = stage_input(s, &stage_train, 0);
    if (train && !load_learned(train, &m->run, err)) return false;
    const bool want_local = (e->method->needs(&e->options) & NEED_TEST_LOCAL) != 0;
    const Split *split = dataset_split(bench_dataset(b, e->dataset, e->limit, err), e->protocol.split, err);
    const ImageFeatures *test = split ? bench_images(b, images->path, want_local, err) : NULL;
    if (!test) return false;
    if (test->count != split->count)
        return fail(err, "%s: %zu images, the split has %zu; delete the file and run again", images->path, test->count,
                    split->count);
    Scores scores = {0};
    Metrics metrics = {0};
    const bool good = e->method->score(&m->run, test, &scores, err) &&
                      measure(&scores, split, m->run.classes, e->protocol.difficult, &metrics, err) &&
                      write(s, &m->run, split, test, &scores, &metrics, started, err);
    scores_free(&scores);
    metrics_free(&metrics);
    return good || fail_in(err, e->name);
}

static bool run(Bench *b, const Stage *s, Error *err)
{
    const double started = seconds_now();
    MethodRun m;
    if (!method_run_init(&m, b, s, s->experiment->method->train == NULL, err)) return false;
    const bool good = score(b, s, &m, started, err);
    method_run_free(&m);
    return good;
}

const StageKind stage_score = {.name = "score", .version = 1, .run = run};
