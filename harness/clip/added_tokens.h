/* Tokens that stand for a piece of text as a whole: start and end token, and what people added to a vocabulary ("<cat-toy>" of a textual
 * inversion, "sks" of DreamBooth). They are cut out of a text before it is split into words, the longest first, as transformers'
 * tokenizers do (AddedVocabulary):
 *   - those that are not `normalised` out of the text as it is, the others out of the cleaned text (and cleaned themselves, so that
 *     their case does not matter)
 *   - leftmost, then longest; one that is rejected as part of a word takes its place nevertheless */
#pragma once

#include "harness/clip/points.h"
#include "harness/clip/string_map.h"

typedef struct AddedToken {
    char *content;
    int32_t id; /* -1: the file did not say */
    bool normalised;
    bool left, right; /* takes the blanks on that side with it (lstrip, rstrip) */
    bool word;        /* only where no letter, digit or mark touches it (single_word) */
} AddedToken;

typedef struct AddedTokens { /* {0} is an empty list; each content stands once */
    AddedToken *items;
    size_t count, capacity;
    StringMap places; /* content -> place in items */
} AddedTokens;

/* Adds one (content is copied), unless its content is there: the first to speak counts. Empty contents are passed over. */
void added_tokens_add(AddedTokens *list, AddedToken token);
AddedToken *added_tokens_find(const AddedTokens *list, const char *content); /* NULL: not there */
/* By id; those without one are dropped. */
void added_tokens_sort(AddedTokens *list);
AddedToken *added_tokens_with_id(const AddedTokens *list, int32_t id); /* of a sorted list; NULL: not there */
void added_tokens_free(AddedTokens *list);

/* ---- finding them ---- */

typedef struct AddedMatcher AddedMatcher;
AddedMatcher *added_matcher_new(void);
void added_matcher_free(AddedMatcher *m);
/* `phrase`: the token's content as it is looked for. */
void added_matcher_add(AddedMatcher *m, const Points *phrase, const AddedToken *token);

typedef struct AddedPiece { /* text from begin to end */
    int32_t id;             /* of the token that it is; -1: between tokens */
    size_t begin, end;
} AddedPiece;

typedef struct AddedPieces { /* {0} is empty; free with added_pieces_free */
    AddedPiece *items;
    size_t count, capacity;
} AddedPieces;

/* The text in pieces, none of them empty; blanks that a token takes along belong to it. */
void added_split(const AddedMatcher *m, const uint32_t *text, size_t count, AddedPieces *pieces);
void added_pieces_free(AddedPieces *pieces);
