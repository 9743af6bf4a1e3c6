/* A small vocabulary in CLIP's form, learned from a closed list of words: byte-pair training (Sennrich et al. 2016) run until
 * every word is one token. Any other text still has tokens, down to single bytes. */
#pragma once

#include "harness/base/error.h"

/* Writes FOLDER/vocab.json and FOLDER/merges.txt for a NULL-terminated list of lower-case ASCII words. Ids as in CLIP's own
 * vocabulary: 256 byte symbols, the same with "</w>", one a merge, start, end. Same words: same files. Fails on: a word that is
 * not lower-case ASCII letters, a folder that cannot be written. */
bool vocabulary_write(const char *const *words, const char *folder, Error *err);
