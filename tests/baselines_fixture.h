/* Labelled images, variants and golden arrays of tests/golden/baselines1.*, for the tests of methods that learn from labelled
 * images; the model is that of methods_fixture.h. */
#pragma once

#include "tests/methods_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Float32 sums in another order differ by about 1e-6; fifty steps of training carry that to some 1e-5. */
static const double baselines_tolerance = 1e-4;

typedef struct Baselines {
    Tiny tiny;
    Safetensors *golden;
    JsonFile *record;
    ImageFeatures images;
    int8_t *labels; /* [images, classes] */
} Baselines;

static inline void baselines_open(Baselines *b)
{
    Error err;
    *b = (Baselines){.golden = golden_open("tests/golden/baselines1.safetensors")};
    tiny_open(&b->tiny);
    b->record = json_read("tests/golden/baselines1.json", &err);
    if (!b->record) die("%s", err.text);
    const TensorView *local = golden_view(b->golden, "labelled_local");
    b->images = (ImageFeatures){.count = local->dim[0],
                                .positions = local->dim[1],
                                .width = local->dim[2],
                                .rows = 1,
                                .columns = local->dim[1],
                                .global = golden_floats(b->golden, "labelled_global"),
                                .local = golden_floats(b->golden, "labelled_local")};
    int64_t *labels = golden_integers(b->golden, "labelled_labels");
    const size_t count = b->images.count * b->tiny.classes.count;
    b->labels = xmalloc(count);
    for (size_t i = 0; i < count; i++) b->labels[i] = (int8_t)labels[i];
    free(labels);
}

static inline void baselines_close(Baselines *b)
{
    free(b->images.global);
    free(b->images.local);
    free(b->labels);
    json_free(b->record);
    safetensors_close(b->golden);
    tiny_close(&b->tiny);
}

static inline void assert_baseline(const Baselines *b, const char *variant, const char *part, const float *values,
                                   size_t count)
{
    char name[128];
    snprintf(name, sizeof name, "%s.%s", variant, part);
    assert_non_null(values);
    const double error = golden_error(b->golden, name, values, count);
    if (!(error < baselines_tolerance)) fail_msg("%s: relative error %.3g", name, error);
}

static inline Json baselines_variant(const Baselines *b, const char *name)
{
    const Json variants = json_get(json_root(b->record), "variants");
    Error err;
    for (size_t i = 0; i < json_count(variants); i++) {
        const char *other;
        assert_true(json_string(json_at(variants, i), "name", &other, &err));
        if (!strcmp(name, other)) return json_at(variants, i);
    }
    die("no golden variant %s", name);
}

/* Another process scores with nothing but the stored arrays; `options` may differ from those of the training at test time. */
static inline void score_from_stored(const Baselines *b, const Run *trained, const Options *options, Scores *scores)
{
    Error err = {0};
    Run run = tiny_run(&b->tiny, trained->method->name, options, trained->seed);
    for (size_t i = 0; i < trained->learned_count; i++) {
        const Parameter *p = trained->learned[i];
        Parameter *copy = run_learn(&run, p->name, p->shape, &err);
        assert_non_null(copy);
        memcpy(copy->value, p->value, shape_size(p->shape) * sizeof(float));
    }
    if (!run.method->score(&run, &b->tiny.images, scores, &err)) fail_msg("%s", err.text);
    run_free(&run);
}

/* Trains a variant on the labelled images; the caller frees the run and the options. */
static inline Run train_variant(const Baselines *b, const char *name, Options *options)
{
    Error err = {0};
    const Json variant = baselines_variant(b, name);
    const char *method = NULL;
    int64_t seed = 0;
    assert_true(json_string(variant, "method", &method, &err) && json_integer(variant, "seed", &seed, &err));
    if (!options_read(options, method_find(method)->options, json_get(variant, "options"), &err))
        fail_msg("%s", err.text);
    Run run = tiny_run(&b->tiny, method, options, (uint64_t)seed);
    run.images = (LabelledImages){&b->images, b->labels};
    if (!run.method->train(&run, &err)) fail_msg("%s: %s", name, err.text);
    return run;
}

/* Loss of all steps, learned arrays and scores against the reference. */
static inline void check_baseline(const Baselines *b, const char *name, size_t arrays)
{
    Options options;
    Scores scores;
    Run run = train_variant(b, name, &options);
    assert_baseline(b, name, "loss", run.loss, run.loss_count);
    assert_int_equal(run.learned_count, arrays);
    for (size_t i = 0; i < run.learned_count; i++)
        assert_baseline(b, name, run.learned[i]->name, run.learned[i]->value, shape_size(run.learned[i]->shape));
    score_from_stored(b, &run, &options, &scores);
    assert_baseline(b, name, "scores", scores.combined, b->tiny.images.count * b->tiny.classes.count);
    scores_free(&scores);
    run_free(&run);
    options_free(&options);
}

/* Image 7 has no known label: with other features in its place every loss has the same bits. */
static inline void check_unknown_image(const Baselines *b, const char *name)
{
    Options options;
    Baselines other = *b;
    const size_t global = b->images.count * b->images.width, local = global * b->images.positions;
    other.images.global = memcpy(xmalloc(global * sizeof(float)), b->images.global, global * sizeof(float));
    other.images.local = memcpy(xmalloc(local * sizeof(float)), b->images.local, local * sizeof(float));
    for (size_t c = 0; c < b->tiny.classes.count; c++) assert_int_equal(b->labels[7 * b->tiny.classes.count + c], 0);
    const size_t image = b->images.positions * b->images.width;
    for (size_t i = 0; i < b->images.width; i++) other.images.global[7 * b->images.width + i] *= -1;
    for (size_t i = 0; i < image; i++) other.images.local[7 * image + i] *= -1;
    Run run = train_variant(b, name, &options);
    options_free(&options);
    Run changed = train_variant(&other, name, &options);
    assert_int_equal(run.loss_count, changed.loss_count);
    assert_memory_equal(run.loss, changed.loss, run.loss_count * sizeof(float));
    run_free(&run);
    run_free(&changed);
    options_free(&options);
    free(other.images.global);
    free(other.images.local);
}

static inline Run train_json(const Baselines *b, const char *method, const char *json, const int8_t *labels,
                             Options *options)
{
    Error err = {0};
    tiny_options(method, json, options);
    Run run = tiny_run(&b->tiny, method, options, 5);
    run.images = (LabelledImages){&b->images, labels};
    if (!run.method->train(&run, &err)) fail_msg("%s: %s", method, err.text);
    return run;
}

/* Class-specific contexts of a class of which no label is known stay as they were drawn, those of the others do not. */
static inline void check_unknown_class(const Baselines *b, const char *method)
{
    static const char common[] =
        "\"shared_context\": false, \"context\": 3, \"epochs\": 2, \"batch\": 8, \"weight_decay\": 0";
    const size_t classes = b->tiny.classes.count, count = b->images.count * classes;
    char json[512];
    Options moving, still;
    int8_t *labels = memcpy(xmalloc(count), b->labels, count);
    for (size_t n = 0; n < b->images.count; n++) labels[n * classes + 1] = 0;
    snprintf(json, sizeof json, "{%s, \"lr\": 0.01, \"warmup_lr\": 0.01}", common);
    Run run = train_json(b, method, json, labels, &moving);
    snprintf(json, sizeof json, "{%s, \"lr\": 0, \"warmup_lr\": 0}", common);
    Run start = train_json(b, method, json, labels, &still);
    for (size_t i = 0; i < run.learned_count; i++) {
        const float *end = run.learned[i]->value, *begin = start.learned[i]->value;
        const size_t each = shape_size(run.learned[i]->shape) / classes;
        for (size_t c = 0; c < classes; c++) {
            const bool same = !memcmp(end + c * each, begin + c * each, each * sizeof(float));
            assert_int_equal(same, c == 1);
        }
    }
    run_free(&run);
    run_free(&start);
    options_free(&moving);
    options_free(&still);
    free(labels);
}

/* Training on no images, on images of another width, is refused with a sentence that has `part` in it. */
static inline void check_refused(const Baselines *b, const char *method, const char *json, const ImageFeatures *images,
                                 const char *part)
{
    Options options;
    Error err = {0};
    tiny_options(method, json, &options);
    Run run = tiny_run(&b->tiny, method, &options, 1);
    run.images = (LabelledImages){images, b->labels};
    assert_false(run.method->train(&run, &err));
    if (!strstr(err.text, part)) fail_msg("%s", err.text);
    run_free(&run);
    options_free(&options);
}
