/* Tokens of many texts in one array. */
#pragma once

#include "harness/base/progress.h"

#include <stdint.h>

/* Text i has tokens[offsets[i]] .. tokens[offsets[i+1]-1]. {0} is an empty list. */
typedef struct TokenList {
    size_t count;    /* texts */
    size_t *offsets; /* [count + 1] */
    int32_t *tokens; /* [offsets[count]] */
    size_t capacity_texts, capacity_tokens;
    /* What people should hear of: */
    size_t cut, first_cut, first_cut_length; /* texts that were cut, the first of them, how many tokens it has */
    size_t guessed, first_guessed; /* texts that were read back by a guess (harness/clip/mojibake.h), the first, */
    const char *guess;             /* and as what it had been read */
} TokenList;

/* Makes room for one more text, whose tokens are then added; the user raises list->count when it is complete. */
void token_list_begin(TokenList *list);
void token_list_add(TokenList *list, const int32_t *ids, size_t count);
void token_list_free(TokenList *list);

/* Says in a line each how many texts were cut to the `limit` tokens that fit, and how many were read back by a guess, with the first of
 * them. `texts` are those of the list in order, `what` they are ("captions"). Nothing where there is nothing to say. */
void token_list_remarks(const TokenList *list, const char *const *texts, const char *what, size_t limit,
                        Progress *progress);
