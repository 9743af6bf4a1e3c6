/* Byte-pair encoding of single words (Sennrich et al. 2016), with the words met so far remembered. */
#pragma once

#include "harness/clip/vocabulary_files.h"

typedef struct Bpe Bpe;

/* Fails (NULL) on merges that use or make tokens the vocabulary lacks, and on a vocabulary without <|startoftext|> and
 * <|endoftext|>; `where` names the files. The vocabulary may be freed afterwards. */
Bpe *bpe_new(const Vocabulary *vocabulary, const char *where, Error *err);
void bpe_free(Bpe *bpe);

size_t bpe_size(const Bpe *bpe);
int32_t bpe_start(const Bpe *bpe);
int32_t bpe_end(const Bpe *bpe);
/* Id of a token by its text in the vocabulary; -1 when there is none. */
int32_t bpe_id(const Bpe *bpe, const char *token);

/* Ids of one word (its UTF-8 bytes, without blanks). A byte the vocabulary lacks becomes the end token, as in the reference.
 * The pointer is valid until the next call. */
const int32_t *bpe_word(Bpe *bpe, const char *word, size_t bytes, size_t *count);
