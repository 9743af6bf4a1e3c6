/* Golden arrays of tests/golden/NAME.safetensors, as floats or integers; a missing file or name fails the test. */
#pragma once

#include "harness/base/memory.h"
#include "harness/io/tensor_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline TensorFile *golden_open(const char *path)
{
    Error err;
    TensorFile *st = tensor_file_open(path, &err);
    if (!st) die("%s", err.text);
    return st;
}

static inline const TensorView *golden_view(const TensorFile *st, const char *name)
{
    const TensorView *view = tensor_file_find(st, name);
    if (!view) die("golden array %s is missing", name);
    return view;
}

/* Caller frees. */
static inline float *golden_floats(const TensorFile *st, const char *name)
{
    const TensorView *view = golden_view(st, name);
    float *values = xmalloc((view->count + 1) * sizeof *values);
    if (!tensor_to_float(view, values, &(Error){0})) die("golden array %s is not of floats", name);
    return values;
}

static inline int64_t *golden_integers(const TensorFile *st, const char *name)
{
    const TensorView *view = golden_view(st, name);
    if (view->type != TENSOR_I64) die("golden array %s is not int64", name);
    int64_t *values = xmalloc((view->count + 1) * sizeof *values);
    memcpy(values, view->data, view->count * sizeof *values);
    return values;
}
