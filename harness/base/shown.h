/* A stranger's text as a person may see it: on a terminal, in a table, on a page, in a plot.
 *
 * Names, labels, captions and file names come from other people's files and may hold anything: sequences that command a terminal,
 * newlines that end a comment of a script, marks that turn the direction of writing round. Shown, such a character becomes what a
 * C programmer would write for it, and everything else stays as it is:
 *
 *     newline, tab, carriage return     \n \t \r
 *     other control characters          \x1b, \x7f, \x9b (C0, DEL, C1)
 *     direction marks, line separators, non-characters     \u202e, \u2028, \ufffe
 *     bytes that are not UTF-8          \xff, each by itself
 *
 * A backslash stays one: the text is for reading, not for reading back. */
#pragma once

#include "harness/base/text.h"

#include <stdbool.h>

/* Is the character one of those? */
bool unshowable(uint32_t character);
/* Appends the text, shown. */
void text_add_shown(Text *out, const char *text);
/* The same as a string of its own; caller frees. */
char *shown(const char *text);
/* Shown, and at most `most` characters of it with an ellipsis behind them: for a plot's labels. Caller frees. */
char *shown_short(const char *text, size_t most);
