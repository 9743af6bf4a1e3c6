/* CLIP's split of cleaned text into words: special tokens, 's 't 're 've 'm 'll 'd, runs of letters, single numbers, runs of anything
 * else that is no blank. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `openai`: as OpenAI's program has it, with Python's regular expressions; else as transformers' tokenizers (unicode.h). */
bool word_is_blank(uint32_t c, bool openai);
/* Length of the next word at `text`; `left` > 0 and text[0] is no blank. */
size_t word_length(const uint32_t *text, size_t left, bool openai);
bool word_stands_at(const uint32_t *text, size_t left, const char *ascii);
