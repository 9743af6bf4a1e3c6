/* The packed file is read whole and inflated piece by piece against the limit: a small file may unpack to anything. */
#include "harness/io/gzip.h"

#include "harness/base/text.h"

#include <stdlib.h>
#include <zlib.h>

enum { GZIP_ONLY = 16 + MAX_WBITS }; /* inflateInit2: expect gzip's header and checksum */

/* zlib's gzread passes plain files through and is vague about ones cut in their header; inflate tells each exactly. */
static bool unpack(z_stream *stream, const char *path, size_t limit, Text *text, Error *err)
{
    char buffer[1 << 14];
    for (;;) {
        stream->next_out = (Bytef *)buffer;
        stream->avail_out = sizeof buffer;
        const int code = inflate(stream, Z_NO_FLUSH);
        const size_t got = sizeof buffer - stream->avail_out;
        if (got > limit - text->length)
            return fail(err, "%s: unpacks to more than the %zu bytes allowed for such a file", path, limit);
        text_add_bytes(text, buffer, got);
        if (code == Z_STREAM_END) {
            if (!stream->avail_in) return true;
            inflateReset(stream); /* another member may follow: a gzip file may be several end to end */
        } else if (code == Z_BUF_ERROR || (code == Z_OK && !stream->avail_in && stream->avail_out)) {
            return fail(err, "%s: truncated gzip file; fetch it again", path);
        } else if (code != Z_OK) {
            return fail(err, "%s: damaged or not a gzip file (%s); fetch it again", path,
                        stream->msg ? stream->msg : "unknown reason");
        }
    }
}

bool gzip_read(const char *path, size_t limit, char **data, size_t *length, Error *err)
{
    char *packed;
    size_t count;
    /* Deflate grows what it cannot pack by less than a thousandth. */
    if (!read_file(path, limit + limit / 1000 + 4096, &packed, &count, err)) return false;
    z_stream stream = {.next_in = (Bytef *)packed, .avail_in = (uInt)count};
    Text text = {0};
    bool good = count <= (uInt)-1 || fail(err, "%s: a gzip file of more than 4 GB", path);
    if (good && inflateInit2(&stream, GZIP_ONLY) != Z_OK) good = fail(err, "%s: zlib cannot be set up", path);
    if (good) {
        good = unpack(&stream, path, limit, &text, err);
        inflateEnd(&stream);
    }
    free(packed);
    if (!good) {
        text_free(&text);
        return false;
    }
    text_add_bytes(&text, "", 0); /* an empty content has a terminator too */
    *data = text.data;
    *length = text.length;
    return true;
}
