/* A tree of characters whose edges all stand in one hash table, by the node that they leave and the character on them. */
#include "harness/clip/phrase_trie.h"

#include "harness/base/memory.h"

#include <stdlib.h>
#include <string.h>

typedef struct Edge {
    uint64_t key; /* node << 21 | character, and 1 << 63; 0: a free slot */
    uint32_t to;
} Edge;

struct PhraseTrie {
    Edge *edges; /* hash table, at most half full */
    size_t capacity, edge_count;
    int32_t *numbers; /* of the phrase that ends at a node; -1: none does */
    size_t nodes, node_capacity;
};

static uint32_t new_node(PhraseTrie *t)
{
    if (t->nodes == t->node_capacity) {
        t->node_capacity *= 2;
        t->numbers = xrealloc(t->numbers, t->node_capacity * sizeof *t->numbers);
    }
    t->numbers[t->nodes] = -1;
    return (uint32_t)t->nodes++;
}

PhraseTrie *phrase_trie_new(void)
{
    PhraseTrie *t = xcalloc(1, sizeof *t);
    t->capacity = 64;
    t->edges = xcalloc(t->capacity, sizeof *t->edges);
    t->node_capacity = 64;
    t->numbers = xmalloc(t->node_capacity * sizeof *t->numbers);
    new_node(t); /* the root */
    return t;
}

void phrase_trie_free(PhraseTrie *t)
{
    if (!t) return;
    free(t->edges);
    free(t->numbers);
    free(t);
}

static Edge *slot_of(Edge *edges, size_t capacity, uint64_t key)
{
    const uint64_t hash = key * 0x9E3779B97F4A7C15u;
    for (size_t i = (hash >> 32) & (capacity - 1);; i = (i + 1) & (capacity - 1))
        if (!edges[i].key || edges[i].key == key) return &edges[i];
}

static uint64_t key_of(uint32_t node, uint32_t character)
{
    return (uint64_t)1 << 63 | (uint64_t)node << 21 | character;
}

static void grow(PhraseTrie *t)
{
    const size_t capacity = 2 * t->capacity;
    Edge *edges = xcalloc(capacity, sizeof *edges);
    for (size_t i = 0; i < t->capacity; i++)
        if (t->edges[i].key) *slot_of(edges, capacity, t->edges[i].key) = t->edges[i];
    free(t->edges);
    t->edges = edges;
    t->capacity = capacity;
}

void phrase_trie_add(PhraseTrie *t, const uint32_t *phrase, size_t count, int32_t number)
{
    uint32_t node = 0;
    for (size_t i = 0; i < count; i++) {
        if (2 * (t->edge_count + 1) > t->capacity) grow(t);
        Edge *edge = slot_of(t->edges, t->capacity, key_of(node, phrase[i]));
        if (!edge->key) {
            *edge = (Edge){.key = key_of(node, phrase[i]), .to = new_node(t)};
            t->edge_count++;
        }
        node = edge->to;
    }
    t->numbers[node] = number;
}

size_t phrase_trie_find(const PhraseTrie *t, const uint32_t *text, size_t left, int32_t *number)
{
    uint32_t node = 0;
    size_t longest = 0;
    for (size_t i = 0; i < left; i++) {
        const Edge *edge = slot_of(t->edges, t->capacity, key_of(node, text[i]));
        if (!edge->key) break;
        node = edge->to;
        if (t->numbers[node] >= 0) *number = t->numbers[node], longest = i + 1;
    }
    return longest;
}
