/* Special tokens are cut out of the text as it is; what lies between is cleaned to code points, split word by word,
 * and each word looked up or merged by bpe.c. All texts of a list share one array of tokens, offsets say where each
 * begins. */
#include "harness/clip/tokenizer.h"

#include "harness/base/hash.h"
#include "harness/base/memory.h"
#include "harness/clip/bpe.h"
#include "harness/clip/unicode.h"

#include <stdlib.h>
#include <string.h>

struct Tokenizer {
    Bpe *bpe;
    char fingerprint[65];
};

static const char start_text[] = "<|startoftext|>", end_text[] = "<|endoftext|>";

/* Of the vocabulary itself, so that the same one in another file form has the same fingerprint. */
static void fingerprint(const Vocabulary *v, char hex[65])
{
    Hash *hash = hash_new();
    const TextList *const lists[] = {&v->tokens, &v->merges};
    for (size_t i = 0; i < 2; i++) {
        const uint64_t count = lists[i]->count;
        hash_add(hash, &count, sizeof count);
        for (size_t k = 0; k < lists[i]->count; k++) hash_add_text(hash, lists[i]->items[k]);
    }
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

/* ---- lists ---- */

static void add_tokens(TokenList *list, const int32_t *ids, size_t count)
{
    size_t *used = &list->offsets[list->count + 1];
    if (list->capacity_tokens - *used < count) {
        list->capacity_tokens = 2 * (*used + count) + 64;
        list->tokens = xrealloc(list->tokens, list->capacity_tokens * sizeof *list->tokens);
    }
    memcpy(list->tokens + *used, ids, count * sizeof *ids);
    *used += count;
}

/* Makes room for one more text, whose tokens are then added; list->count is raised when it is complete. */
static void begin_text(TokenList *list)
{
    if (list->count + 2 > list->capacity_texts) {
        const bool empty = list->capacity_texts == 0;
        list->capacity_texts = 2 * list->capacity_texts + 16;
        list->offsets = xrealloc(list->offsets, list->capacity_texts * sizeof *list->offsets);
        if (empty) list->offsets[0] = 0;
    }
    list->offsets[list->count + 1] = list->offsets[list->count];
}

void token_list_free(TokenList *list)
{
    free(list->offsets);
    free(list->tokens);
    *list = (TokenList){0};
}

/* ---- splitting ---- */

static bool stands_at(const uint32_t *points, size_t left, const char *ascii)
{
    size_t i = 0;
    for (; ascii[i]; i++)
        if (i >= left || points[i] != (uint32_t)ascii[i]) return false;
    return true;
}

/* Length of 's 't 're 've 'm 'll 'd at points, or 0. */
static size_t contraction(const uint32_t *points, size_t left)
{
    static const char *const endings[] = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (stands_at(points, left, endings[i])) return strlen(endings[i]);
    return 0;
}

static size_t run_of(const uint32_t *points, size_t left, CharClass class)
{
    size_t n = 0;
    while (n < left && unicode_class(points[n]) == class) n++;
    return n;
}

/* Length of the next word at points: 's 't 're 've 'm 'll 'd, or a run of letters, or one number, or a run of anything
 * else that is no blank. `left` > 0 and points[0] is no blank. */
static size_t word_length(const uint32_t *points, size_t left)
{
    const size_t short_form = contraction(points, left);
    if (short_form) return short_form;
    const CharClass class = unicode_class(points[0]);
    return class == CHAR_NUMBER ? 1 : run_of(points, left, class);
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
    add_tokens(list, id, ids);
}

/* A stretch of text without special tokens. */
static void add_stretch(const Tokenizer *t, const char *text, size_t bytes, TokenList *list)
{
    size_t count;
    uint32_t *points = unicode_clean(text, bytes, &count);
    Text word = {0};
    for (size_t i = 0, length; i < count; i += length) {
        const uint32_t *at = points + i;
        const size_t left = count - i;
        length = 1;
        if (unicode_class(*at) == CHAR_SPACE) continue;
        const bool start = stands_at(at, left, start_text);
        if (start || stands_at(at, left, end_text)) {
            /* A special token in capitals is none, but the split pattern, which sees it lower-case, keeps it apart from
             * what follows; the byte-level step then takes it to pieces: <| startoftext |> */
            length = start ? sizeof start_text - 1 : sizeof end_text - 1;
            add_word(t, at, 2, &word, list);
            add_word(t, at + 2, length - 4, &word, list);
            add_word(t, at + length - 2, 2, &word, list);
        } else {
            length = word_length(at, left);
            add_word(t, at, length, &word, list);
        }
    }
    text_free(&word);
    free(points);
}

static void add_text(const Tokenizer *t, const char *text, TokenList *list)
{
    const char *stretch = text;
    for (const char *c = text; (c = strstr(c, "<|")) != NULL;) {
        const bool start = !strncmp(c, start_text, sizeof start_text - 1);
        if (!start && strncmp(c, end_text, sizeof end_text - 1) != 0) {
            c++;
            continue;
        }
        add_stretch(t, stretch, (size_t)(c - stretch), list);
        const int32_t id = start ? tokenizer_start(t) : tokenizer_end(t);
        add_tokens(list, &id, 1);
        stretch = c += start ? sizeof start_text - 1 : sizeof end_text - 1;
    }
    add_stretch(t, stretch, strlen(stretch), list);
}

void tokenizer_encode_bare(const Tokenizer *t, const char *text, TokenList *list)
{
    begin_text(list);
    add_text(t, text, list);
    list->count++;
}

void tokenizer_encode(const Tokenizer *t, const char *text, size_t limit, TokenList *list)
{
    const int32_t start = tokenizer_start(t), end = tokenizer_end(t);
    begin_text(list);
    add_tokens(list, &start, 1);
    add_text(t, text, list);
    size_t *stop = &list->offsets[list->count + 1];
    const size_t first = list->offsets[list->count];
    if (limit && *stop - first + 1 > limit) *stop = first + limit - 1;
    add_tokens(list, &end, 1);
    list->count++;
}
