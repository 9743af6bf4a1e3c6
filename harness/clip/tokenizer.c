/* Two ways to the words, as the vocabulary asks (OpenAI's own cleaning, or transformers'): with transformers' the
 * special tokens are cut out of the text as it is, and what lies between is cleaned; with OpenAI's the whole is
 * cleaned first. Then both split word by word, and bpe.c looks each word up or merges it. */
#include "harness/clip/tokenizer.h"

#include "harness/base/hash.h"
#include "harness/base/memory.h"
#include "harness/clip/bpe.h"
#include "harness/clip/openai_cleaning.h"
#include "harness/clip/unicode.h"

#include <stdlib.h>
#include <string.h>

struct Tokenizer {
    Bpe *bpe;
    TextCleaning cleaning;
    char fingerprint[65];
};

static const char start_text[] = "<|startoftext|>", end_text[] = "<|endoftext|>";

/* Of what determines tokens, so that the same vocabulary in another file form has the same fingerprint, if its texts are cleaned
 * alike. */
static void fingerprint(const Vocabulary *v, char hex[65])
{
    Hash *hash = hash_new();
    const TextList *const lists[] = {&v->tokens, &v->merges};
    for (size_t i = 0; i < 2; i++) {
        const uint64_t count = lists[i]->count;
        hash_add(hash, &count, sizeof count);
        for (size_t k = 0; k < lists[i]->count; k++) hash_add_text(hash, lists[i]->items[k]);
    }
    if (v->cleaning == CLEANED_BY_OPENAI) hash_add_text(hash, "openai_clean 1");
    hash_finish(hash, hex);
}

Tokenizer *tokenizer_open(const char *path, Error *err)
{
    Vocabulary vocabulary;
    if (!vocabulary_read(path, &vocabulary, err)) return NULL;
    Tokenizer *t = NULL;
    Bpe *bpe = bpe_new(&vocabulary, path, err);
    if (bpe) {
        t = xcalloc(1, sizeof *t);
        t->bpe = bpe;
        t->cleaning = vocabulary.cleaning;
        fingerprint(&vocabulary, t->fingerprint);
    }
    vocabulary_free(&vocabulary);
    return t;
}

void tokenizer_free(Tokenizer *t)
{
    if (!t) return;
    bpe_free(t->bpe);
    free(t);
}

size_t tokenizer_size(const Tokenizer *t)
{
    return bpe_size(t->bpe);
}

int32_t tokenizer_start(const Tokenizer *t)
{
    return bpe_start(t->bpe);
}

int32_t tokenizer_end(const Tokenizer *t)
{
    return bpe_end(t->bpe);
}

const char *tokenizer_fingerprint(const Tokenizer *t)
{
    return t->fingerprint;
}

/* ---- splitting ---- */

static bool stands_at(const uint32_t *points, size_t left, const char *ascii)
{
    size_t i = 0;
    for (; ascii[i]; i++)
        if (i >= left || points[i] != (uint32_t)ascii[i]) return false;
    return true;
}

/* Length of 's 't 're 've 'm 'll 'd at points, or 0. OpenAI's pattern, in which case does not count, has the long s too. */
static size_t contraction(const uint32_t *points, size_t left, bool openai)
{
    enum { LONG_S = 0x17F };
    static const char *const endings[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    if (openai && left > 1 && points[0] == '\'' && points[1] == LONG_S) return 2;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (stands_at(points, left, endings[i])) return strlen(endings[i]);
    return 0;
}

/* Length of the next word at points: 's 't 're 've 'm 'll 'd, or a run of letters, or one number, or a run of anything
 * else that is no blank. `left` > 0 and points[0] is no blank. */
static size_t word_length(const uint32_t *points, size_t left, bool openai)
{
    CharClass (*const class_of)(uint32_t) = openai ? unicode_class_openai : unicode_class;
    const size_t short_form = contraction(points, left, openai);
    if (short_form) return short_form;
    const CharClass class = class_of(points[0]);
    size_t n = 1;
    while (class != CHAR_NUMBER && n < left && class_of(points[n]) == class) n++;
    return n;
}

static void add_word(const Tokenizer *t, const uint32_t *points, size_t count, Text *word, TokenList *list)
{
    word->length = 0;
    for (size_t i = 0; i < count; i++) {
        char utf8[4];
        text_add_bytes(word, utf8, unicode_put(points[i], utf8));
    }
    size_t ids;
    const int32_t *id = bpe_word(t->bpe, word->data, word->length, &ids);
    token_list_add(list, id, ids);
}

/* A special token as it stands in cleaned text. OpenAI's splits it off as such; transformers' has cut out those of the raw text
 * before, so that this one was in capitals: kept apart from what follows, then taken to pieces as <| startoftext |>. */
static void add_special(const Tokenizer *t, const uint32_t *at, size_t length, bool start, Text *word, TokenList *list)
{
    if (t->cleaning == CLEANED_BY_OPENAI) {
        const int32_t id = start ? tokenizer_start(t) : tokenizer_end(t);
        token_list_add(list, &id, 1);
        return;
    }
    add_word(t, at, 2, word, list);
    add_word(t, at + 2, length - 4, word, list);
    add_word(t, at + length - 2, 2, word, list);
}

/* Cleaned text, word by word. */
static void add_words(const Tokenizer *t, const uint32_t *points, size_t count, TokenList *list)
{
    const bool openai = t->cleaning == CLEANED_BY_OPENAI;
    Text word = {0};
    for (size_t i = 0, length; i < count; i += length) {
        const uint32_t *at = points + i;
        const size_t left = count - i;
        length = 1;
        if ((openai ? unicode_class_openai(*at) : unicode_class(*at)) == CHAR_SPACE) continue;
        const bool start = stands_at(at, left, start_text);
        if (start || stands_at(at, left, end_text)) {
            length = start ? sizeof start_text - 1 : sizeof end_text - 1;
            add_special(t, at, length, start, &word, list);
        } else {
            length = word_length(at, left, openai);
            add_word(t, at, length, &word, list);
        }
    }
    text_free(&word);
}

/* A stretch of text without special tokens. */
static void add_stretch(const Tokenizer *t, const char *text, size_t bytes, TokenList *list)
{
    size_t count;
    uint32_t *points = unicode_clean(text, bytes, &count);
    add_words(t, points, count, list);
    free(points);
}

static void add_openai_text(const Tokenizer *t, const char *text, TokenList *list)
{
    Points cleaned = {0};
    const char *guess = NULL;
    openai_clean(text, &cleaned, &guess);
    if (guess && !list->guessed++) list->guess = guess, list->first_guessed = list->count;
    add_words(t, cleaned.at, cleaned.count, list);
    points_free(&cleaned);
}

static void add_text(const Tokenizer *t, const char *text, TokenList *list)
{
    const char *stretch = text;
    if (t->cleaning == CLEANED_BY_OPENAI) {
        add_openai_text(t, text, list);
        return;
    }
    for (const char *c = text; (c = strstr(c, "<|")) != NULL;) {
        const bool start = !strncmp(c, start_text, sizeof start_text - 1);
        if (!start && strncmp(c, end_text, sizeof end_text - 1) != 0) {
            c++;
            continue;
        }
        add_stretch(t, stretch, (size_t)(c - stretch), list);
        const int32_t id = start ? tokenizer_start(t) : tokenizer_end(t);
        token_list_add(list, &id, 1);
        stretch = c += start ? sizeof start_text - 1 : sizeof end_text - 1;
    }
    add_stretch(t, stretch, strlen(stretch), list);
}

void tokenizer_encode_bare(const Tokenizer *t, const char *text, TokenList *list)
{
    token_list_begin(list);
    add_text(t, text, list);
    list->count++;
}

void tokenizer_encode(const Tokenizer *t, const char *text, size_t limit, TokenList *list)
{
    const int32_t start = tokenizer_start(t), end = tokenizer_end(t);
    token_list_begin(list);
    token_list_add(list, &start, 1);
    add_text(t, text, list);
    size_t *stop = &list->offsets[list->count + 1];
    const size_t first = list->offsets[list->count];
    const size_t length = *stop - first + 1;
    if (limit && length > limit) {
        *stop = first + limit - 1;
        if (!list->cut++) list->first_cut = list->count, list->first_cut_length = length;
    }
    token_list_add(list, &end, 1);
    list->count++;
}
