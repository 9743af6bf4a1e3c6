/* The tiny random CLIP, tokenizer and captions of tests/golden/methods_tai.*, and demands on what a method
 * learns and scores, for the tests of methods/. */
#pragma once

#include "methods/shared/method.h"
#include "methods/shared/templates.h"
#include "tests/golden_arrays.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

typedef struct Tiny {
    TensorFile *st;
    JsonFile *record;
    Clip *clip;
    Tokenizer *tokenizer;
    TextList classes;
    TextList captions;
    uint8_t *labels; /* [captions, classes] */
    ImageFeatures images;
} Tiny;

static Tiny tiny;

/* Images with local features, of the arrays NAME_global and NAME_local. Caller frees both. */
static inline ImageFeatures golden_images(const TensorFile *st, const char *name)
{
    char global[64], part[64];
    snprintf(global, sizeof global, "%s_global", name);
    snprintf(part, sizeof part, "%s_local", name);
    const TensorView *local = golden_view(st, part);
    return (ImageFeatures){.count = local->dim[0],
                           .positions = local->dim[1],
                           .width = local->dim[2],
                           .rows = 1,
                           .columns = local->dim[1],
                           .global = golden_floats(st, global),
                           .local = golden_floats(st, part)};
}

/* Labels of images, 1, -1 and 0 for unknown. Caller frees. */
static inline int8_t *golden_labels(const TensorFile *st, const char *name)
{
    const size_t count = golden_view(st, name)->count;
    int64_t *wide = golden_integers(st, name);
    int8_t *labels = xmalloc(count);
    for (size_t i = 0; i < count; i++) labels[i] = (int8_t)wide[i];
    free(wide);
    return labels;
}

/* What a golden record tells of one of its variants. */
static inline Json golden_variant(JsonFile *record, const char *name)
{
    const Json variants = json_get(json_root(record), "variants");
    Error err;
    for (size_t i = 0; i < json_count(variants); i++) {
        const char *other;
        assert_true(json_string(json_at(variants, i), "name", &other, &err));
        if (!strcmp(name, other)) return json_at(variants, i);
    }
    die("no golden variant %s", name);
}

static inline Clip *tiny_clip(const TensorFile *st)
{
    Error err;
    const size_t vocabulary = golden_view(st, "weights.token_embedding.weight")->dim[0];
    const ClipConfig config = {
        .embed = 32,
        .has_text = true,
        .preprocessing = {.mean = {0.5f, 0.5f, 0.5f}, .std = {0.25f, 0.25f, 0.25f}},
        .layer_norm_eps = 1e-5f,
        .text_width = 64,
        .text_heads = 4,
        .text_layers = 2,
        .text_mlp = 96,
        .context = 40,
        .vocabulary = vocabulary,
        .text_activation = ACT_QUICK_GELU,
        .text_layer_norm_eps = 1e-5f,
        .logit_scale = half_to_float(*(const uint16_t *)golden_view(st, "weights.logit_scale")->data),
    };
    Clip *clip = clip_new(config, 0, &err);
    if (!clip) die("%s", err.text);
    for (size_t i = 0; i < clip->count; i++) {
        char name[128];
        snprintf(name, sizeof name, "weights.%s", clip->weights[i].name);
        const TensorView *view = golden_view(st, name);
        if (view->count != shape_size(clip->weights[i].shape)) die("golden weight %s has another size", name);
        tensor_to_float(view, clip->weights[i].value, &(Error){0});
    }
    clip_freeze(clip);
    return clip;
}

static inline void tiny_texts(Json array, TextList *list)
{
    Error err;
    for (size_t i = 0; i < json_count(array); i++) {
        const char *text;
        if (!json_as_string(json_at(array, i), &text, &err)) die("%s", err.text);
        text_list_add(list, text);
    }
}

/* Group set-up and tear-down. */
static inline int tiny_open(void **state)
{
    (void)state;
    Error err;
    tiny = (Tiny){.st = golden_open("tests/golden/methods_tai.safetensors")};
    tiny.record = json_read("tests/golden/methods_tai.json", &err);
    if (!tiny.record) die("%s", err.text);
    tiny.clip = tiny_clip(tiny.st);
    tiny.tokenizer = tokenizer_open("tests/golden/methods_tokenizer", &err);
    if (!tiny.tokenizer) die("%s", err.text);
    tiny_texts(json_get(json_root(tiny.record), "classes"), &tiny.classes);
    tiny_texts(json_get(json_root(tiny.record), "captions"), &tiny.captions);
    const size_t count = tiny.captions.count * tiny.classes.count;
    int64_t *labels = golden_integers(tiny.st, "caption_labels");
    tiny.labels = xmalloc(count);
    for (size_t i = 0; i < count; i++) tiny.labels[i] = (uint8_t)labels[i];
    free(labels);
    tiny.images = golden_images(tiny.st, "image");
    return 0;
}

static inline int tiny_close(void **state)
{
    (void)state;
    tensor_file_close(tiny.st);
    json_free(tiny.record);
    clip_free(tiny.clip);
    tokenizer_free(tiny.tokenizer);
    text_list_free(&tiny.classes);
    text_list_free(&tiny.captions);
    free(tiny.labels);
    free(tiny.images.global);
    free(tiny.images.local);
    return 0;
}

/* Adds the captions' tokens. */
static inline void tiny_tokens(TokenList *tokens)
{
    for (size_t i = 0; i < tiny.captions.count; i++)
        tokenizer_encode(tiny.tokenizer, tiny.captions.items[i], tiny.clip->config.context, tokens);
}

/* Adds the captions' tokens and behind them, class by class, those of the template sentences, as whoever runs a method does; `set`
 * may be NULL. Returns the labels [texts, classes], which the caller frees. */
static inline uint8_t *tiny_tokens_and_templates(const TemplateSet *set, TokenList *tokens)
{
    const size_t captions = tiny.captions.count, classes = tiny.classes.count, frames = set ? set->count : 0;
    uint8_t *labels = xcalloc(captions + classes * frames, classes);
    memcpy(labels, tiny.labels, captions * classes);
    tiny_tokens(tokens);
    for (size_t i = 0; i < classes * frames; i++) {
        const size_t class = i / frames;
        char *sentence = template_fill(set->frames[i % frames], tiny.classes.items[class]);
        tokenizer_encode(tiny.tokenizer, sentence, tiny.clip->config.context, tokens);
        labels[(captions + i) * classes + class] = 1;
        free(sentence);
    }
    return labels;
}

/* A run of a method on the tiny model; the caller adds captions and frees with run_free and options_free. */
static inline Run tiny_run(const char *method, const Options *options, uint64_t seed)
{
    return (Run){.method = method_find(method),
                 .options = options,
                 .clip = tiny.clip,
                 .tokenizer = tiny.tokenizer,
                 .class_names = (const char *const *)tiny.classes.items,
                 .classes = tiny.classes.count,
                 .width = tiny.clip->config.embed,
                 .seed = seed};
}

/* A run with the method (NULL: the variant names it), options and seed of a golden variant; the caller frees as above. */
static inline Run tiny_variant(JsonFile *record, const char *name, const char *method, Options *options)
{
    Error err;
    int64_t seed = 0;
    const Json variant = golden_variant(record, name);
    assert_true(json_integer(variant, "seed", &seed, &err));
    if (!method) assert_true(json_string(variant, "method", &method, &err));
    if (!options_read(options, method_find(method)->options, json_get(variant, "options"), &err))
        fail_msg("%s", err.text);
    return tiny_run(method, options, (uint64_t)seed);
}

/* Another process scores with nothing but the stored arrays; `options` may differ from those of the training at test time. */
static inline void tiny_score_stored(const Run *trained, const Options *options, Scores *scores)
{
    Error err = {0};
    Run run = tiny_run(trained->method->name, options, trained->seed);
    run.clip = trained->clip;
    for (size_t i = 0; i < trained->learned_count; i++) {
        const Parameter *p = trained->learned[i];
        Parameter *copy = run_learn(&run, p->name, p->shape, &err);
        assert_non_null(copy);
        memcpy(copy->value, p->value, shape_size(p->shape) * sizeof(float));
    }
    if (!run.method->score(&run, &tiny.images, scores, &err)) fail_msg("%s", err.text);
    run_free(&run);
}

static inline void tiny_options(const char *method, const char *json, Options *options)
{
    Error err;
    JsonFile *file = json_parse("test", json, strlen(json), &err);
    if (!file || !options_read(options, method_find(method)->options, json_root(file), &err)) die("%s", err.text);
    json_free(file);
}

/* Largest difference over the largest expected size. */
static inline double worst_error(const float *values, const float *expected, size_t count)
{
    double worst = 0, size = 1e-30;
    for (size_t i = 0; i < count; i++) {
        const double difference = fabs((double)values[i] - (double)expected[i]);
        if (!(difference <= worst)) worst = difference; /* NaN counts */
        size = fmax(size, fabs((double)expected[i]));
    }
    return worst / size;
}

/* The same against a golden array. */
static inline double golden_error(const TensorFile *st, const char *name, const float *values, size_t count)
{
    if (golden_view(st, name)->count != count) die("golden array %s has another size than %zu", name, count);
    float *expected = golden_floats(st, name);
    const double error = worst_error(values, expected, count);
    free(expected);
    return error;
}

/* Float32 sums in another order differ by about 1e-6; fifty steps of training carry that to some 1e-5. */
static const double golden_tolerance = 1e-4;

/* `values` against the array VARIANT.PART. */
static inline void assert_golden(const TensorFile *st, const char *variant, const char *part, const float *values,
                                 size_t count)
{
    char name[128];
    snprintf(name, sizeof name, "%s.%s", variant, part);
    assert_non_null(values);
    const double error = golden_error(st, name, values, count);
    if (!(error < golden_tolerance)) fail_msg("%s: relative error %.3g", name, error);
}

/* Every array that `run` has learned. */
static inline void assert_learned_golden(const TensorFile *st, const char *variant, const Run *run)
{
    for (size_t i = 0; i < run->learned_count; i++)
        assert_golden(st, variant, run->learned[i]->name, run->learned[i]->value, shape_size(run->learned[i]->shape));
}
