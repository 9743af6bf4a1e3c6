/* The file is unlinked as soon as it is made, so that no crash leaves it behind. Halves are converted on reading, a
 * piece at a time, on the stack. */
#include "harness/io/row_file.h"

#include "harness/base/memory.h"
#include "harness/base/temporary.h"
#include "harness/base/text.h"
#include "harness/io/tensor.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct RowFile {
    int file, reason; /* reason: errno of the first write that failed; 0: none did */
    size_t width;
    bool half;
    char *path; /* for sentences */
};

enum { PIECE = 8192 }; /* values converted at a time */

RowFile *row_file_new(const char *folder, size_t width, bool half, Error *err)
{
    char *path = path_join(folder, "rows"), *name = xformat("%s.tmp-XXXXXX", path);
    RowFile *f = NULL;
    const int file = make_folders(folder, err) ? mkstemp(name) : -1;
    if (file >= 0) {
        unlink(name);
        f = xcalloc(1, sizeof *f);
        *f = (RowFile){.file = file, .width = width, .half = half, .path = path};
    } else {
        temporary_fail(err, name, errno);
        free(path);
    }
    free(name);
    return f;
}

void row_file_append(RowFile *f, const void *bytes, size_t count)
{
    for (const char *at = bytes; count && !f->reason;) {
        const ssize_t written = write(f->file, at, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) f->reason = errno;
        if (written > 0) at += written, count -= (size_t)written;
    }
}

bool row_file_finish(RowFile *f, Error *err)
{
    if (!f->reason) return true;
    temporary_fail(err, f->path, f->reason);
    row_file_free(f);
    return false;
}

static void read_bytes(const RowFile *f, void *room, size_t count, size_t from)
{
    for (char *at = room; count;) {
        const ssize_t got = pread(f->file, at, count, (off_t)from);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) die("%s: cannot read: %s", f->path, got ? strerror(errno) : "it ends too soon");
        at += got, count -= (size_t)got, from += (size_t)got;
    }
}

void row_file_read(const RowFile *f, size_t first, size_t count, float *values)
{
    const size_t start = first * f->width, total = count * f->width;
    if (!f->half) {
        read_bytes(f, values, total * sizeof *values, start * sizeof *values);
        return;
    }
    uint16_t piece[PIECE];
    for (size_t at = 0; at < total; at += PIECE) {
        const size_t n = total - at < PIECE ? total - at : PIECE;
        read_bytes(f, piece, n * sizeof *piece, (start + at) * sizeof *piece);
        for (size_t i = 0; i < n; i++) values[at + i] = half_to_float(piece[i]);
    }
}

void row_file_free(RowFile *f)
{
    if (!f) return;
    close(f->file);
    free(f->path);
    free(f);
}
