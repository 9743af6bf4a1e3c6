/* Writing safetensors: header, then the data converted piece by piece. */
#include "harness/base/temporary.h"
#include "harness/base/text.h"
#include "harness/io/json.h"
#include "harness/io/safetensors.h"

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

static void put_values(Temporary *t, const float *values, size_t count, TensorType type)
{
    if (type == TENSOR_F32) {
        temporary_write(t, values, count * sizeof *values);
        return;
    }
    uint16_t words[1 << 15];
    enum { WORDS = sizeof words / sizeof *words };
    for (size_t at = 0; at < count;) {
        const size_t left = count - at, piece = left < WORDS ? left : WORDS;
        for (size_t i = 0; i < piece; i++)
            words[i] = type == TENSOR_F16 ? float_to_half(values[at + i]) : float_to_bfloat(values[at + i]);
        temporary_write(t, words, piece * sizeof *words);
        at += piece;
    }
}

bool safetensors_write(const char *path, const TensorOut *tensors, size_t count, TensorType type,
                       const char *const *metadata, Error *err)
{
    if (type != TENSOR_F32 && type != TENSOR_F16 && type != TENSOR_BF16)
        return fail(err, "%s: cannot write type %s; F32, F16 and BF16 are written", path, tensor_type_name(type));
    Text header = {0};
    add_header(&header, tensors, count, type, metadata);
    Temporary t;
    bool good = temporary_open(&t, path, err);
    if (good) {
        temporary_write(&t, header.data, header.length);
        for (size_t i = 0; i < count; i++) put_values(&t, tensors[i].values, elements(&tensors[i]), type);
        good = temporary_commit(&t, err);
    }
    text_free(&header);
    return good;
}
