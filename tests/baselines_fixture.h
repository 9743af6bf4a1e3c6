/* Labelled images, variants and golden arrays of tests/golden/baselines1.*, for the tests of methods that learn from labelled
 * images; the model is that of methods_fixture.h. */
#pragma once

#include "tests/methods_fixture.h"

typedef struct Baselines {
    TensorFile *golden;
    JsonFile *record;
    ImageFeatures images;
    int8_t *labels; /* [images, classes] */
} Baselines;

static Baselines baselines;

/* Group set-up and tear-down. */
static inline int baselines_open(void **state)
{
    Error err;
    tiny_open(state);
    baselines = (Baselines){.golden = golden_open("tests/golden/baselines1.safetensors")};
    baselines.record = json_read("tests/golden/baselines1.json", &err);
    if (!baselines.record) die("%s", err.text);
    baselines.images = golden_images(baselines.golden, "labelled");
    baselines.labels = golden_labels(baselines.golden, "labelled_labels");
    return 0;
}

static inline int baselines_close(void **state)
{
    free(baselines.images.global);
    free(baselines.images.local);
    free(baselines.labels);
    json_free(baselines.record);
    tensor_file_close(baselines.golden);
    return tiny_close(state);
}

/* Trains a variant on `images` with the golden labels; the caller frees the run and the options. */
static inline Run train_variant(const char *name, const ImageFeatures *images, Options *options)
{
    Error err = {0};
    Run run = tiny_variant(baselines.record, name, NULL, options);
    run.images = (LabelledImages){images, baselines.labels};
    if (!run.method->train(&run, &err)) fail_msg("%s: %s", name, err.text);
    return run;
}

/* Loss of all steps, learned arrays and scores against the reference. */
static inline void check_baseline(const char *name, size_t arrays)
{
    Options options;
    Scores scores;
    Run run = train_variant(name, &baselines.images, &options);
    assert_golden(baselines.golden, name, "loss", run.loss, run.loss_count);
    assert_int_equal(run.learned_count, arrays);
    assert_learned_golden(baselines.golden, name, &run);
    tiny_score_stored(&run, &options, &scores);
    assert_golden(baselines.golden, name, "scores", scores.combined, tiny.images.count * tiny.classes.count);
    scores_free(&scores);
    run_free(&run);
    options_free(&options);
}

/* Image 7 has no known label: with other features in its place every loss has the same bits. */
static inline void check_unknown_image(const char *name)
{
    Options options;
    const ImageFeatures *images = &baselines.images;
    ImageFeatures other = *images;
    const size_t classes = tiny.classes.count, width = images->width, image = images->positions * width;
    const size_t global = images->count * width * sizeof(float), local = images->count * image * sizeof(float);
    other.global = memcpy(xmalloc(global), images->global, global);
    other.local = memcpy(xmalloc(local), images->local, local);
    for (size_t c = 0; c < classes; c++) assert_int_equal(baselines.labels[7 * classes + c], 0);
    for (size_t i = 0; i < width; i++) other.global[7 * width + i] *= -1;
    for (size_t i = 0; i < image; i++) other.local[7 * image + i] *= -1;
    Run run = train_variant(name, images, &options);
    options_free(&options);
    Run changed = train_variant(name, &other, &options);
    assert_int_equal(run.loss_count, changed.loss_count);
    assert_memory_equal(run.loss, changed.loss, run.loss_count * sizeof(float));
    run_free(&run);
    run_free(&changed);
    options_free(&options);
    free(other.global);
    free(other.local);
}

static inline Run train_json(const char *method, const char *json, const int8_t *labels, Options *options)
{
    Error err = {0};
    tiny_options(method, json, options);
    Run run = tiny_run(method, options, 5);
    run.images = (LabelledImages){&baselines.images, labels};
    if (!run.method->train(&run, &err)) fail_msg("%s: %s", method, err.text);
    return run;
}

/* Class-specific contexts of a class of which no label is known stay as they were drawn, those of the others do not. */
static inline void check_unknown_class(const char *method)
{
    static const char common[] =
        "\"shared_context\": false, \"context\": 3, \"epochs\": 2, \"batch\": 8, \"weight_decay\": 0";
    const size_t classes = tiny.classes.count, count = baselines.images.count * classes;
    char json[512];
    Options moving, still;
    int8_t *labels = memcpy(xmalloc(count), baselines.labels, count);
    for (size_t n = 0; n < baselines.images.count; n++) labels[n * classes + 1] = 0;
    snprintf(json, sizeof json, "{%s, \"lr\": 0.01, \"warmup_lr\": 0.01}", common);
    Run run = train_json(method, json, labels, &moving);
    snprintf(json, sizeof json, "{%s, \"lr\": 0, \"warmup_lr\": 0}", common);
    Run start = train_json(method, json, labels, &still);
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
static inline void check_refused(const char *method, const char *json, const ImageFeatures *images, const char *part)
{
    Options options;
    Error err = {0};
    tiny_options(method, json, &options);
    Run run = tiny_run(method, &options, 1);
    run.images = (LabelledImages){images, baselines.labels};
    assert_false(run.method->train(&run, &err));
    if (!strstr(err.text, part)) fail_msg("%s", err.text);
    run_free(&run);
    options_free(&options);
}

static inline void check_bad_images_are_refused(const char *method)
{
    const ImageFeatures none = {.width = 32}, wide = {.count = 40, .width = 31, .global = baselines.images.global};
    check_refused(method, "{}", &none, "there are none");
    check_refused(method, "{}", &wide, "31 values");
}

/* Of DualCoOp and its kind, beside the above. */
static inline void check_local_features_are_needed(const char *method)
{
    ImageFeatures flat = baselines.images;
    flat.local = NULL;
    check_refused(method, "{}", &flat, "no local features");
}

/* Scores as probabilities, of a training with shared contexts. */
static inline void check_pair_probability(const char *method, const char *name)
{
    Options options, other;
    Scores scores;
    Run run = train_variant(name, &baselines.images, &options);
    tiny_options(method, "{\"context\": 4, \"shared_context\": true, \"probability\": true}", &other);
    tiny_score_stored(&run, &other, &scores);
    assert_golden(baselines.golden, name, "probability", scores.combined, tiny.images.count * tiny.classes.count);
    scores_free(&scores);
    run_free(&run);
    options_free(&options);
    options_free(&other);
}
