/* Stage "encode-text": labelled captions through a frozen CLIP's text tower. Always with the features of all tokens, so that
 * methods with and without a local branch share one artifact and every caption is encoded once. */
#include "harness/base/clock.h"
#include "harness/stages/describe_internal.h"
#include "harness/stages/features.h"

#include <stdlib.h>

static bool encode(Session *session, const Stage *s, const OpenModel *m, const TextList *texts, double started,
                   Error *err)
{
    TokenList tokens = {0};
    TextFeatures features = {0};
    for (size_t i = 0; i < texts->count; i++)
        tokenizer_encode(m->tokenizer, texts->items[i], m->clip->config.context, &tokens);
    token_list_remarks(&tokens, (const char *const *)texts->items, "captions", m->clip->config.context,
                       session->progress);
    bool good = clip_encode_texts(m->clip, &tokens, true, s->arithmetic, &features, session->progress, err);
    token_list_free(&tokens);
    if (!good) return false;
    StageWriter w;
    good = stage_begin(&w, s, started, err);
    if (good) {
        text_features_put(w.artifact, &features, (const char *const *)texts->items);
        good = stage_finish(&w, err);
    }
    text_features_free(&features);
    return good;
}

static void describe(const Stage *s, cJSON *config)
{
    const EncodeTextParameters *p = s->parameters;
    describe_clip(p->model, config);
    describe_tokenizer(p->model, config);
}

static bool make(Session *session, const Stage *s, Error *err)
{
    const double started = seconds_now();
    const EncodeTextParameters *p = s->parameters;
    ArtifactReader *r = artifact_open(stage_input(s, ROLE_CAPTIONS)->path, err);
    if (!r) return false;
    TextList texts = {0};
    bool good = artifact_read_texts(r, "texts", &texts, err);
    artifact_close(r);
    good = good && encode(session, s, p->model, &texts, started, err);
    text_list_free(&texts);
    return good;
}

const StageKind stage_encode_text = {.name = "encode-text",
                                     .version = 1,
                                     .arithmetic = ARITHMETIC_PRODUCTS,
                                     .parameters = sizeof(EncodeTextParameters),
                                     .describe = describe,
                                     .make = make};
