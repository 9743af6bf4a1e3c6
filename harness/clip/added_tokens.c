/* The list of added tokens, and their search: a trie of their contents, tried at every place from left to right. */
#include "harness/clip/added_tokens.h"

#include "harness/base/memory.h"
#include "harness/clip/phrase_trie.h"

#include <stdlib.h>
#include <string.h>
#include <unictype.h>

void added_tokens_add(AddedTokens *list, AddedToken token)
{
    if (!*token.content || added_tokens_find(list, token.content)) return;
    if (list->count == list->capacity) {
        list->capacity = 2 * list->capacity + 8;
        list->items = xrealloc(list->items, list->capacity * sizeof *list->items);
    }
    token.content = xstrdup(token.content);
    string_map_put(&list->places, token.content, strlen(token.content), (int32_t)list->count);
    list->items[list->count++] = token;
}

AddedToken *added_tokens_find(const AddedTokens *list, const char *content)
{
    const int32_t place = string_map_get(&list->places, content, strlen(content));
    return place < 0 ? NULL : &list->items[place];
}

static int by_id(const void *a, const void *b)
{
    const int32_t left = ((const AddedToken *)a)->id, right = ((const AddedToken *)b)->id;
    return left < right ? -1 : left > right;
}

void added_tokens_sort(AddedTokens *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].id < 0)
            free(list->items[i].content);
        else
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
    if (kept) qsort(list->items, kept, sizeof *list->items, by_id);
    string_map_free(&list->places);
    for (size_t i = 0; i < kept; i++)
        string_map_put(&list->places, list->items[i].content, strlen(list->items[i].content), (int32_t)i);
}

AddedToken *added_tokens_with_id(const AddedTokens *list, int32_t id)
{
    const AddedToken key = {.id = id};
    return list->count ? bsearch(&key, list->items, list->count, sizeof *list->items, by_id) : NULL;
}

void added_tokens_free(AddedTokens *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->items[i].content);
    free(list->items);
    string_map_free(&list->places);
    *list = (AddedTokens){0};
}

/* ---- finding them ---- */

struct AddedMatcher {
    PhraseTrie *trie;
    AddedToken *tokens; /* without content, by the trie's numbers */
    size_t count, capacity;
};

AddedMatcher *added_matcher_new(void)
{
    AddedMatcher *m = xcalloc(1, sizeof *m);
    m->trie = phrase_trie_new();
    return m;
}

void added_matcher_free(AddedMatcher *m)
{
    if (!m) return;
    phrase_trie_free(m->trie);
    free(m->tokens);
    free(m);
}

void added_matcher_add(AddedMatcher *m, const Points *phrase, const AddedToken *token)
{
    if (phrase->count == 0) return;
    if (m->count == m->capacity) {
        m->capacity = 2 * m->capacity + 8;
        m->tokens = xrealloc(m->tokens, m->capacity * sizeof *m->tokens);
    }
    m->tokens[m->count] = *token;
    m->tokens[m->count].content = NULL;
    phrase_trie_add(m->trie, phrase->at, phrase->count, (int32_t)m->count++);
}

/* \w of regular expressions (Unicode, UTS 18) */
static bool in_word(uint32_t c)
{
    return uc_is_property_alphabetic(c) || uc_is_general_category(c, UC_MARK) ||
           uc_is_general_category(c, UC_DECIMAL_DIGIT_NUMBER) || uc_is_general_category(c, UC_CONNECTOR_PUNCTUATION) ||
           uc_is_property_join_control(c);
}

static void add_piece(AddedPieces *pieces, AddedPiece piece)
{
    if (piece.begin == piece.end) return;
    if (pieces->count == pieces->capacity) {
        pieces->capacity = 2 * pieces->capacity + 8;
        pieces->items = xrealloc(pieces->items, pieces->capacity * sizeof *pieces->items);
    }
    pieces->items[pieces->count++] = piece;
}

void added_split(const AddedMatcher *m, const uint32_t *text, size_t count, AddedPieces *pieces)
{
    size_t done = 0; /* what pieces hold */
    for (size_t i = 0, length; i < count; i += length) {
        int32_t number = 0;
        length = phrase_trie_find(m->trie, text + i, count - i, &number);
        if (!length) {
            length = 1;
            continue;
        }
        const AddedToken *t = &m->tokens[number];
        size_t begin = i, end = i + length;
        if (t->word && ((begin > 0 && in_word(text[begin - 1])) || (end < count && in_word(text[end])))) continue;
        while (t->left && begin > done && uc_is_property_white_space(text[begin - 1])) begin--;
        while (t->right && end < count && uc_is_property_white_space(text[end])) end++;
        if (begin < done) begin = done; /* the token before has taken this one's beginning, a blank */
        add_piece(pieces, (AddedPiece){.id = -1, .begin = done, .end = begin});
        add_piece(pieces, (AddedPiece){.id = t->id, .begin = begin, .end = end});
        done = end;
    }
    add_piece(pieces, (AddedPiece){.id = -1, .begin = done, .end = count});
}

void added_pieces_free(AddedPieces *pieces)
{
    free(pieces->items);
    *pieces = (AddedPieces){0};
}
