/* Gzip files (RFC 1952, zlib): the vocabulary `bpe_simple_vocab_16e6.txt.gz` and its like. */
#pragma once

#include "harness/base/error.h"

#include <stddef.h>

/* The whole unpacked content, terminated by an extra zero byte; caller frees. Fails on: unreadable file, a file that is
 * not gzip, a truncated or damaged one, content of more than `limit` bytes. */
bool gzip_read(const char *path, size_t limit, char **data, size_t *length, Error *err);
