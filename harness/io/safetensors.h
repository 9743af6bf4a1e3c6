/* Safetensors files: named arrays, mapped read-only; sharded checkpoints (an index file beside its shards) look like one.
 *
 *     Safetensors *st = safetensors_open("model.safetensors", err);
 *     const TensorView *w = safetensors_find(st, "visual.conv1.weight");
 *     float *values = malloc(w->count * sizeof(float));
 *     tensor_to_float(w, values);
 *     safetensors_close(st);
 *
 * Format: 8 bytes little-endian header length, JSON header, data (huggingface/safetensors, README). The header is untrusted:
 * every offset is checked against the file's size, every shape against its offsets, before a pointer is handed out. As in the
 * reference implementation the data must be covered without holes or overlap. Data need not be aligned to its type. */
#pragma once

#include "harness/base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef enum TensorType {
    TENSOR_F32,
    TENSOR_F16,
    TENSOR_BF16,
    TENSOR_F64,
    TENSOR_I64,
    TENSOR_I32,
    TENSOR_U8,
    TENSOR_BOOL
} TensorType;

enum { TENSOR_RANK_MAX = 8 };

typedef struct TensorView {
    const char *name;
    TensorType type;
    int rank;
    size_t dim[TENSOR_RANK_MAX];
    size_t count; /* elements */
    const void *data;
    const char *file; /* the path it came from, for messages */
} TensorView;

typedef struct Safetensors Safetensors;

/* Maps one file, or every shard that a `*.safetensors.index.json` names. Views stay valid until safetensors_close. Fails
 * (returns NULL) on: unreadable file, header longer than the file, JSON that is not a header, offsets that overlap or leave
 * the file, a shape that does not fit its offsets, an unknown dtype, a shard that is missing. */
Safetensors *safetensors_open(const char *path, Error *err);
void safetensors_close(Safetensors *st);

size_t safetensors_count(const Safetensors *st);
const TensorView *safetensors_at(const Safetensors *st, size_t i);
const TensorView *safetensors_find(const Safetensors *st, const char *name); /* NULL when absent */
/* A value of the header's "__metadata__", or NULL. */
const char *safetensors_metadata(const Safetensors *st, const char *key);

/* All elements as float32; false for types that are not floats. NaN and infinity pass through. */
bool tensor_to_float(const TensorView *view, float *values);
/* The data will not be read again soon: its pages leave this process's memory (a later read finds them in the file). */
void tensor_let_go(const TensorView *view);
uint16_t float_to_half(float value); /* round to nearest, ties to even; too large becomes infinity */
float half_to_float(uint16_t half);
uint16_t float_to_bfloat(float value); /* the upper half of a float32, rounded the same way */
float bfloat_to_float(uint16_t bfloat);
size_t tensor_type_size(TensorType type);      /* bytes an element */
const char *tensor_type_name(TensorType type); /* as in the header: "F32" */

/* Writing. Data is converted from float32 to `type` (F32, F16 or BF16); names are written in the order given. */
typedef struct TensorOut {
    const char *name;
    int rank;
    size_t dim[TENSOR_RANK_MAX];
    const float *values;
} TensorOut;
/* Temporary name, flush, rename. metadata: NULL-terminated key, value pairs or NULL. */
bool safetensors_write(const char *path, const TensorOut *tensors, size_t count, TensorType type,
                       const char *const *metadata, Error *err);
