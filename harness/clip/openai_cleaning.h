/* The cleaning of texts that belongs to OpenAI's vocabulary file, in OpenAI's simple_tokenizer.py and in open_clip: ftfy.fix_text (6.3.1),
 * html.unescape twice, runs of blanks to one, ends stripped, small letters.
 *
 *     It’s a “smart” café &amp; bar   ->  it's a "smart" café & bar
 *
 * ftfy's steps, each exactly: characters as HTML writes them (no longer once a line has "<"), UTF-8 that was read as another encoding
 * (mojibake.h), control characters of Latin-1 as Windows-1252, ligatures and digraphs, half and full width, straight quotes, line breaks,
 * escape sequences of terminals, control characters, NFC; line by line and again until nothing changes. */
#pragma once

#include "harness/clip/points.h"

/* Appends the cleaned text to `out`. *guess as in mojibake_mend. */
void openai_clean(const char *text, Points *out, const char **guess);
