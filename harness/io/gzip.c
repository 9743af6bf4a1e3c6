#include "harness/io/gzip.h"

#include "harness/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

/* zlib's own sentence; Z_ERRNO stands for errno. */
static const char *reason(gzFile file)
{
    int code;
    const char *text = gzerror(file, &code);
    return code == Z_ERRNO ? strerror(errno) : text;
}

static bool unpack(gzFile file, const char *path, size_t limit, Text *text, Error *err)
{
    char buffer[1 << 14];
    int got;
    while ((got = gzread(file, buffer, sizeof buffer)) > 0) {
        /* zlib hands files that are not gzip through unchanged. */
        if (gzdirect(file)) return fail(err, "%s: not a gzip file", path);
        if ((size_t)got > limit - text->length)
            return fail(err, "%s: unpacks to more than the %zu bytes allowed for such a file", path, limit);
        text_add_bytes(text, buffer, (size_t)got);
    }
    if (got < 0) return fail(err, "%s: damaged gzip file (%s); fetch it again", path, reason(file));
    return true;
}

bool gzip_read(const char *path, size_t limit, char **data, size_t *length, Error *err)
{
    if (path_is_folder(path)) return fail(err, "%s: is a folder, a file is needed", path);
    gzFile file = gzopen(path, "rbe");
    if (!file) return fail(err, "%s: cannot open: %s", path, strerror(errno));
    Text text = {0};
    bool good = unpack(file, path, limit, &text, err);
    /* A stream that breaks off is told only at the end, as Z_BUF_ERROR; an empty file is no gzip file either. */
    const bool empty = gzdirect(file);
    if (gzclose(file) != Z_OK && good) good = fail(err, "%s: truncated gzip file; fetch it again", path);
    if (good && empty) good = fail(err, "%s: not a gzip file", path);
    if (!good) {
        text_free(&text);
        return false;
    }
    text_add_bytes(&text, "", 0); /* an empty content has a terminator too */
    *data = text.data;
    *length = text.length;
    return true;
}
