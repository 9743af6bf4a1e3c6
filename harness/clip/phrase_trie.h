/* Phrases, each with a number, found at a place of a text: the longest that stands there. A look-up takes as many steps as the phrase
 * that it finds is long, however many phrases there are. */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct PhraseTrie PhraseTrie;

PhraseTrie *phrase_trie_new(void);
void phrase_trie_free(PhraseTrie *t);
/* A phrase of `count` (> 0) characters; its number (not negative) replaces that of an equal one. */
void phrase_trie_add(PhraseTrie *t, const uint32_t *phrase, size_t count, int32_t number);
/* Length of the longest phrase that `text` begins with, and its number; 0 where there is none. */
size_t phrase_trie_find(const PhraseTrie *t, const uint32_t *text, size_t left, int32_t *number);
