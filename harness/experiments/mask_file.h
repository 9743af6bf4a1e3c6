/* Mask files: which labels of a training split are known, in the form of the public lists for VOC2007: a line an image in the order of
 * the split, its classes separated by commas (semicolons, blanks or tabs, if the first line has these), 1 present, -1 absent, 0 not known.
 *
 *     0,0,1,-1,0
 *     -1,0,0,0,0 */
#pragma once

#include "harness/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills out [count, classes] with the known labels. `labels` are those of the split: a 1 or -1 that contradicts one of them fails,
 * for the list then belongs to other images; where the split has 0 (difficult) the file's word stands. With `beginning` the file may
 * go on behind the last image (a split cut short by --limit). Fails on: other numbers of lines or columns, other values; the sentence
 * names the line. */
bool mask_file_read(const char *path, const int8_t *labels, size_t count, size_t classes, bool beginning, int8_t *out,
                    Error *err);
