/* The names that a pickle of tensors may use, and what each one means here. A name is plain data: what it stands for in Python is never
 * looked up. */
#include "harness/base/text.h"
#include "harness/io/pickle_internal.h"

#include <string.h>

typedef PickleValue *Call(Pickle *p, const PickleValue *arguments);

static PickleValue *wrong(Pickle *p, const char *sentence)
{
    pickle_fail(p, sentence);
    return NULL;
}

/* Argument i, or NULL. */
static PickleValue *argument(const PickleValue *arguments, size_t i)
{
    return i < arguments->list.count ? arguments->list.items[i] : NULL;
}

static bool is_type(const PickleValue *value, PickleType type)
{
    return value && value->type == type;
}

static bool size_of(const PickleValue *value, size_t *size)
{
    if (!is_type(value, PICKLE_INT) || value->integer < 0) return false;
    *size = (size_t)value->integer;
    return true;
}

/* Shape and strides: whole numbers, one of each an axis. */
static bool read_axes(PickleTensor *t, const PickleValue *sizes, const PickleValue *strides)
{
    if (!is_type(sizes, PICKLE_TUPLE) || !is_type(strides, PICKLE_TUPLE)) return false;
    if (sizes->list.count != strides->list.count || sizes->list.count > TENSOR_RANK_MAX) return false;
    t->rank = (int)sizes->list.count;
    t->count = 1;
    for (int i = 0; i < t->rank; i++)
        if (!size_of(sizes->list.items[i], &t->dim[i]) || !size_of(strides->list.items[i], &t->stride[i]) ||
            __builtin_mul_overflow(t->count, t->dim[i], &t->count))
            return false;
    return true;
}

/* Whether the last element that shape and strides name is in the storage; no sum is formed that could overflow. */
static bool inside(const PickleTensor *t)
{
    size_t last = t->offset, step;
    if (t->count == 0) return true;
    for (int i = 0; i < t->rank; i++)
        if (__builtin_mul_overflow(t->dim[i] - 1, t->stride[i], &step) || __builtin_add_overflow(last, step, &last))
            return false;
    return last < t->storage->count;
}

/* _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks[, metadata]) */
static PickleValue *rebuild_tensor(Pickle *p, const PickleValue *a)
{
    const PickleValue *storage = argument(a, 0);
    PickleTensor *t = arena_alloc(p->arena, sizeof *t);
    if (!is_type(storage, PICKLE_STORAGE) || !size_of(argument(a, 1), &t->offset) ||
        !read_axes(t, argument(a, 2), argument(a, 3)))
        return wrong(p, "a tensor whose storage, shape or strides cannot be read; damaged");
    t->storage = storage->storage;
    if (!inside(t)) return wrong(p, "a tensor that leaves its storage; damaged");
    PickleValue *value = pickle_new(p, PICKLE_TENSOR);
    if (value) value->tensor = t;
    return value;
}

/* _rebuild_parameter(data, requires_grad, backward_hooks[, state]): the data. The first argument of build_intlist and its like. */
static PickleValue *first_argument(Pickle *p, const PickleValue *a)
{
    PickleValue *first = argument(a, 0);
    return first ? first : wrong(p, "a call without arguments; damaged");
}

/* OrderedDict(), or OrderedDict([[key, value], ...]) as Python 2 wrote it; the same for defaultdict. */
static PickleValue *new_dict(Pickle *p, const PickleValue *a)
{
    const PickleValue *pairs = argument(a, 0);
    PickleValue *dict = pickle_new(p, PICKLE_DICT);
    if (!dict || !is_type(pairs, PICKLE_LIST)) return dict;
    for (size_t i = 0; i < pairs->list.count; i++) {
        const PickleValue *pair = pairs->list.items[i];
        if ((pair->type != PICKLE_LIST && pair->type != PICKLE_TUPLE) || pair->list.count != 2)
            return wrong(p, "an ordered dictionary with an entry that is no pair; damaged");
        pickle_append(p, dict, pair->list.items[0]);
        pickle_append(p, dict, pair->list.items[1]);
    }
    return dict;
}

/* What nobody looks into. */
static PickleValue *inert(Pickle *p, const PickleValue *a)
{
    (void)a;
    PickleValue *value = pickle_new(p, PICKLE_OBJECT);
    if (value) value->object.class = "inert";
    return value;
}

/* NULL: may be named, not called. */
static const struct {
    const char *module, *name;
    Call *call;
} names[] = {
    {"torch._utils", "_rebuild_tensor_v2", rebuild_tensor},
    {"torch._utils", "_rebuild_tensor", rebuild_tensor},
    {"torch._utils", "_rebuild_parameter", first_argument},
    {"torch._utils", "_rebuild_parameter_with_state", first_argument},
    {"torch.jit._pickle", "build_intlist", first_argument},
    {"torch.jit._pickle", "build_doublelist", first_argument},
    {"torch.jit._pickle", "build_boollist", first_argument},
    {"torch.jit._pickle", "build_tensorlist", first_argument},
    {"torch.jit._pickle", "restore_type_tag", first_argument},
    {"torch", "Size", first_argument},
    {"torch", "device", inert},
    {"collections", "OrderedDict", new_dict},
    {"collections", "defaultdict", inert},
    {"collections", "Counter", inert},
    {"__builtin__", "set", inert},
    {"builtins", "set", inert},
    {"numpy.core.multiarray", "scalar", inert},
    {"numpy._core.multiarray", "scalar", inert},
    {"numpy", "dtype", inert},
    {"_codecs", "encode", inert},
    {"argparse", "Namespace", inert},
    {"torch", "FloatStorage", NULL},
    {"torch", "HalfStorage", NULL},
    {"torch", "BFloat16Storage", NULL},
    {"torch", "DoubleStorage", NULL},
    {"torch", "LongStorage", NULL},
    {"torch", "IntStorage", NULL},
    {"torch", "ShortStorage", NULL},
    {"torch", "CharStorage", NULL},
    {"torch", "ByteStorage", NULL},
    {"torch", "BoolStorage", NULL},
    {"torch", "float32", NULL},
    {"torch", "float16", NULL},
    {"torch", "bfloat16", NULL},
    {"torch", "float64", NULL},
    {"torch", "int64", NULL},
    {"__builtin__", "dict", NULL},
    {"builtins", "dict", NULL},
    {"__builtin__", "list", NULL},
    {"builtins", "list", NULL},
    {"__builtin__", "int", NULL},
    {"builtins", "int", NULL},
};

static const struct {
    const char *name;
    TensorType type;
} storages[] = {
    {"torch.FloatStorage", TENSOR_F32},  {"torch.HalfStorage", TENSOR_F16}, {"torch.BFloat16Storage", TENSOR_BF16},
    {"torch.DoubleStorage", TENSOR_F64}, {"torch.LongStorage", TENSOR_I64}, {"torch.IntStorage", TENSOR_I32},
    {"torch.ShortStorage", TENSOR_I16},  {"torch.CharStorage", TENSOR_I8},  {"torch.ByteStorage", TENSOR_U8},
    {"torch.BoolStorage", TENSOR_BOOL},
};

/* Classes of the archive's own TorchScript code, which is never read: their instances are their attributes. */
static bool is_torchscript(const char *module)
{
    return strcmp(module, "__torch__") == 0 || text_begins(module, "__torch__.");
}

/* Lightning keeps its callbacks' states under their classes. */
static bool is_lightning(const char *module)
{
    return text_begins(module, "pytorch_lightning.") || text_begins(module, "lightning.pytorch.");
}

bool pickle_name_allowed(const char *module, const char *name)
{
    if (is_torchscript(module) || is_lightning(module)) return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(module, names[i].module) == 0 && strcmp(name, names[i].name) == 0) return true;
    return false;
}

static bool is_name(const char *full, size_t i)
{
    const size_t length = strlen(names[i].module);
    return strncmp(full, names[i].module, length) == 0 && full[length] == '.' &&
           strcmp(full + length + 1, names[i].name) == 0;
}

PickleValue *pickle_call(Pickle *p, const PickleValue *callable, const PickleValue *arguments)
{
    if (callable->type != PICKLE_GLOBAL || arguments->type != PICKLE_TUPLE)
        return wrong(p, "a call of what is no function, or without a tuple of arguments; damaged");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].call && is_name(callable->text, i)) return names[i].call(p, arguments);
    if (!is_torchscript(callable->text)) {
        fail(
            p->err,
            "%s: byte %zu: it calls \"%.160s\", which no tensor needs; such a file could run code, so it is not opened",
            p->where, p->at, callable->text);
        return NULL;
    }
    PickleValue *object = pickle_new(p, PICKLE_OBJECT);
    if (object) object->object.class = callable->text;
    return object;
}

/* A key becomes a part of an entry's name: one that leads elsewhere is refused. */
static bool is_key(const char *key)
{
    return *key && !strchr(key, '/') && !strchr(key, '\\') && strcmp(key, "..") != 0 && strcmp(key, ".") != 0;
}

PickleValue *pickle_storage(Pickle *p, const PickleValue *id)
{
    const PickleValue *tag = is_type(id, PICKLE_TUPLE) ? argument(id, 0) : NULL;
    const PickleValue *class = tag ? argument(id, 1) : NULL, *key = tag ? argument(id, 2) : NULL;
    PickleStorage *s = arena_alloc(p->arena, sizeof *s);
    if (!is_type(tag, PICKLE_TEXT) || strcmp(tag->text, "storage") != 0 || !is_type(class, PICKLE_GLOBAL) ||
        !is_type(key, PICKLE_TEXT) || !is_key(key->text) || !size_of(argument(id, 4), &s->count))
        return wrong(p, "a persistent id that is no storage of a tensor; damaged, or of another program");
    size_t i = 0;
    while (i < sizeof storages / sizeof *storages && strcmp(class->text, storages[i].name) != 0) i++;
    if (i == sizeof storages / sizeof *storages)
        return wrong(
            p, "a storage of a type that is not read (float, half, bfloat16, double, whole numbers and bool are)");
    s->type = storages[i].type;
    s->key = key->text;
    PickleValue *value = pickle_new(p, PICKLE_STORAGE);
    if (value) value->storage = s;
    return value;
}
