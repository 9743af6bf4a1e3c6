/* Writing safetensors: header, then the data converted piece by piece. */
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/json.h"
#include "harness/io/safetensors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t elements(const TensorOut *tensor)
{
    size_t count = 1;
    for (int i = 0; i < tensor->rank; i++) count *= tensor->dim[i];
    return count;
}

/* The header with its length in front, padded with blanks so that the data begins at a multiple of 8. */
static void add_header(Text *text, const TensorOut *tensors, size_t count, TensorType type, const char *const *metadata)
{
    size_t offset = 0;
    bool first = true;
    text_add_bytes(text, "\0\0\0\0\0\0\0\0", 8);
    text_add(text, "{");
    if (metadata && metadata[0]) {
        text_add(text, "\"__metadata__\":{");
        for (size_t i = 0; metadata[i]; i += 2) {
            if (i) text_add(text, ",");
            json_quote(text, metadata[i]);
            text_add(text, ":");
            json_quote(text, metadata[i + 1]);
        }
        text_add(text, "}");
        first = false;
    }
    for (size_t i = 0; i < count; i++, first = false) {
        if (!first) text_add(text, ",");
        json_quote(text, tensors[i].name);
        text_addf(text, ":{\"dtype\":\"%s\",\"shape\":[", tensor_type_name(type));
        for (int k = 0; k < tensors[i].rank; k++) text_addf(text, "%s%zu", k ? "," : "", tensors[i].dim[k]);
        const size_t end = offset + elements(&tensors[i]) * tensor_type_size(type);
        text_addf(text, "],\"data_offsets\":[%zu,%zu]}", offset, end);
        offset = end;
    }
    text_add(text, "}");
    while (text->length % 8) text_add(text, " ");
    const uint64_t length = text->length - 8;
    for (int i = 0; i < 8; i++) text->data[i] = (char)(length >> (8 * i) & 0xff);
}

static bool put_values(FILE *file, const float *values, size_t count, TensorType type)
{
    if (type == TENSOR_F32) return fwrite(values, sizeof *values, count, file) == count;
    uint16_t words[4096];
    for (size_t at = 0; at < count;) {
        const size_t left = count - at, piece = left < 4096 ? left : 4096;
        for (size_t i = 0; i < piece; i++)
            words[i] = type == TENSOR_F16 ? float_to_half(values[at + i]) : float_to_bfloat(values[at + i]);
        if (fwrite(words, sizeof *words, piece, file) != piece) return false;
        at += piece;
    }
    return true;
}

static bool put_all(FILE *file, const TensorOut *tensors, size_t count, TensorType type, const Text *header)
{
    if (fwrite(header->data, 1, header->length, file) != header->length) return false;
    for (size_t i = 0; i < count; i++)
        if (!put_values(file, tensors[i].values, elements(&tensors[i]), type)) return false;
    return fflush(file) == 0 && fsync(fileno(file)) == 0;
}

bool safetensors_write(const char *path, const TensorOut *tensors, size_t count, TensorType type,
                       const char *const *metadata, Error *err)
{
    if (type != TENSOR_F32 && type != TENSOR_F16 && type != TENSOR_BF16)
        return fail(err, "%s: cannot write type %s; F32, F16 and BF16 are written", path, tensor_type_name(type));
    Text header = {0};
    add_header(&header, tensors, count, type, metadata);
    char *temporary = xformat("%s.tmp-%ld", path, (long)getpid());
    FILE *file = fopen(temporary, "wbe");
    bool good = file && put_all(file, tensors, count, type, &header);
    int reason = errno; /* of the first failure, not of the clearing up after it */
    if (file && fclose(file) != 0 && good) good = false, reason = errno;
    if (good && rename(temporary, path) != 0) good = false, reason = errno;
    if (!good) {
        unlink(temporary);
        fail(err, "%s: cannot write: %s; free some space or choose another place", path, strerror(reason));
    }
    free(temporary);
    text_free(&header);
    return good;
}
