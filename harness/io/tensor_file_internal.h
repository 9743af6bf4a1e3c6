/* Inside the readers of checkpoint files: one file, whatever its format. */
#pragma once

#include "harness/base/memory.h"
#include "harness/io/tensor.h"

typedef struct TensorPart TensorPart;

typedef struct TensorFormat {
    const char *name;
    /* Whether a file that begins with these bytes is of this format. */
    bool (*matches)(const unsigned char *bytes, size_t count);
    /* Opens part->path; fills views, count and state. What it allocates outside the arena is freed by close, also after a failure. */
    bool (*open)(TensorPart *part, Arena *arena, Error *err);
    void (*close)(TensorPart *part);
    /* A text that the file says of itself under `key`, or NULL. NULL: it says nothing. */
    const char *(*metadata)(const TensorPart *part, const char *key);
} TensorFormat;

struct TensorPart {
    const char *path;
    const TensorFormat *format;
    TensorView *views; /* [count], sorted by name */
    size_t count;
    const char *variant; /* what the reader noticed: "TorchScript", "state_dict"; NULL: nothing */
    void *state;         /* the format's own */
};

extern const TensorFormat tensor_format_safetensors, tensor_format_torch;

int tensor_by_name(const void *a, const void *b); /* of views, for qsort and bsearch */
