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
extern const UnicodeRange unicode_openai_letters[], unicode_openai_numbers[]; /* beside the others */
extern const size_t unicode_openai_letters_count, unicode_openai_numbers_count;
extern const UnicodeLower unicode_lower_runs[];
extern const size_t unicode_lower_runs_count;

typedef enum CharClass { CHAR_SPACE, CHAR_LETTER, CHAR_NUMBER, CHAR_OTHER } CharClass;
CharClass unicode_class(uint32_t c);
/* The same as OpenAI's split sees it: more letters and numbers (Python's regex knows a newer Unicode), and U+0345 is a blank: there,
 * where case does not count, it is neither a letter nor none, and every pattern passes it over. */
CharClass unicode_class_openai(uint32_t c);

/* The `bytes` bytes at `text` as characters. Bytes that are not UTF-8 become U+FFFD, one for every longest piece that could have begun
 * a character (Unicode 15, table 3-8). Returns an array of *count characters; caller frees. */
uint32_t *unicode_read(const char *text, size_t bytes, size_t *count);
bool unicode_is_ascii(const uint32_t *points, size_t count);
/* NFC. Characters that the reference's normalisation does not know stand as walls between the stretches that are normalised, whatever
 * the library's newer Unicode would do with them. Takes `points` (not empty) over and returns another array. */
uint32_t *unicode_compose(uint32_t *points, size_t *count);
/* Its small letter; only U+0130 has two (i and U+0307), and is left alone. */
uint32_t unicode_lower(uint32_t c);

/* What transformers' CLIPTokenizer makes of a text: composed (NFC), then lower-cased one by one (no final-sigma rule; U+0130 becomes i and
 * U+0307, not composed again). Blanks are left alone. Takes `points` over and returns another array. */
uint32_t *unicode_clean(uint32_t *points, size_t *count);

/* Writes c as UTF-8 into out; returns 1 to 4, the bytes written. */
size_t unicode_put(uint32_t c, char out[4]);
