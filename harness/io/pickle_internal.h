/* What the pickle machine and its calls share. */
#pragma once

#include "harness/io/pickle.h"

enum { VALUES_A_PIECE = 64 }; /* values are taken from the arena together: it rounds to 64 bytes */

typedef struct Pickle {
    const uint8_t *bytes;
    size_t length, at;
    const char *where;
    Arena *arena;
    Error *err;
    PickleValue *piece; /* the next free one */
    size_t values;
    PickleValue **stack;
    size_t height, stack_capacity;
    size_t *marks, mark_count, mark_capacity; /* heights of the stack */
    PickleValue **memo;
    size_t memo_capacity, memo_count;
} Pickle;

/* "WHERE: byte N of M: sentence"; returns false. */
bool pickle_fail(const Pickle *p, const char *sentence);

/* pickle_stack.c: NULL, false with a sentence when there is nothing to take, or too much to keep. */
PickleValue *pickle_new(Pickle *p, PickleType type);
bool pickle_push(Pickle *p, PickleValue *value); /* NULL: false, the sentence is there already */
PickleValue *pickle_pop(Pickle *p);
PickleValue *pickle_top(Pickle *p);
bool pickle_push_mark(Pickle *p);
bool pickle_pop_mark(Pickle *p, size_t *first, size_t *count);
bool pickle_append(Pickle *p, PickleValue *list, PickleValue *item); /* to a list, tuple or dictionary */
bool pickle_put(Pickle *p, uint64_t place);                          /* the top into the memo */

/* pickle_calls.c */
bool pickle_name_allowed(const char *module, const char *name);
/* What calling (or making an instance of) a name gives; NULL with a sentence when the arguments do not fit or it is not to be called. */
PickleValue *pickle_call(Pickle *p, const PickleValue *callable, const PickleValue *arguments);
/* The storage that a persistent id means: ("storage", torch.FloatStorage, key, place, elements). */
PickleValue *pickle_storage(Pickle *p, const PickleValue *id);
