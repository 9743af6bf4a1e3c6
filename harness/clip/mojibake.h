/* UTF-8 that somebody read as a one-byte encoding, read back: "cafÃ©" is "café", "donâ€™t" is "don’t".
 *
 * The rule is that of ftfy 6.3.1 (fix_encoding), which OpenAI's and open_clip's tokenizers apply to every text: a text with neighbours
 * that hardly anybody writes ("Ã©") is written as bytes of Latin-1, Windows-1252, ..., MacRoman, code page 437, in this order; the first
 * whose bytes are UTF-8 is what happened. Where none is, the stretches that look like UTF-8 are tried alone. What counts as a rare
 * neighbourhood was observed from ftfy (mojibake_tables.c); of its rules of more than four characters one, for text that went wrong twice
 * in Cyrillic, is left out. */
#pragma once

#include "harness/clip/points.h"

/* Reads back what was read wrongly, again and again until nothing changes. *guess is set to the encoding's name where one beyond
 * Latin-1 and Windows-1252 was undone; it is left alone otherwise. */
void mojibake_mend(Points *text, const char **guess);

/* Does the text have neighbours that hardly anybody writes? */
bool mojibake_suspected(const uint32_t *text, size_t count);

/* What Windows-1252 has where Latin-1 has the control character c, 0x80 to 0x9F; five places are empty and stay. */
uint32_t windows_1252_character(uint32_t c);
