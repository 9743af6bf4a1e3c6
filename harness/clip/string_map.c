/* Open addressing: the first free slot from the hash on, in a table that is never more than half full. Hashes are kept
 * with the keys, so that growing reads no string and most comparisons end at the hash. */
#include "harness/clip/string_map.h"

#include <stdlib.h>
#include <string.h>

struct StringMapSlot {
    const char *key; /* NULL: free */
    size_t bytes;
    uint64_t hash;
    int32_t value;
};

/* FNV-1a (Fowler, Noll, Vo), its high bits folded into the low ones that choose the slot */
static uint64_t hash_of(const char *key, size_t bytes)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < bytes; i++) hash = (hash ^ (uint8_t)key[i]) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

static StringMapSlot *slot_of(StringMapSlot *slots, size_t capacity, const char *key, size_t bytes, uint64_t hash)
{
    for (size_t i = hash & (capacity - 1);; i = (i + 1) & (capacity - 1)) {
        StringMapSlot *slot = &slots[i];
        if (!slot->key || (slot->hash == hash && slot->bytes == bytes && !memcmp(slot->key, key, bytes))) return slot;
    }
}

int32_t string_map_get(const StringMap *map, const char *key, size_t bytes)
{
    if (!map->capacity) return -1;
    const StringMapSlot *slot = slot_of(map->slots, map->capacity, key, bytes, hash_of(key, bytes));
    return slot->key ? slot->value : -1;
}

static void grow(StringMap *map)
{
    const size_t capacity = map->capacity ? 2 * map->capacity : 1024;
    StringMapSlot *slots = xcalloc(capacity, sizeof *slots);
    for (size_t i = 0; i < map->capacity; i++) {
        const StringMapSlot *old = &map->slots[i];
        if (old->key) *slot_of(slots, capacity, old->key, old->bytes, old->hash) = *old;
    }
    free(map->slots);
    map->slots = slots;
    map->capacity = capacity;
}

void string_map_put(StringMap *map, const char *key, size_t bytes, int32_t value)
{
    if (2 * (map->count + 1) > map->capacity) grow(map);
    const uint64_t hash = hash_of(key, bytes);
    StringMapSlot *slot = slot_of(map->slots, map->capacity, key, bytes, hash);
    if (!slot->key) {
        char *copy = arena_alloc(&map->arena, bytes + 1);
        memcpy(copy, key, bytes);
        *slot = (StringMapSlot){.key = copy, .bytes = bytes, .hash = hash};
        map->count++;
    }
    slot->value = value;
}

void string_map_free(StringMap *map)
{
    free(map->slots);
    arena_free(&map->arena);
    *map = (StringMap){0};
}
