/* Features of texts under a frozen CLIP. */
#include "harness/clip/clip.h"
#include "harness/clip/encode.h"
#include "harness/graph/ops.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH_MAX = 64 };

void text_features_free(TextFeatures *f)
{
    free(f->global);
    free(f->local);
    row_file_free(f->local_rows);
    free(f->offsets);
    free(f->tokens);
    *f = (TextFeatures){0};
}

static size_t length_of(const TokenList *t, size_t i)
{
    return t->offsets[i + 1] - t->offsets[i];
}

/* By length, then by tokens, so that equal texts are neighbours; then by number. */
static int by_tokens(const void *a, const void *b, void *context)
{
    const TokenList *t = context;
    const size_t i = *(const size_t *)a, k = *(const size_t *)b;
    const size_t n = length_of(t, i), m = length_of(t, k);
    if (n != m) return n < m ? -1 : 1;
    const int order = memcmp(t->tokens + t->offsets[i], t->tokens + t->offsets[k], n * sizeof *t->tokens);
    return order ? order : (i > k) - (i < k);
}

static bool same_tokens(const TokenList *t, size_t i, size_t k)
{
    const size_t n = length_of(t, i);
    return n == length_of(t, k) && !memcmp(t->tokens + t->offsets[i], t->tokens + t->offsets[k], n * sizeof *t->tokens);
}

static bool check_tokens(const Clip *clip, const TokenList *t, Error *err)
{
    const ClipConfig *k = &clip->config;
    if (!k->has_text) return fail(err, "%s: this model has no text tower", clip->path);
    if (!k->embed)
        return fail(err, "%s: this text tower has no projection, so it has hidden states but no features", clip->path);
    for (size_t i = 0; i < t->count; i++) {
        const size_t n = length_of(t, i);
        if (n < 1 || n > k->context)
            return fail(err, "%s: text %zu has %zu tokens, from 1 to %zu are possible", clip->path, i + 1, n,
                        k->context);
        for (size_t j = t->offsets[i]; j < t->offsets[i + 1]; j++)
            if (t->tokens[j] < 0 || (size_t)t->tokens[j] >= k->vocabulary)
                return fail(err,
                            "%s: text %zu has token %d, the model knows 0 to %zu; is it another model's tokenizer?",
                            clip->path, i + 1, t->tokens[j], k->vocabulary - 1);
    }
    return true;
}

/* The tower for texts of one length. */
typedef struct Encoder {
    Graph *graph;
    Node *tokens; /* [batch, length] */
    Node *rows;   /* local: [batch, length, D]; else the last position alone, [batch, 1, D]; unit length */
    size_t batch, length, positions;
} Encoder;

static bool encoder_build(Encoder *e, const Clip *clip, size_t batch, size_t length, bool want_local,
                          Arithmetic arithmetic, Error *err)
{
    Graph *g = graph_new((GraphOptions){.arithmetic = arithmetic});
    *e = (Encoder){.graph = g, .batch = batch, .length = length, .positions = want_local ? length : 1};
    e->tokens = input_indices(g, "tokens", shape(batch, length));
    Node *table = parameter(g, clip_weight(clip, "token_embedding.weight"));
    Node *hidden = clip_text_hidden(g, clip, embedding(g, table, e->tokens));
    if (!want_local) hidden = slice(g, hidden, 1, length - 1, 1);
    e->rows = l2_normalise(g, clip_text_project(g, clip, hidden), 1e-12f);
    return graph_compile(g, &e->rows, 1, NULL, err);
}

/* Runs the texts order[0 .. count-1], all of the encoder's length; a batch's unused rows repeat its first text. */
static bool run_batch(const Encoder *e, const TokenList *t, const size_t *order, size_t count, TextFeatures *f)
{
    int32_t *tokens = node_indices(e->tokens);
    for (size_t b = 0; b < e->batch; b++)
        memcpy(tokens + b * e->length, t->tokens + t->offsets[order[b < count ? b : 0]], e->length * sizeof *tokens);
    graph_forward(e->graph);
    const float *rows = node_data(e->rows);
    const size_t width = f->width, stride = e->positions * width;
    for (size_t b = 0; b < count; b++) {
        const float *own = rows + b * stride;
        memcpy(f->global + order[b] * width, own + stride - width, width * sizeof *own);
        if (f->local) memcpy(f->local + f->offsets[order[b]] * width, own, stride * sizeof *own);
    }
    return all_finite(rows, count * stride);
}

/* All texts of one length: distinct ones in `order`, `count` of them. */
static bool encode_length(const Clip *clip, const TokenList *t, const size_t *order, size_t count,
                          Arithmetic arithmetic, TextFeatures *f, Error *err)
{
    Encoder e;
    const size_t batch = count < BATCH_MAX ? count : BATCH_MAX;
    bool good = encoder_build(&e, clip, batch, length_of(t, order[0]), f->local != NULL, arithmetic, err);
    for (size_t at = 0; at < count && good; at += batch) {
        const size_t left = count - at;
        good = run_batch(&e, t, order + at, left < batch ? left : batch, f) ||
               fail(err, "features of %s are not finite; its weights are damaged", clip->path);
    }
    graph_free(e.graph);
    return good;
}

static bool allocate(const Clip *clip, const TokenList *t, bool want_local, TextFeatures *f, Error *err)
{
    const size_t total = t->count ? t->offsets[t->count] - t->offsets[0] : 0;
    *f = (TextFeatures){.count = t->count, .width = clip->config.embed};
    if (!big_alloc(&f->offsets, t->count + 1, sizeof *f->offsets, "text features", err) ||
        !big_alloc(&f->tokens, total, sizeof *f->tokens, "text features", err) ||
        !big_alloc(&f->global, t->count, f->width * sizeof *f->global, "text features", err) ||
        (want_local && !big_alloc(&f->local, total, f->width * sizeof *f->local, "local text features", err)))
        return false;
    for (size_t i = 0; i < t->count; i++) f->offsets[i + 1] = t->offsets[i + 1] - t->offsets[0];
    if (total) memcpy(f->tokens, t->tokens + t->offsets[0], total * sizeof *f->tokens);
    return true;
}

/* sorted [count]: a text equal to its predecessor gets that one's features. */
static void copy_repeats(const TokenList *t, const size_t *sorted, TextFeatures *f)
{
    for (size_t i = 1; i < t->count; i++) {
        const size_t from = sorted[i - 1], to = sorted[i], width = f->width;
        if (!same_tokens(t, from, to)) continue;
        memcpy(f->global + to * width, f->global + from * width, width * sizeof(float));
        if (f->local)
            memcpy(f->local + f->offsets[to] * width, f->local + f->offsets[from] * width,
                   length_of(t, to) * width * sizeof(float));
    }
}

bool clip_encode_texts(const Clip *clip, const TokenList *texts, bool want_local, Arithmetic arithmetic,
                       TextFeatures *f, Progress *progress, Error *err)
{
    *f = (TextFeatures){0};
    if (!check_tokens(clip, texts, err)) return false;
    size_t *sorted = xcalloc(texts->count, sizeof *sorted), *distinct = xcalloc(texts->count, sizeof *distinct);
    size_t count = 0;
    bool good = allocate(clip, texts, want_local, f, err);
    for (size_t i = 0; i < texts->count; i++) sorted[i] = i;
    if (texts->count) qsort_r(sorted, texts->count, sizeof *sorted, by_tokens, (void *)texts);
    for (size_t i = 0; i < texts->count; i++)
        if (i == 0 || !same_tokens(texts, sorted[i - 1], sorted[i])) distinct[count++] = sorted[i];
    progress_begin(progress, "encoding texts", count, "texts");
    for (size_t at = 0, end; at < count && good; at = end) {
        for (end = at + 1; end < count && length_of(texts, distinct[end]) == length_of(texts, distinct[at]);) end++;
        good = encode_length(clip, texts, distinct + at, end - at, arithmetic, f, err);
        progress_step(progress, end);
    }
    progress_end(progress);
    if (good) copy_repeats(texts, sorted, f);
    free(sorted);
    free(distinct);
    if (!good) text_features_free(f);
    return good;
}
