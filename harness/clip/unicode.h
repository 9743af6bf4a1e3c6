/* Unicode as CLIP's tokenizer sees it: UTF-8 in, normalised (NFC) and lower-cased characters out, and three classes.
 *
 * Classes and lower-case forms come from tables of our own (unicode_tables.c, read off the reference), because the versions
 * of Unicode in the libraries of a machine differ, and tokens must not. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct UnicodeRange {
    uint32_t first, last;
} UnicodeRange;

typedef struct UnicodeLower { /* every step-th character from first to last becomes itself + delta */
    uint32_t first, last, step;
    int32_t delta;
} UnicodeLower;

extern const UnicodeRange unicode_letters[], unicode_numbers[], unicode_spaces[], unicode_normalised[];
extern const size_t unicode_letters_count, unicode_numbers_count, unicode_spaces_count, unicode_normalised_count;
extern const UnicodeLower unicode_lower_runs[];
extern const size_t unicode_lower_runs_count;

typedef enum CharClass { CHAR_SPACE, CHAR_LETTER, CHAR_NUMBER, CHAR_OTHER } CharClass;
CharClass unicode_class(uint32_t c);

/* The `bytes` bytes at `text` as characters, composed (NFC) and then lower-cased one by one (no final-sigma rule; U+0130 becomes
 * i and U+0307, not composed again). Bytes that are not UTF-8 become U+FFFD, one for every longest piece that could have
 * begun a character (Unicode 15, table 3-8). Returns an array of *count characters; caller frees. */
uint32_t *unicode_clean(const char *text, size_t bytes, size_t *count);

/* Writes c as UTF-8 into out; returns 1 to 4, the bytes written. */
size_t unicode_put(uint32_t c, char out[4]);
