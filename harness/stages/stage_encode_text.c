/* Stage "encode-text": labelled captions through a frozen CLIP's text tower. Always with the features of all tokens, so that
 * methods with and without a local branch share one artifact and every caption is encoded once. Many texts are cut into shards
 * (stage_shards.h), so that no more than one of them is held at a time. */
#include "harness/base/clock.h"
#include "harness/stages/describe_internal.h"
#include "harness/stages/features.h"
#include "harness/stages/stage_shards.h"

#include <stdlib.h>

/* Texts a shard, and more of them than which they are cut into shards. float32 is stored of data sets whose results were there before
 * shards of texts were, and stays in one piece as far as it was made before. */
enum { SHARD = 2000, WHOLE_FLOAT32 = 20000 };

typedef struct Work {
    Session *session;
    const Stage *stage;
    const EncodeTextParameters *p;
    const TextList *texts;
    TokenList tokens;
    double started;
} Work;

/* Features of the texts first ... first + count - 1. */
static bool encode(const Work *k, size_t first, size_t count, TextFeatures *f, Progress *progress, Error *err)
{
    const TokenList part = {.count = count, .offsets = k->tokens.offsets + first, .tokens = k->tokens.tokens};
    return clip_encode_texts(k->p->model->clip, &part, true, k->stage->arithmetic, f, progress, err);
}

static bool whole(const Work *k, Error *err)
{
    TextFeatures features = {0};
    StageWriter w;
    if (!encode(k, 0, k->texts->count, &features, k->session->progress, err)) return false;
    bool good = stage_begin(&w, k->stage, k->started, err);
    if (good) {
        text_features_put(w.artifact, &features, (const char *const *)k->texts->items, k->p->half);
        good = stage_finish(&w, err);
    }
    text_features_free(&features);
    return good;
}

static bool make_shard(void *context, const char *path, const char *config, size_t first, size_t count, Error *err)
{
    const Work *k = context;
    TextFeatures f = {0};
    ProgressPart progress = progress_part(k->session->progress, first, count);
    const double started = seconds_now();
    ArtifactWriter *w =
        encode(k, first, count, &f, &progress.base, err) ? shard_begin(k->stage, path, config, started, err) : NULL;
    if (w) text_features_put(w, &f, (const char *const *)k->texts->items + first, k->p->half);
    text_features_free(&f);
    return w && artifact_commit(w, err);
}

static bool sharded(Work *k, const ShardRange *part, Error *err)
{
    static const char *const joined[] = {"global", "local", "tokens", "texts", NULL};
    const Shards shards = {k->stage, k->texts->count, SHARD, "encoding texts", "texts", make_shard, k};
    TextList paths = {0};
    StageWriter w;
    bool good = shards_make(&shards, part ? *part : ALL_SHARDS, k->session->progress, &paths, err);
    if (part || !good) {
        text_list_free(&paths);
        return good;
    }
    good = stage_begin(&w, k->stage, k->started, err);
    if (good && !artifact_write_joined(w.artifact, (const char *const *)paths.items, paths.count, joined, err)) {
        artifact_abandon(w.artifact);
        good = false;
    }
    if (good) {
        text_offsets_put(w.artifact, k->tokens.offsets, k->texts->count);
        good = stage_finish(&w, err);
    }
    text_list_free(&paths);
    return good;
}

static size_t shard_count(const Stage *s, size_t texts)
{
    const EncodeTextParameters *p = s->parameters;
    return texts > (size_t)(p->half ? SHARD : WHOLE_FLOAT32) ? (texts + SHARD - 1) / SHARD : 1;
}

/* All of it, or only some shards, if there are any. */
static bool tokenize_and_encode(Work *k, const ShardRange *part, Error *err)
{
    const OpenModel *m = k->p->model;
    const size_t limit = m->clip->config.context;
    for (size_t i = 0; i < k->texts->count; i++) tokenizer_encode(m->tokenizer, k->texts->items[i], limit, &k->tokens);
    token_list_remarks(&k->tokens, (const char *const *)k->texts->items, "captions", limit, k->session->progress);
    const bool cut = shard_count(k->stage, k->texts->count) > 1,
               good = cut ? sharded(k, part, err) : part || whole(k, err);
    token_list_free(&k->tokens);
    return good;
}

static void describe(const Stage *s, cJSON *config)
{
    const EncodeTextParameters *p = s->parameters;
    describe_clip(p->model, config);
    describe_tokenizer(p->model, config);
    if (p->half) describe_local(true, true, config);
}

static bool work_on(Session *session, const Stage *s, const ShardRange *part, Error *err)
{
    TextList texts = {0};
    Work work = {.session = session, .stage = s, .p = s->parameters, .texts = &texts, .started = seconds_now()};
    ArtifactReader *r = artifact_open(stage_input(s, ROLE_CAPTIONS)->path, err);
    if (!r) return false;
    bool good = artifact_read_texts(r, "texts", &texts, err);
    artifact_close(r);
    good = good && tokenize_and_encode(&work, part, err);
    text_list_free(&texts);
    return good;
}

static bool make(Session *session, const Stage *s, Error *err)
{
    return work_on(session, s, NULL, err);
}

static bool make_shards(Session *session, const Stage *s, ShardRange range, Error *err)
{
    return work_on(session, s, &range, err);
}

static bool shards_are_there(Session *session, const Stage *s, ShardRange range)
{
    (void)session;
    return shards_stand(s, range);
}

static const StageShards shards_of_texts = {shard_count, make_shards, shards_are_there};

const StageKind stage_encode_text = {.name = "encode-text",
                                     .version = 1,
                                     .arithmetic = ARITHMETIC_PRODUCTS,
                                     .parameters = sizeof(EncodeTextParameters),
                                     .describe = describe,
                                     .make = make,
                                     .shards = &shards_of_texts};
