/* SHA-256 (FIPS 180-4, from OpenSSL's libcrypto): names of artifacts and fingerprints of checkpoints. */
#pragma once

#include "harness/base/error.h"

#include <stddef.h>

typedef struct Hash Hash; /* a running digest */

Hash *hash_new(void);
void hash_add(Hash *hash, const void *data, size_t bytes);
void hash_add_text(Hash *hash, const char *text); /* with its length in front, so that "ab","c" is not "a","bc" */
void hash_finish(Hash *hash, char hex[65]);       /* frees it */

/* Digest of a file's bytes. */
bool hash_file(const char *path, char hex[65], Error *err);
