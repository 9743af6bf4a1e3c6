/* A named array in a file, whatever the file's format: what readers of checkpoints hand out (tensor_file.h).
 *
 *     float *values = malloc(w->count * sizeof(float));
 *     if (!tensor_to_float(w, values, err)) ...
 *     tensor_let_go(w);
 *
 * Elements lie in the file in little-endian order, rows first, and need not be aligned to their type. */
#pragma once

#include "harness/base/error.h"
#include "harness/base/half.h"

#include <stddef.h>
#include <stdint.h>

typedef enum TensorType {
    TENSOR_F32,
    TENSOR_F16,
    TENSOR_BF16,
    TENSOR_F64,
    TENSOR_I64,
    TENSOR_I32,
    TENSOR_I16,
    TENSOR_I8,
    TENSOR_U8,
    TENSOR_BOOL
} TensorType;

enum { TENSOR_RANK_MAX = 8 };

typedef struct TensorView TensorView;

struct TensorView {
    const char *name;
    TensorType type;
    int rank;
    size_t dim[TENSOR_RANK_MAX];
    size_t count;     /* elements */
    const void *data; /* mapped from the file; NULL: read when asked for, by fetch */
    const char *file; /* the path it came from, for messages */

    /* Of formats that cannot be mapped. fetch returns the elements (kept until let_go), NULL on failure. */
    const void *(*fetch)(const TensorView *view, Error *err);
    void (*let_go)(const TensorView *view);
    void *source;
};

/* The elements as they lie in the file; valid until tensor_let_go or the file is closed. NULL on failure. */
const void *tensor_data(const TensorView *view, Error *err);
/* All elements as float32; fails on types that are not floats. NaN and infinity pass through. */
bool tensor_to_float(const TensorView *view, float *values, Error *err);
/* The data will not be read again soon: its pages leave this process's memory (a later read finds them in the file). */
void tensor_let_go(const TensorView *view);

size_t tensor_type_size(TensorType type);      /* bytes an element */
const char *tensor_type_name(TensorType type); /* as safetensors has it: "F32" */
/* The type of that name; false when there is none. */
bool tensor_type_named(const char *name, TensorType *type);
