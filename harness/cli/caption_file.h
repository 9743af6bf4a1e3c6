/* Captions to draw, and their labels where they are known. */
#pragma once

#include "harness/base/error.h"
#include "harness/base/text.h"

typedef struct CaptionFile { /* {0} is empty; free with caption_file_free */
    TextList captions;
    TextList classes; /* names in the order in which they appear, if every caption has its labels; else empty */
    TextList *labels; /* [captions.count] names */
    size_t labelled;  /* captions that have a list */
} CaptionFile;

/* FILE.jsonl has one object a line, {"caption": ...} and, if known, "labels": ["cat"] (as captions.jsonl of a folder data set);
 * any other file one caption a line. Blank lines are passed over. Fails on: unreadable files, lines that are no such
 * objects, a file without a caption. */
bool caption_file_read(const char *path, CaptionFile *file, Error *err);
void caption_file_free(CaptionFile *file);
