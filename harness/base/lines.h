/* The one reader of text lists: captions, sentences, prompts, JSON lines, CSV, masks, merges. What is a line and what is text is
 * decided here and nowhere else.
 *
 *     static bool take(void *context, const Line *line, Error *err) { ... }
 *     if (!lines_read("captions.txt", take, &captions, err)) return false;
 *
 * Text is UTF-8. A byte order mark at the head of the file is passed over. A line ends with \n, \r\n or \r, as Python's text files
 * do; the last one may lack its end. Refused, with line and column (which counts characters from 1): a NUL byte, what is not
 * UTF-8 (UTF-16 is named as such), a line of more than 16 MB, a list of more than 4 GB. */
#pragma once

#include "harness/base/text.h"

#include <stdio.h>

typedef struct Line {
    const char *path; /* of the file, for sentences */
    size_t number;    /* from 1 */
    const char *text; /* without its end, terminated; valid until the next line is read */
    size_t length;    /* bytes; none of them is zero */
} Line;

/* Takes one line; false, with a sentence, stops the reading. */
typedef bool TakeLine(void *context, const Line *line, Error *err);

/* Hands over all lines of a file in order. Fails on: unreadable file, what is no text (above), the first false of `take`. */
bool lines_read(const char *path, TakeLine *take, void *context, Error *err);
/* The same from an open stream, to its end; `name` takes the file's place in sentences. */
bool lines_read_stream(FILE *stream, const char *name, TakeLine *take, void *context, Error *err);
/* The same from memory. */
bool lines_read_bytes(const char *name, const char *bytes, size_t count, TakeLine *take, void *context, Error *err);
/* All lines of a file into a list (appended). Fails too where they are more than `limit` bytes; then the list is as it was. */
bool read_lines(const char *path, size_t limit, TextList *lines, Error *err);

bool line_is_blank(const Line *line); /* nothing but blanks and tabs */

/* Fails where a text that came otherwise (an argument) is not UTF-8: "WHAT: column 5: ...". */
bool check_utf8(const char *what, const char *text, Error *err);
