/* Two ways to the words, as the vocabulary asks (OpenAI's own cleaning, or transformers'): with transformers' the added tokens are cut out
 * of the text as it is, and what lies between is cleaned; with OpenAI's the whole is cleaned first. Then those that are looked for in
 * cleaned text are cut out, what lies between is split word by word, and bpe.c looks each word up or merges it. */
#include "harness/clip/tokenizer.h"

#include "harness/base/hash.h"
#include "harness/base/memory.h"
#include "harness/clip/bpe.h"
#include "harness/clip/openai_cleaning.h"
#include "harness/clip/unicode.h"
#include "harness/clip/word_split.h"

#include <stdlib.h>
#include <string.h>

struct Tokenizer {
    Bpe *bpe;
    TextCleaning cleaning;
    AddedTokens added;
    AddedMatcher *in_raw, *in_cleaned; /* what is looked for in a text as it is, and once it is cleaned */
    size_t more;                       /* tokens added since it was opened */
    char fingerprint[65];
};

static const char start_text[] = "<|startoftext|>", end_text[] = "<|endoftext|>";

/* Start and end token as they always are. */
static bool is_usual(const AddedToken *a)
{
    return (!strcmp(a->content, start_text) || !strcmp(a->content, end_text)) && !a->normalised && !a->left &&
           !a->right && !a->word;
}

static void hash_added(Hash *hash, const AddedTokens *added)
{
    for (size_t i = 0; i < added->count; i++) {
        const AddedToken *a = &added->items[i];
        if (is_usual(a)) continue;
        const uint8_t flags[] = {a->normalised, a->left, a->right, a->word};
        hash_add_text(hash, a->content);
        hash_add(hash, &a->id, sizeof a->id);
        hash_add(hash, flags, sizeof flags);
    }
}

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
    hash_added(hash, &v->added);
    if (v->cleaning == CLEANED_BY_OPENAI) hash_add_text(hash, "openai_clean 1");
    hash_finish(hash, hex);
}

/* Blanks to U+0020: what tokens with a blank in them are looked for in. */
static void plain_blanks(Points *p)
{
    size_t used = 0;
    for (size_t i = 0; i < p->count; i++) {
        const bool blank = word_is_blank(p->at[i], false);
        if (!blank || used == 0 || p->at[used - 1] != ' ') p->at[used++] = blank ? ' ' : p->at[i];
    }
    p->count = used;
}

static void look_for(Tokenizer *t, const AddedToken *token)
{
    Points phrase = {0};
    points_add_utf8(&phrase, token->content, strlen(token->content));
    if (token->normalised) {
        phrase.at = unicode_clean(phrase.at, &phrase.count);
        plain_blanks(&phrase);
    }
    added_matcher_add(token->normalised ? t->in_cleaned : t->in_raw, &phrase, token);
    points_free(&phrase);
}

static void look_for_all(Tokenizer *t)
{
    t->in_raw = added_matcher_new(), t->in_cleaned = added_matcher_new();
    for (size_t i = 0; i < t->added.count; i++) look_for(t, &t->added.items[i]);
}

Tokenizer *tokenizer_open(const char *path, Error *err)
{
    Vocabulary vocabulary;
    if (!vocabulary_read(path, &vocabulary, err)) return NULL;
    Tokenizer *t = NULL;
    Bpe *bpe = bpe_new(&vocabulary, path, err);
    if (bpe) {
        t = xcalloc(1, sizeof *t);
        *t = (Tokenizer){.bpe = bpe, .cleaning = vocabulary.cleaning, .added = vocabulary.added};
        fingerprint(&vocabulary, t->fingerprint);
        vocabulary.added = (AddedTokens){0}; /* changes hands */
        look_for_all(t);
    }
    vocabulary_free(&vocabulary);
    return t;
}

void tokenizer_free(Tokenizer *t)
{
    if (!t) return;
    bpe_free(t->bpe);
    added_matcher_free(t->in_raw);
    added_matcher_free(t->in_cleaned);
    added_tokens_free(&t->added);
    free(t);
}

int32_t tokenizer_add(Tokenizer *t, const char *content)
{
    if (!*content || tokenizer_id(t, content) >= 0) return -1;
    const AddedToken token = {.content = (char *)content, .id = (int32_t)tokenizer_size(t), .normalised = true};
    added_tokens_add(&t->added, token);
    t->more++;
    look_for(t, &token);
    return token.id;
}

void tokenizer_make_special(Tokenizer *t, const char *content, bool special)
{
    AddedToken *known = added_tokens_find(&t->added, content);
    if (known) known->id = -1; /* sorting drops it */
    added_tokens_sort(&t->added);
    if (special) added_tokens_add(&t->added, (AddedToken){.content = (char *)content, .id = bpe_id(t->bpe, content)});
    added_tokens_sort(&t->added);
    added_matcher_free(t->in_raw), added_matcher_free(t->in_cleaned);
    look_for_all(t);
}

int32_t tokenizer_id(const Tokenizer *t, const char *token)
{
    const AddedToken *added = added_tokens_find(&t->added, token);
    return added ? added->id : bpe_id(t->bpe, token);
}

const AddedTokens *tokenizer_added(const Tokenizer *t)
{
    return &t->added;
}

size_t tokenizer_size(const Tokenizer *t)
{
    return bpe_size(t->bpe) + t->more;
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

/* Cleaned text without added tokens, word by word. */
static void add_words(const Tokenizer *t, const uint32_t *points, size_t count, TokenList *list)
{
    const bool openai = t->cleaning == CLEANED_BY_OPENAI;
    Text word = {0};
    for (size_t i = 0, length; i < count; i += length) {
        const uint32_t *at = points + i;
        const size_t left = count - i;
        length = 1;
        if (word_is_blank(*at, openai)) continue;
        const bool start = word_stands_at(at, left, start_text);
        if (start || word_stands_at(at, left, end_text)) {
            length = start ? sizeof start_text - 1 : sizeof end_text - 1;
            add_special(t, at, length, start, &word, list);
        } else {
            length = word_length(at, left, openai);
            add_word(t, at, length, &word, list);
        }
    }
    text_free(&word);
}

typedef void AddStretch(const Tokenizer *t, const uint32_t *points, size_t count, TokenList *list);

/* The tokens of a matcher, and what lies between them by another function. */
static void add_around(const Tokenizer *t, const AddedMatcher *m, const uint32_t *points, size_t count,
                       AddStretch *add_stretch, TokenList *list)
{
    AddedPieces pieces = {0};
    added_split(m, points, count, &pieces);
    for (size_t i = 0; i < pieces.count; i++) {
        const AddedPiece *piece = &pieces.items[i];
        if (piece->id >= 0)
            token_list_add(list, &piece->id, 1);
        else
            add_stretch(t, points + piece->begin, piece->end - piece->begin, list);
    }
    added_pieces_free(&pieces);
}

/* A stretch of raw text, as transformers' does it. */
static void add_raw(const Tokenizer *t, const uint32_t *points, size_t count, TokenList *list)
{
    Points cleaned = {0};
    points_add_many(&cleaned, points, count);
    cleaned.at = unicode_clean(cleaned.at, &cleaned.count);
    plain_blanks(&cleaned);
    add_around(t, t->in_cleaned, cleaned.at, cleaned.count, add_words, list);
    points_free(&cleaned);
}

static void add_text(const Tokenizer *t, const char *text, TokenList *list)
{
    Points points = {0};
    if (t->cleaning == CLEANED_BY_OPENAI) {
        const char *guess = NULL;
        openai_clean(text, &points, &guess);
        if (guess && !list->guessed++) list->guess = guess, list->first_guessed = list->count;
        add_around(t, t->in_cleaned, points.at, points.count, add_words, list);
    } else {
        points_add_utf8(&points, text, strlen(text));
        add_around(t, t->in_raw, points.at, points.count, add_raw, list);
    }
    points_free(&points);
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
