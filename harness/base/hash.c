/* SHA-256 through OpenSSL's EVP, in pieces of any size. A text is added with its length in front, so that ("ab", "c")
 * and ("a", "bc") differ. */
#include "harness/base/hash.h"

#include "harness/base/memory.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Hash {
    EVP_MD_CTX *context;
};

Hash *hash_new(void)
{
    Hash *hash = xmalloc(sizeof *hash);
    hash->context = EVP_MD_CTX_new();
    if (!hash->context || EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) != 1)
        stop_short("libcrypto gives no SHA-256; the machine may be out of memory");
    return hash;
}

void hash_add(Hash *hash, const void *data, size_t bytes)
{
    if (EVP_DigestUpdate(hash->context, data, bytes) != 1) die("SHA-256 failed");
}

void hash_add_text(Hash *hash, const char *text)
{
    const uint64_t length = strlen(text);
    hash_add(hash, &length, sizeof length);
    hash_add(hash, text, length);
}

void hash_finish(Hash *hash, char hex[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (EVP_DigestFinal_ex(hash->context, digest, NULL) != 1) die("SHA-256 failed");
    for (int i = 0; i < 32; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    EVP_MD_CTX_free(hash->context);
    free(hash);
}

bool hash_file(const char *path, char hex[65], Error *err)
{
    FILE *file = fopen(path, "rb");
    if (!file) return fail(err, "%s: cannot open: %s", path, strerror(errno));
    Hash *hash = hash_new();
    unsigned char buffer[1 << 16];
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, file)) > 0;) hash_add(hash, buffer, got);
    const int reason = ferror(file) ? errno : 0;
    fclose(file);
    hash_finish(hash, hex);
    return !reason || fail(err, "%s: cannot read: %s", path, strerror(reason));
}
