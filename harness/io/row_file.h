/* Rows of floats that are too many for memory: a file without a name in a folder, written once from the front, then read by
 * position, by several threads if need be. What has been read lately stays in the system's page cache, which gives memory back when others
 * need it; this process holds none of it.
 *
 *     RowFile *rows = row_file_new("results/store", 1024, true, err);
 *     row_file_append(rows, halves, count);                // in the type of the file
 *     if (!row_file_finish(rows, err)) ...
 *     row_file_read(rows, first, count, values);           // as float32
 *     row_file_free(rows); */
#pragma once

#include "harness/base/error.h"

#include <stddef.h>

typedef struct RowFile RowFile;

/* `half`: rows are float16, in the file and as they are given; else float32. NULL on failure. */
RowFile *row_file_new(const char *folder, size_t width, bool half, Error *err);
/* Bytes of whole or cut rows; remembers the first failure, which finishing reports. */
void row_file_append(RowFile *f, const void *bytes, size_t count);
/* Ends the writing. Fails, and frees it, when the disk is full. */
bool row_file_finish(RowFile *f, Error *err);
/* Rows first ... first + count - 1 -> values [count, width]. Ends the program with a sentence when the disk cannot be read, as memory that
 * cannot be read would. */
void row_file_read(const RowFile *f, size_t first, size_t count, float *values);
void row_file_free(RowFile *f); /* NULL is fine; the disk space is free again, also when the process is killed */
