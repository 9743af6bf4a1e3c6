/* Tar archives (POSIX ustar, IEEE Std 1003.1 "pax", ustar interchange format): regular files, one behind the other, each
 * behind a header of 512 bytes and filled up to a multiple of that. Sizes of 8 GiB and more stand in binary, as GNU tar
 * writes and reads them.
 *
 *     TarWriter w;                                       TarReader r;
 *     if (!tar_create(&w, "out.tar", err)) ...           if (!tar_open(&r, "in.tar", err)) ...
 *     tar_add(&w, "score/a.h5", "store/score/a.h5", err)     while (tar_next(&r, &more, err) && more)
 *     return tar_commit(&w, err);                                tar_extract(&r, "store/score/a.h5", err);
 *
 * What is read is a stranger's: sizes are held against the file's, headers against their sums; names are the caller's to
 * check. */
#pragma once

#include "harness/base/temporary.h"

#include <stdint.h>

typedef struct TarWriter {
    Temporary file;
} TarWriter;

bool tar_create(TarWriter *w, const char *path, Error *err);
/* Adds the file `path` as `name`, at most 100 bytes behind its last slash and 155 before. Fails on: what cannot be read,
 * a longer name. */
bool tar_add(TarWriter *w, const char *name, const char *path, Error *err);
/* Both free it. */
bool tar_commit(TarWriter *w, Error *err);
void tar_abandon(TarWriter *w);

typedef struct TarReader {
    int file;
    char *path;
    uint64_t at, end; /* of the next header; of the archive */
    char name[257];   /* of the entry */
    uint64_t start, size;
} TarReader;

bool tar_open(TarReader *r, const char *path, Error *err);
/* Goes to the next regular file; *more false at the end. What is not a file (folders, pax headers) is passed over. Fails
 * on: a damaged header, an entry that leaves the archive, names in GNU's long form. */
bool tar_next(TarReader *r, bool *more, Error *err);
/* Writes the entry to a file, whole or not at all. */
bool tar_extract(const TarReader *r, const char *path, Error *err);
void tar_close(TarReader *r);
