/* Python pickles, as far as tensors need them: a reader that builds values and runs nothing.
 *
 *     const PickleValue *root = pickle_read(bytes, length, "FILE: data.pkl", &arena, err);
 *     const PickleValue *weights = pickle_get(root, "state_dict");
 *
 * A pickle is a program for a stack machine whose opcodes may call any function of any module (Python, Lib/pickletools.py describes
 * them). Here a call is answered for a short list of names only: those by which PyTorch writes tensors and containers
 * (torch/_utils.py: _rebuild_tensor_v2, _rebuild_parameter; collections.OrderedDict; torch.Size), and inert ones that training
 * programs leave beside the weights (numpy scalars, argparse.Namespace, names of Lightning's callbacks), which become
 * PICKLE_OBJECT without content. Every other name is refused by name, as is every opcode outside the list. Nothing is imported,
 * nothing is called.
 *
 * The bytes are untrusted: memory grows with their number only, up to PICKLE_VALUES_MAX values. Values may share parts and may
 * contain themselves; whoever walks them bounds depth and steps. */
#pragma once

#include "harness/base/error.h"
#include "harness/base/memory.h"
#include "harness/io/tensor.h"

#include <stdint.h>

enum { PICKLE_VALUES_MAX = 2000000 };

typedef enum PickleType {
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INT,
    PICKLE_FLOAT,
    PICKLE_TEXT, /* str or bytes */
    PICKLE_TUPLE,
    PICKLE_LIST,
    PICKLE_DICT,
    PICKLE_GLOBAL,  /* a name "module.name" that was not called */
    PICKLE_OBJECT,  /* an instance: of a TorchScript class with its attributes, of an inert class with none */
    PICKLE_STORAGE, /* where a tensor's elements lie in the archive */
    PICKLE_TENSOR
} PickleType;

typedef struct PickleValue PickleValue;

typedef struct PickleStorage {
    TensorType type;
    const char *key; /* names the entry data/KEY */
    size_t count;    /* elements */
} PickleStorage;

typedef struct PickleTensor {
    const PickleStorage *storage;
    size_t offset; /* of the first element in the storage */
    int rank;
    size_t dim[TENSOR_RANK_MAX], stride[TENSOR_RANK_MAX]; /* in elements */
    size_t count;
} PickleTensor;

struct PickleValue {
    PickleType type;
    union {
        int64_t integer;  /* BOOL, INT */
        double number;    /* FLOAT */
        const char *text; /* TEXT, terminated; GLOBAL: "module.name" */
        struct {          /* TUPLE, LIST; DICT: key, value, key, value ... */
            PickleValue **items;
            uint32_t count, capacity;
        } list;
        struct {
            const char *class;       /* "module.name" */
            PickleValue *attributes; /* a DICT, or NULL */
        } object;
        PickleStorage *storage;
        PickleTensor *tensor; /* inside its storage: every element that shape and strides name exists */
    };
};

/* The value that the pickle leaves on the stack; lives in the arena. `where` begins every sentence. NULL on: an opcode or a name that
 * is not of the list, a truncated pickle, more than PICKLE_VALUES_MAX values, a tensor that leaves its storage. */
PickleValue *pickle_read(const uint8_t *bytes, size_t length, const char *where, Arena *arena, Error *err);

/* The value of a dictionary's (or an object's attributes') text key; NULL when it is absent or `value` is no dictionary. The last
 * one when a key stands twice, as in Python. */
PickleValue *pickle_get(const PickleValue *value, const char *key);
