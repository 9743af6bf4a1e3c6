/* CLIP's byte-pair encoding (Radford et al. 2021, simple_tokenizer.py; equal to transformers' CLIPTokenizer).
 *
 * Text is cleaned as the vocabulary's own program does it (harness/clip/vocabulary_files.h: TextCleaning), split by the original's pattern
 * (special tokens, 's 't 're 've 'm 'll 'd, runs of letters, single numbers, runs of anything else), written as bytes in the
 * byte-to-Unicode alphabet, and merged by rank; the last symbol of a word carries "</w>". */
#pragma once

#include "harness/base/error.h"
#include "harness/clip/added_tokens.h"
#include "harness/clip/token_list.h"

#include <stddef.h>
#include <stdint.h>

typedef struct Tokenizer Tokenizer;

/* `path`: a folder with vocab.json + merges.txt, or tokenizer.json, or bpe_simple_vocab_16e6.txt.gz; or one of these files
 * itself; a folder of a pipeline whose tokenizer/ holds them. Fails (NULL) on: nothing of the kind there, malformed files,
 * ids that are not 0..n-1, merges that make tokens the vocabulary lacks. */
Tokenizer *tokenizer_open(const char *path, Error *err);
void tokenizer_free(Tokenizer *t);

size_t tokenizer_size(const Tokenizer *t); /* ids are below this */
int32_t tokenizer_start(const Tokenizer *t);
int32_t tokenizer_end(const Tokenizer *t);
/* Id of a token by its text; -1 when there is none. */
int32_t tokenizer_id(const Tokenizer *t, const char *token);
/* What is matched as a whole before words are: start and end token, and those that came with the vocabulary's files. */
const AddedTokens *tokenizer_added(const Tokenizer *t);
/* Adds a token as transformers' add_tokens does: the next id, matched whatever its case. Returns the id, or -1 where the vocabulary has
 * such a token already. The fingerprint stays that of the files. */
int32_t tokenizer_add(Tokenizer *t, const char *content);
/* Makes a token of the vocabulary a special one, which is cut out of the text as it is, or an ordinary one again. The fingerprint stays that
 * of the files. */
void tokenizer_make_special(Tokenizer *t, const char *token, bool special);
/* The bytes that determine tokens, for hashes of configurations: hex SHA-256. */
const char *tokenizer_fingerprint(const Tokenizer *t);

/* Appends one text (UTF-8; bytes that are not become U+FFFD), start and end included, cut to `limit` tokens (the end token
 * then takes the last place); limit 0: not cut. */
void tokenizer_encode(const Tokenizer *t, const char *text, size_t limit, TokenList *list);
/* The same without start and end tokens: what stands for a class name inside a prompt. */
void tokenizer_encode_bare(const Tokenizer *t, const char *text, TokenList *list);
