/* Reading a tensor's elements, mapped or fetched, and the names of their types. */
#include "harness/io/tensor.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [TENSOR_F32] = {"F32", 4}, [TENSOR_F16] = {"F16", 2},   [TENSOR_BF16] = {"BF16", 2}, [TENSOR_F64] = {"F64", 8},
    [TENSOR_I64] = {"I64", 8}, [TENSOR_I32] = {"I32", 4},   [TENSOR_I16] = {"I16", 2},   [TENSOR_I8] = {"I8", 1},
    [TENSOR_U8] = {"U8", 1},   [TENSOR_BOOL] = {"BOOL", 1},
};

size_t tensor_type_size(TensorType type)
{
    return types[type].size;
}

const char *tensor_type_name(TensorType type)
{
    return types[type].name;
}

bool tensor_type_named(const char *name, TensorType *type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(name, types[i].name) != 0) continue;
        *type = (TensorType)i;
        return true;
    }
    return false;
}

const void *tensor_data(const TensorView *view, Error *err)
{
    return view->data ? view->data : view->fetch(view, err);
}

/* Of a mapping only whole pages of the view's own: those at the ends may be read by its neighbours next. */
void tensor_let_go(const TensorView *view)
{
    if (!view->data) {
        view->let_go(view);
        return;
    }
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)view->data;
    const uintptr_t end = (start + view->count * tensor_type_size(view->type)) & ~(page - 1);
    const uintptr_t first = (start + page - 1) & ~(page - 1);
    if (end > first) madvise((void *)first, end - first, MADV_DONTNEED); /* advice: a refusal changes nothing */
}

/* Elements may lie at any address in the mapped file: memcpy is the portable unaligned load. */
bool tensor_to_float(const TensorView *view, float *values, Error *err)
{
    const unsigned char *from = tensor_data(view, err);
    if (!from) return false;
    switch (view->type) {
    case TENSOR_F32:
        if (view->count) memcpy(values, from, view->count * sizeof(float));
        return true;
    case TENSOR_F16:
    case TENSOR_BF16:
        for (size_t i = 0; i < view->count; i++) {
            uint16_t word;
            memcpy(&word, from + i * sizeof word, sizeof word);
            values[i] = view->type == TENSOR_F16 ? half_to_float(word) : bfloat_to_float(word);
        }
        return true;
    case TENSOR_F64:
        for (size_t i = 0; i < view->count; i++) {
            double value;
            memcpy(&value, from + i * sizeof value, sizeof value);
            values[i] = (float)value;
        }
        return true;
    default:
        return fail(err, "%s: the tensor \"%s\" is of type %s; numbers with a fraction are needed", view->file,
                    view->name, tensor_type_name(view->type));
    }
}
