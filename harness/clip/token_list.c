/* One array of tokens for all texts, grown by doubling; offsets say where each text begins. */
#include "harness/clip/token_list.h"

#include "harness/base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { SHOWN_MOST = 60 }; /* bytes of a text in a sentence */

void token_list_add(TokenList *list, const int32_t *ids, size_t count)
{
    size_t *used = &list->offsets[list->count + 1];
    if (list->capacity_tokens - *used < count) {
        list->capacity_tokens = 2 * (*used + count) + 64;
        list->tokens = xrealloc(list->tokens, list->capacity_tokens * sizeof *list->tokens);
    }
    memcpy(list->tokens + *used, ids, count * sizeof *ids);
    *used += count;
}

void token_list_begin(TokenList *list)
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

/* The beginning of a text, whole characters; caller frees. */
static char *beginning(const char *text)
{
    size_t n = strlen(text);
    const bool whole = n <= SHOWN_MOST;
    if (!whole)
        for (n = SHOWN_MOST; n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80;) n--;
    return xformat("\"%.*s%s\"", (int)n, text, whole ? "" : "...");
}

void token_list_remarks(const TokenList *list, const char *const *texts, const char *what, size_t limit,
                        Progress *progress)
{
    if (list->cut) {
        char *text = beginning(texts[list->first_cut]);
        progress_note(
            progress,
            "%zu of %zu %s have more than the %zu tokens that fit, start and end included, and were cut; the first, "
            "number %zu with %zu tokens, is %s",
            list->cut, list->count, what, limit, list->first_cut + 1, list->first_cut_length, text);
        free(text);
    }
    if (list->guessed) {
        char *text = beginning(texts[list->first_guessed]);
        progress_note(
            progress,
            "%zu of %zu %s look like UTF-8 that was read as another encoding and were read back, as ftfy guesses; the "
            "first, number %zu, as %s: %s",
            list->guessed, list->count, what, list->first_guessed + 1, list->guess, text);
        free(text);
    }
}
