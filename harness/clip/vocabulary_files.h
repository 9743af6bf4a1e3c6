/* The files behind a tokenizer, whatever their form, as one thing: tokens by id, and merges in order of rank. */
#pragma once

#include "harness/base/text.h"

typedef struct Vocabulary {
    TextList tokens; /* token i has id i, in the byte-to-Unicode alphabet */
    TextList merges; /* "left right" */
} Vocabulary;

/* Reads what tokenizer_open's `path` names. Fails on: nothing of the kind there, malformed files, ids that are not 0..n-1. */
bool vocabulary_read(const char *path, Vocabulary *vocabulary, Error *err);
void vocabulary_free(Vocabulary *vocabulary);

/* The character that stands for a byte (bytes_to_unicode of simple_tokenizer.py): printable Latin-1 is itself, the other 68
 * bytes, in order, are U+0100 and up. */
uint32_t byte_character(uint8_t byte);
