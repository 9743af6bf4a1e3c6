/* Small caches, searched from the front: a suite has a handful of models and data sets, and stages come in an order in
 * which the last few feature files are what the next one wants. */
#include "harness/stages/session.h"

#include "harness/stages/features.h"
#include "harness/stages/missing_model.h"

#include <stdlib.h>
#include <string.h>

bool session_open(Session *session, const SessionOptions *options, Error *err)
{
    *session = (Session){.store = options->store,
                         .arithmetic = options->arithmetic,
                         .progress = options->progress,
                         .local_memory = LOCAL_MEMORY};
    session->book = book_open(options->experiments, options->paths, err);
    return session->book != NULL;
}

void session_close(Session *session)
{
    for (size_t i = 0; i < session->model_count; i++) {
        tokenizer_free(session->models[i].tokenizer);
        clip_free(session->models[i].clip);
    }
    for (size_t i = 0; i < session->dataset_count; i++) {
        dataset_free(session->datasets[i].dataset);
        text_list_free(&session->datasets[i].told);
        free(session->datasets[i].name);
    }
    for (size_t i = 0; i < FEATURE_CACHE; i++) {
        image_features_free(&session->images[i].features);
        free(session->images[i].path);
    }
    for (size_t i = 0; i < session->generator_count; i++) {
        scheduler_free(session->generators[i].sampler);
        text_list_free(&session->generators[i].embeddings);
        text_list_free(&session->generators[i].loras);
    }
    text_features_free(&session->texts.features);
    free(session->texts.path);
    book_free(session->book);
    *session = (Session){0};
}

static bool open_model(OpenModel *m, Error *err)
{
    const Model *model = m->model;
    if (model->no_clip) return fail_absent(err, "model %s: %s", model->name, model->no_clip);
    if (!path_exists(model->clip)) return fail_without_clip(model, err);
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

static bool has_room(const Session *session, Error *err)
{
    return session->model_count < OPEN_MAX || fail(err, "more than %d models in one suite; split it", OPEN_MAX);
}

static const OpenModel *add_model(Session *session, OpenModel m)
{
    session->models[session->model_count] = m;
    return &session->models[session->model_count++];
}

const OpenModel *session_model(Session *session, const char *name, Error *err)
{
    for (size_t i = 0; i < session->model_count; i++)
        if (session->models[i].model && strcmp(session->models[i].model->name, name) == 0) return &session->models[i];
    OpenModel m = {.model = book_model(session->book, name)};
    if (has_room(session, err) && open_model(&m, err)) return add_model(session, m);
    tokenizer_free(m.tokenizer);
    clip_free(m.clip);
    return NULL;
}

const OpenModel *session_joint_space(Session *session, size_t width, Error *err)
{
    for (size_t i = 0; i < session->model_count; i++)
        if (!session->models[i].model && session->models[i].clip->config.embed == width) return &session->models[i];
    return has_room(session, err) ? add_model(session, (OpenModel){.clip = clip_joint_space(width)}) : NULL;
}

static bool is_same(const OpenDataset *open, const char *name, const char *test_set, size_t limit)
{
    const char *own = open->test_set;
    return strcmp(open->name, name) == 0 && open->limit == limit &&
           (own && test_set ? strcmp(own, test_set) == 0 : own == test_set);
}

Dataset *session_dataset(Session *session, const char *name, const char *test_set, size_t limit, Error *err)
{
    for (size_t i = 0; i < session->dataset_count; i++)
        if (is_same(&session->datasets[i], name, test_set, limit)) return session->datasets[i].dataset;
    if (session->dataset_count == OPEN_MAX) {
        fail(err, "more than %d data sets in one suite; split it", OPEN_MAX);
        return NULL;
    }
    Dataset *dataset = book_dataset(session->book, name, test_set, limit, err);
    if (!dataset) return NULL;
    char *memory = path_join(session->store, "pictures");
    dataset_remember_in(dataset, memory);
    free(memory);
    dataset_tell(dataset, session->progress);
    session->datasets[session->dataset_count++] =
        (OpenDataset){.name = xstrdup(name), .test_set = test_set, .limit = limit, .dataset = dataset};
    return dataset;
}

enum { TOLD_MOST = 20 };

void session_note_left_out(Session *session, const Dataset *dataset, const char *what, const LeftOut *left, size_t kept)
{
    OpenDataset *open = session->datasets;
    while (open < session->datasets + session->dataset_count && open->dataset != dataset) open++;
    if (!left->count || open == session->datasets + session->dataset_count) return;
    if (text_list_has(&open->told, what)) return;
    text_list_add(&open->told, what);
    progress_note(session->progress,
                  "%s: %zu of %zu %s pictures are missing or damaged and are left out:", dataset_name(dataset),
                  left->count, left->count + kept, what);
    for (size_t i = 0; i < left->count && i < TOLD_MOST; i++)
        progress_note(session->progress, "  %s", left->reasons[i]);
    if (left->count > TOLD_MOST)
        progress_note(session->progress, "  and %zu more; palbench data check %s lists them", left->count - TOLD_MOST,
                      dataset_name(dataset));
}

const ImageFeatures *session_images(Session *session, const char *path, bool want_local, Error *err)
{
    for (size_t i = 0; i < FEATURE_CACHE; i++)
        if (session->images[i].path && strcmp(session->images[i].path, path) == 0 &&
            (session->images[i].local || !want_local)) {
            session->next_image = (i + 1) % FEATURE_CACHE;
            return &session->images[i].features;
        }
    const size_t slot = session->next_image;
    image_features_free(&session->images[slot].features);
    free(session->images[slot].path);
    session->images[slot].path = NULL;
    if (!image_features_read(path, want_local, session->store, session->local_memory, &session->images[slot].features,
                             err))
        return NULL;
    session->images[slot].path = xstrdup(path);
    session->images[slot].local = want_local;
    session->next_image = (slot + 1) % FEATURE_CACHE;
    return &session->images[slot].features;
}

const TextFeatures *session_texts(Session *session, const char *path, bool want_local, Error *err)
{
    if (session->texts.path && strcmp(session->texts.path, path) == 0 && (session->texts.local || !want_local))
        return &session->texts.features;
    text_features_free(&session->texts.features);
    free(session->texts.path);
    session->texts.path = NULL;
    if (!text_features_read(path, want_local, session->store, session->local_memory, &session->texts.features, err))
        return NULL;
    session->texts.path = xstrdup(path);
    session->texts.local = want_local;
    return &session->texts.features;
}
