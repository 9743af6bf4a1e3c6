/* Byte strings to small numbers: the vocabulary, and the words met so far. Keys are copied. */
#pragma once

#include "harness/base/memory.h"

#include <stdint.h>

typedef struct StringMapSlot StringMapSlot;

typedef struct StringMap { /* {0} is an empty map */
    StringMapSlot *slots;
    size_t capacity, count; /* capacity is a power of two, at most half full */
    Arena arena;
} StringMap;

/* -1 when the key is absent. */
int32_t string_map_get(const StringMap *map, const char *key, size_t bytes);
/* Sets the value (not negative) of a key. */
void string_map_put(StringMap *map, const char *key, size_t bytes, int32_t value);
void string_map_free(StringMap *map);
