/* The files behind a tokenizer, whatever their form, as one thing: tokens by id, and merges in order of rank. */
#pragma once

#include "harness/base/text.h"
#include "harness/clip/added_tokens.h"

/* How texts are cleaned before they are split belongs to the form of the files, as each was made for one program. */
typedef enum TextCleaning {
    CLEANED_BY_TRANSFORMERS, /* vocab.json with merges.txt, tokenizer.json: NFC, blanks, small letters (unicode_clean) */
    CLEANED_BY_OPENAI,       /* bpe_simple_vocab_16e6.txt.gz, open_clip's too: ftfy and more (openai_clean) */
} TextCleaning;

typedef struct Vocabulary {
    TextCleaning cleaning;
    TextList tokens;   /* token i has id i, in the byte-to-Unicode alphabet; added ones as they are */
    TextList merges;   /* "left right" */
    AddedTokens added; /* all with their ids, in the order of these; start and end token are among them */
} Vocabulary;

/* Reads what tokenizer_open's `path` names. Fails on: nothing of the kind there, malformed files, ids that
 * are not 0..n-1, added tokens included. */
bool vocabulary_read(const char *path, Vocabulary *vocabulary, Error *err);
void vocabulary_free(Vocabulary *vocabulary);

/* The character that stands for a byte (bytes_to_unicode of simple_tokenizer.py): printable Latin-1 is itself, the other 68
 * bytes, in order, are U+0100 and up. */
uint32_t byte_character(uint8_t byte);
