#include "harness/bench/bench.h"

#include "harness/bench/features.h"

#include <stdlib.h>
#include <string.h>

bool bench_open(Bench *b, const BenchOptions *options, Error *err)
{
    *b = (Bench){.store = options->store, .exact = options->exact, .progress = options->progress};
    b->book = book_open(options->experiments, options->paths, err);
    return b->book != NULL;
}

void bench_close(Bench *b)
{
    for (size_t i = 0; i < b->model_count; i++) {
        tokenizer_free(b->models[i].tokenizer);
        clip_free(b->models[i].clip);
    }
    for (size_t i = 0; i < b->dataset_count; i++) {
        dataset_free(b->datasets[i].dataset);
        free(b->datasets[i].name);
    }
    for (size_t i = 0; i < FEATURE_CACHE; i++) {
        image_features_free(&b->images[i].features);
        free(b->images[i].path);
    }
    text_features_free(&b->texts.features);
    free(b->texts.path);
    book_free(b->book);
    *b = (Bench){0};
}

static bool open_model(OpenModel *m, Error *err)
{
    const Model *model = m->model;
    if (!path_exists(model->clip))
        return fail(err, "%s: model %s is not there; %s", model->clip, model->name,
                    strncmp(model->name, "mini", 4) == 0 ? "make it with: palbench pretrain clip"
                                                         : "put the checkpoint there or name its place in paths.json");
    m->clip = clip_open(model->clip, err);
    if (!m->clip) return false;
    m->tokenizer = tokenizer_open(model->tokenizer, err);
    if (!m->tokenizer) return false;
    if (!m->clip->config.has_image || !m->clip->config.has_text)
        return fail(err, "%s: an image tower and a text tower are needed, one is missing", model->clip);
    if (tokenizer_size(m->tokenizer) > m->clip->config.vocabulary)
        return fail(err,
                    "%s: the tokenizer knows %zu tokens but the model %zu; name the model's own under \"tokenizer\"",
                    model->tokenizer, tokenizer_size(m->tokenizer), m->clip->config.vocabulary);
    return true;
}

const OpenModel *bench_model(Bench *b, const char *name, Error *err)
{
    for (size_t i = 0; i < b->model_count; i++)
        if (strcmp(b->models[i].model->name, name) == 0) return &b->models[i];
    if (b->model_count == OPEN_MAX) {
        fail(err, "more than %d models in one suite; split it", OPEN_MAX);
        return NULL;
    }
    OpenModel m = {.model = book_model(b->book, name)};
    if (open_model(&m, err)) {
        b->models[b->model_count] = m;
        return &b->models[b->model_count++];
    }
    tokenizer_free(m.tokenizer);
    clip_free(m.clip);
    return NULL;
}

Dataset *bench_dataset(Bench *b, const char *name, size_t limit, Error *err)
{
    for (size_t i = 0; i < b->dataset_count; i++)
        if (strcmp(b->datasets[i].name, name) == 0 && b->datasets[i].limit == limit) return b->datasets[i].dataset;
    if (b->dataset_count == OPEN_MAX) {
        fail(err, "more than %d data sets in one suite; split it", OPEN_MAX);
        return NULL;
    }
    Dataset *dataset = book_dataset(b->book, name, limit, err);
    if (dataset) b->datasets[b->dataset_count++] = (OpenDataset){xstrdup(name), limit, dataset};
    return dataset;
}

const ImageFeatures *bench_images(Bench *b, const char *path, bool want_local, Error *err)
{
    for (size_t i = 0; i < FEATURE_CACHE; i++)
        if (b->images[i].path && strcmp(b->images[i].path, path) == 0 && (b->images[i].local || !want_local)) {
            b->next_image = (i + 1) % FEATURE_CACHE;
            return &b->images[i].features;
        }
    const size_t slot = b->next_image;
    image_features_free(&b->images[slot].features);
    free(b->images[slot].path);
    b->images[slot].path = NULL;
    if (!image_features_read(path, want_local, &b->images[slot].features, err)) return NULL;
    b->images[slot].path = xstrdup(path);
    b->images[slot].local = want_local;
    b->next_image = (slot + 1) % FEATURE_CACHE;
    return &b->images[slot].features;
}

const TextFeatures *bench_texts(Bench *b, const char *path, bool want_local, Error *err)
{
    if (b->texts.path && strcmp(b->texts.path, path) == 0 && (b->texts.local || !want_local)) return &b->texts.features;
    text_features_free(&b->texts.features);
    free(b->texts.path);
    b->texts.path = NULL;
    if (!text_features_read(path, want_local, &b->texts.features, err)) return NULL;
    b->texts.path = xstrdup(path);
    b->texts.local = want_local;
    return &b->texts.features;
}
