/* The digest at an artifact's end, 64 bytes that libhdf5 does not look at: a mark, the number of bytes before it, their SHA-256. It finds
 * damage where HDF5 has no checksums (texts of variable length and what refers to them) before libhdf5 meets it. A program
 * that changes the file cuts it or writes over it, and the file counts as one without. It is no signature: whoever makes a file can
 * make its digest, so files that have one are read with the same care. */
#include "harness/base/hash.h"
#include "harness/io/artifact_hdf5.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char mark[16] = "palbench sha256";

typedef struct Trailer {
    char mark[16];
    uint8_t bytes[8]; /* least first */
    uint8_t digest[32];
    uint8_t zero[8];
} Trailer;

/* Of the first `bytes` bytes; false with errno. */
static bool digest_of(int file, size_t bytes, uint8_t digest[32])
{
    static _Thread_local char buffer[1 << 16];
    Hash *hash = hash_new();
    char hex[65];
    bool good = true;
    for (size_t at = 0; at < bytes && good;) {
        const size_t wanted = bytes - at < sizeof buffer ? bytes - at : sizeof buffer;
        const ssize_t got = pread(file, buffer, wanted, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        good = got > 0;
        if (good) hash_add(hash, buffer, (size_t)got), at += (size_t)got;
    }
    hash_finish(hash, hex);
    for (size_t i = 0; i < 32; i++) {
        const char *digits = "0123456789abcdef", *high = strchr(digits, hex[2 * i]),
                   *low = strchr(digits, hex[2 * i + 1]);
        digest[i] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    return good;
}

bool digest_append(int file)
{
    struct stat info;
    Trailer t = {.zero = {0}};
    if (fstat(file, &info) != 0) return false;
    if (info.st_size > DIGEST_MOST) return true;
    memcpy(t.mark, mark, sizeof mark);
    for (size_t i = 0; i < sizeof t.bytes; i++) t.bytes[i] = (uint8_t)((uint64_t)info.st_size >> (8 * i));
    if (!digest_of(file, (size_t)info.st_size, t.digest)) return false;
    const ssize_t written = pwrite(file, &t, sizeof t, info.st_size);
    if (written >= 0 && written != (ssize_t)sizeof t) errno = ENOSPC;
    return written == (ssize_t)sizeof t;
}

static uint64_t number_of(const uint8_t bytes[8])
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++) number |= (uint64_t)bytes[i] << (8 * i);
    return number;
}

/* The superblock (HDF5 file format 3.0, II.A, versions 2 and 3) has the end in 8 bytes, least first, at byte 28. */
bool h5_end(int file, uint64_t *end)
{
    uint8_t bytes[8];
    if (pread(file, bytes, sizeof bytes, 28) != (ssize_t)sizeof bytes) return false;
    *end = number_of(bytes);
    return true;
}

/* The first bytes of a digest stand where it belongs, but not all of it. */
static bool is_cut(int file, const struct stat *info)
{
    uint64_t end;
    char start[sizeof mark];
    if (!h5_end(file, &end) || (uint64_t)info->st_size <= end || (uint64_t)info->st_size - end >= sizeof(Trailer))
        return false;
    const size_t left = (size_t)((uint64_t)info->st_size - end), there = left < sizeof start ? left : sizeof start;
    return pread(file, start, there, (off_t)end) == (ssize_t)there && memcmp(start, mark, there) == 0;
}

bool digest_check(int file, const char *path, Error *err)
{
    struct stat info;
    Trailer t;
    uint8_t digest[32];
    if (fstat(file, &info) != 0 || info.st_size < (off_t)sizeof t || info.st_size > DIGEST_MOST + (off_t)sizeof t)
        return true;
    if (pread(file, &t, sizeof t, info.st_size - (off_t)sizeof t) != (ssize_t)sizeof t) return true;
    if (is_cut(file, &info))
        return fail(err, "%s: damaged or not an HDF5 file (its end is cut off); delete it to have it made again", path);
    const uint64_t bytes = number_of(t.bytes);
    if (memcmp(t.mark, mark, sizeof mark) != 0 || bytes != (uint64_t)info.st_size - sizeof t) return true;
    if (!digest_of(file, (size_t)bytes, digest)) return fail(err, "%s: cannot read: %s", path, strerror(errno));
    return memcmp(digest, t.digest, sizeof digest) == 0 ||
           fail(err,
                "%s: damaged: it does not match the digest that it was written with; delete it to have it made again",
                path);
}
