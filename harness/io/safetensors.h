/* Writing safetensors files (read by tensor_file.h): named arrays behind a JSON header.
 *
 * Format: 8 bytes little-endian header length, JSON header, data (huggingface/safetensors, README). When one is read its header is
 * untrusted: every offset is checked against the file's size, every shape against its offsets, before a pointer is handed out. As in
 * the reference implementation the data must be covered without holes or overlap. Data need not be aligned to its type. */
#pragma once

#include "harness/io/safetensors.h"
#include "harness/io/tensor.h"

/* Data is converted from float32 to `type` (F32, F16 or BF16); names are written in the order given. */
typedef struct TensorOut {
    const char *name;
    int rank;
    size_t dim[TENSOR_RANK_MAX];
    const float *values;
} TensorOut;
/* Temporary name, flush, rename. metadata: NULL-terminated key, value pairs or NULL. */
bool safetensors_write(const char *path, const TensorOut *tensors, size_t count, TensorType type,
                       const char *const *metadata, Error *err);
