/* Headers are put together and taken apart by hand: a dozen fields at fixed places. Content goes through one buffer. */
#include "harness/io/tar.h"

#include "harness/base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BLOCK = 512,
    PIECE = 1 << 20,
    NAME = 100,
    PREFIX = 155,
    SIZE_AT = 124,
    SIZE_DIGITS = 12,
    SUM_AT = 148,
    TYPE_AT = 156,
    PREFIX_AT = 345
};

/* The sum of a header's bytes, its own eight counted as blanks. */
static unsigned sum_of(const unsigned char header[BLOCK])
{
    unsigned sum = 0;
    for (int i = 0; i < BLOCK; i++) sum += i >= SUM_AT && i < SUM_AT + 8 ? ' ' : header[i];
    return sum;
}

/* ---- writing ---- */

bool tar_create(TarWriter *w, const char *path, Error *err)
{
    return temporary_open(&w->file, path, err);
}

static void put_size(unsigned char header[BLOCK], uint64_t size)
{
    if (size < (uint64_t)1 << 33) {
        snprintf((char *)header + SIZE_AT, SIZE_DIGITS, "%011llo", (unsigned long long)size);
        return;
    }
    header[SIZE_AT] = 0x80;
    for (int i = 0; i < 8; i++) header[SIZE_AT + SIZE_DIGITS - 1 - i] = (unsigned char)(size >> (8 * i));
}

static bool make_header(unsigned char header[BLOCK], const char *name, uint64_t size, Error *err)
{
    const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
    const size_t prefix = slash ? (size_t)(slash - name) : 0;
    if (strlen(base) > NAME || prefix > PREFIX || !*base)
        return fail(err, "%s: too long a name for a tar archive", name);
    memset(header, 0, BLOCK);
    memcpy(header, base, strlen(base));
    memcpy(header + PREFIX_AT, name, prefix);
    memcpy(header + 100, "0000644", 7);
    memcpy(header + 108, "0000000", 7);
    memcpy(header + 116, "0000000", 7);
    put_size(header, size);
    memcpy(header + 136, "00000000000", 11); /* no time: the same artifacts are the same archive */
    header[TYPE_AT] = '0';
    memcpy(header + 257, "ustar\00000", 8);
    snprintf((char *)header + SUM_AT, 8, "%06o", sum_of(header));
    header[SUM_AT + 7] = ' ';
    return true;
}

static bool copy(int from, uint64_t at, uint64_t size, const char *path, Temporary *to, Error *err)
{
    char *piece = xmalloc(PIECE);
    bool good = true;
    while (size && good) {
        const ssize_t got = pread(from, piece, size < PIECE ? (size_t)size : PIECE, (off_t)at);
        if (got < 0 && errno == EINTR) continue;
        good = got > 0 || fail(err, "%s: cannot read: %s", path, got < 0 ? strerror(errno) : "it has become shorter");
        if (good) temporary_write(to, piece, (size_t)got), at += (uint64_t)got, size -= (uint64_t)got;
    }
    free(piece);
    return good;
}

static uint64_t filling(uint64_t size)
{
    return (BLOCK - size % BLOCK) % BLOCK;
}

bool tar_add(TarWriter *w, const char *name, const char *path, Error *err)
{
    static const char zeros[BLOCK];
    unsigned char header[BLOCK];
    struct stat info;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    bool good = file >= 0 && fstat(file, &info) == 0 && S_ISREG(info.st_mode);
    if (!good) fail(err, "%s: cannot read: %s", path, file < 0 ? strerror(errno) : "it is no file");
    good = good && make_header(header, name, (uint64_t)info.st_size, err);
    if (good) {
        temporary_write(&w->file, header, BLOCK);
        good = copy(file, 0, (uint64_t)info.st_size, path, &w->file, err);
        temporary_write(&w->file, zeros, (size_t)filling((uint64_t)info.st_size));
    }
    if (file >= 0) close(file);
    return good;
}

bool tar_commit(TarWriter *w, Error *err)
{
    static const char zeros[2 * BLOCK];
    temporary_write(&w->file, zeros, sizeof zeros);
    return temporary_commit(&w->file, err);
}

void tar_abandon(TarWriter *w)
{
    temporary_abandon(&w->file);
}

/* ---- reading ---- */

bool tar_open(TarReader *r, const char *path, Error *err)
{
    struct stat info;
    *r = (TarReader){.file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), .path = xstrdup(path)};
    if (r->file < 0 || fstat(r->file, &info) != 0 || !S_ISREG(info.st_mode))
        return fail(err, "%s: cannot read: %s", path, r->file < 0 ? strerror(errno) : "it is no file");
    r->end = (uint64_t)info.st_size;
    return true;
}

void tar_close(TarReader *r)
{
    if (r->file >= 0) close(r->file);
    free(r->path);
    *r = (TarReader){.file = -1};
}

/* Octal digits up to a zero or a blank; or, behind a first bit that is set, binary. */
static bool get_number(const unsigned char *field, int digits, uint64_t *value)
{
    *value = 0;
    const bool binary = field[0] == 0x80;
    for (int i = binary; i < digits; i++) {
        if (!binary && (field[i] == 0 || field[i] == ' ')) return i > 0;
        if ((!binary && (field[i] < '0' || field[i] > '7')) || *value >> 55) return false;
        *value = binary ? *value << 8 | field[i] : *value << 3 | (uint64_t)(field[i] - '0');
    }
    return true;
}

static bool read_header(TarReader *r, unsigned char header[BLOCK], Error *err)
{
    ssize_t got;
    do got = pread(r->file, header, BLOCK, (off_t)r->at);
    while (got < 0 && errno == EINTR);
    return got == BLOCK || fail(err, "%s: ends in the middle of a header, or is no tar archive", r->path);
}

static bool take_header(TarReader *r, const unsigned char header[BLOCK], Error *err)
{
    uint64_t sum;
    char base[NAME + 1] = "", prefix[PREFIX + 1] = "";
    if (!get_number(header + SUM_AT, 8, &sum) || sum != sum_of(header) || memcmp(header + 257, "ustar", 5) != 0 ||
        !get_number(header + SIZE_AT, SIZE_DIGITS, &r->size))
        return fail(err, "%s: damaged at byte %llu, or no tar archive", r->path, (unsigned long long)r->at);
    memcpy(base, header, NAME);
    if (header[262] == 0) memcpy(prefix, header + PREFIX_AT, PREFIX); /* GNU's own form has other things there */
    snprintf(r->name, sizeof r->name, "%s%s%s", prefix, *prefix ? "/" : "", base);
    r->start = r->at + BLOCK;
    if (r->size > r->end - r->start) return fail(err, "%s: %s: is cut short", r->path, r->name);
    const uint64_t next = r->start + r->size + filling(r->size);
    r->at = next < r->end ? next : r->end;
    return true;
}

bool tar_next(TarReader *r, bool *more, Error *err)
{
    unsigned char header[BLOCK];
    static const unsigned char end[BLOCK];
    for (*more = false; r->at < r->end;) {
        if (!read_header(r, header, err)) return false;
        if (memcmp(header, end, BLOCK) == 0) return true;
        if (!take_header(r, header, err)) return false;
        if (header[TYPE_AT] == 'L')
            return fail(err, "%s: has names in GNU's long form; make it with palbench store export", r->path);
        if (header[TYPE_AT] == '0' || header[TYPE_AT] == 0) {
            *more = true;
            return true;
        }
    }
    return true;
}

bool tar_extract(const TarReader *r, const char *path, Error *err)
{
    Temporary to;
    if (!temporary_open(&to, path, err)) return false;
    if (copy(r->file, r->start, r->size, r->path, &to, err)) return temporary_commit(&to, err);
    temporary_abandon(&to);
    return false;
}
