/* What a pipeline knows of texts beside its tower: learned words, which become further tokens with a row each of the text encoder's table,
 * and the remark on captions that are cut. */
#include "harness/base/hash.h"
#include "harness/base/memory.h"
#include "harness/diffusion/pipeline_internal.h"
#include "harness/diffusion/textual_inversion.h"

#include <stdlib.h>
#include <string.h>

/* A row of the text encoder's table for each vector. */
static bool place_vectors(Pipeline *p, const TextualInversion *t, Error *err)
{
    Tokenizer *vocabulary = prompt_tokenizer_vocabulary(p->tokenizer);
    int32_t *ids = xcalloc(t->vectors, sizeof *ids);
    const bool good = textual_inversion_add(t, vocabulary, ids, err) &&
                      clip_grow_vocabulary(p->clip, tokenizer_size(vocabulary), err);
    for (size_t i = 0; i < t->vectors && good; i++)
        memcpy(clip_token_row(p->clip, ids[i]), t->values + i * t->width, t->width * sizeof *t->values);
    free(ids);
    if (!good) return false;
    const AddedToken *token = added_tokens_find(tokenizer_added(vocabulary), t->word);
    if (t->vectors == 1 || prompt_word_expands(token)) return true;
    char *remark = xformat(
        "\"%s\" has capitals: diffusers takes the first of its %zu vectors alone, and so it is here; give it a name in "
        "small letters, as in --embedding FILE=word, for all of them",
        t->word, t->vectors);
    text_list_add(&p->remarks, remark);
    free(remark);
    return true;
}

static bool add_word(Pipeline *p, const char *what, Hash *hash, Error *err)
{
    TextualInversion t;
    if (!textual_inversion_open(&t, what, err)) return false;
    const size_t width = p->clip->config.text_width;
    hash_add_text(hash, t.word);
    hash_add(hash, t.values, t.vectors * t.width * sizeof *t.values);
    const bool good = (t.width == width ||
                       fail_usage(err,
                                  "%s: its vectors have %zu values, the text encoder of %s takes %zu; the word was "
                                  "learned with another model",
                                  t.file, t.width, p->folder, width)) &&
                      place_vectors(p, &t, err);
    textual_inversion_free(&t);
    return good;
}

bool pipeline_add_words(Pipeline *p, const char *const *files, Error *err)
{
    bool good = true;
    if (!files || !*files) return true;
    Hash *hash = hash_new();
    for (; *files && good; files++) good = add_word(p, *files, hash, err);
    hash_finish(hash, p->words);
    return good;
}

void pipeline_say_cut(const Pipeline *p, const char *const *captions, size_t count, const char *negative,
                      Progress *progress)
{
    const size_t length = prompt_tokenizer_length(p->tokenizer);
    TokenList list = {0}, other = {0};
    const char **texts =
        xcalloc(count + 1, sizeof *texts); /* several pictures of a caption stand side by side: once is enough */
    for (size_t i = 0; i < count; i++) {
        if (list.count && strcmp(texts[list.count - 1], captions[i]) == 0) continue;
        texts[list.count] = captions[i];
        prompt_tokens_list(p->tokenizer, captions[i], &list);
    }
    token_list_remarks(&list, texts, "captions", length, progress);
    free(texts);
    if (negative) prompt_tokens_list(p->tokenizer, negative, &other);
    token_list_remarks(&other, &negative, "negative prompts", length, progress);
    token_list_free(&list);
    token_list_free(&other);
}
