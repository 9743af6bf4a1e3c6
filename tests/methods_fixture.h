/* The tiny random CLIP, tokenizer and captions of tests/golden/methods_tai.*, for the tests of methods/. */
#pragma once

#include "methods/method.h"
#include "tests/golden_arrays.h"

#include <math.h>

typedef struct Tiny {
    Safetensors *st;
    JsonFile *record;
    Clip *clip;
    Tokenizer *tokenizer;
    TextList classes;
    TextList captions;
    uint8_t *labels; /* [captions, classes] */
    ImageFeatures images;
} Tiny;

static inline Clip *tiny_clip(const Safetensors *st)
{
    Error err;
    const size_t vocabulary = golden_view(st, "weights.token_embedding.weight")->dim[0];
    const ClipConfig config = {
        .embed = 32,
        .has_text = true,
        .mean = {0.5f, 0.5f, 0.5f},
        .std = {0.25f, 0.25f, 0.25f},
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
        tensor_to_float(view, clip->weights[i].value);
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

static inline void tiny_open(Tiny *t)
{
    Error err;
    *t = (Tiny){.st = golden_open("tests/golden/methods_tai.safetensors")};
    t->record = json_read("tests/golden/methods_tai.json", &err);
    if (!t->record) die("%s", err.text);
    t->clip = tiny_clip(t->st);
    t->tokenizer = tokenizer_open("tests/golden/methods_tokenizer", &err);
    if (!t->tokenizer) die("%s", err.text);
    tiny_texts(json_get(json_root(t->record), "classes"), &t->classes);
    tiny_texts(json_get(json_root(t->record), "captions"), &t->captions);
    int64_t *labels = golden_integers(t->st, "caption_labels");
    t->labels = xmalloc(t->captions.count * t->classes.count);
    for (size_t i = 0; i < t->captions.count * t->classes.count; i++) t->labels[i] = (uint8_t)labels[i];
    free(labels);
    const TensorView *local = golden_view(t->st, "image_local");
    t->images = (ImageFeatures){.count = local->dim[0],
                                .positions = local->dim[1],
                                .width = local->dim[2],
                                .rows = 1,
                                .columns = local->dim[1],
                                .global = golden_floats(t->st, "image_global"),
                                .local = golden_floats(t->st, "image_local")};
}

static inline void tiny_close(Tiny *t)
{
    safetensors_close(t->st);
    json_free(t->record);
    clip_free(t->clip);
    tokenizer_free(t->tokenizer);
    text_list_free(&t->classes);
    text_list_free(&t->captions);
    free(t->labels);
    free(t->images.global);
    free(t->images.local);
}

/* A run of a method on the tiny model; the caller adds captions and frees with run_free and options_free. */
static inline Run tiny_run(const Tiny *t, const char *method, const Options *options, uint64_t seed)
{
    return (Run){.method = method_find(method),
                 .options = options,
                 .clip = t->clip,
                 .tokenizer = t->tokenizer,
                 .class_names = (const char *const *)t->classes.items,
                 .classes = t->classes.count,
                 .width = t->clip->config.embed,
                 .seed = seed};
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
static inline double golden_error(const Safetensors *st, const char *name, const float *values, size_t count)
{
    if (golden_view(st, name)->count != count) die("golden array %s has another size than %zu", name, count);
    float *expected = golden_floats(st, name);
    const double error = worst_error(values, expected, count);
    free(expected);
    return error;
}
