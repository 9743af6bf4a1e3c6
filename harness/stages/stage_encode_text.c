/* Stage "encode-text": labelled captions through a frozen CLIP's text tower. Always with the features of all tokens, so that
 * methods with and without a local branch share one artifact and every caption is encoded once. */
#include "harness/stages/features.h"
#include "harness/stages/stage.h"

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

static bool run(Session *session, const Stage *s, Error *err)
{
    const double started = seconds_now();
    const OpenModel *m = session_model(session, s->experiment->model, err);
    ArtifactReader *r = m ? artifact_open(stage_input(s, &stage_captions, 0)->path, err) : NULL;
    if (!r) return false;
    TextList texts = {0};
    bool good = artifact_read_texts(r, "texts", &texts, err);
    artifact_close(r);
    good = good && encode(session, s, m, &texts, started, err);
    text_list_free(&texts);
    return good;
}

const StageKind stage_encode_text = {
    .name = "encode-text", .version = 1, .arithmetic = ARITHMETIC_PRODUCTS, .run = run};
