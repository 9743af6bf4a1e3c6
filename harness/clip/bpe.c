/* A word's symbols are a linked list, merges a hash table by pair, candidates a heap by rank: n symbols take n log n
 * steps, as a word of a stranger's text may be megabytes long. A candidate whose symbols have changed meanwhile is
 * recognised by their ids and dropped, which is cheaper than taking it out of the heap. */
#include "harness/clip/bpe.h"

#include "harness/base/memory.h"
#include "harness/clip/string_map.h"
#include "harness/clip/unicode.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_REMEMBERED = 1 << 18 };

/* What a pair of neighbours becomes. */
typedef struct Merge {
    int32_t left, right; /* left -1: a free slot */
    int32_t rank, made;
} Merge;

/* A word in the making: symbols as a linked list, so that a merge moves nothing. */
typedef struct Symbol {
    int32_t id; /* -1: merged into its left neighbour */
    int32_t previous, next;
} Symbol;

typedef struct Candidate { /* a pair that may be merged, as it was when it was found */
    int32_t rank, position, left, right;
} Candidate;

typedef struct Span {
    size_t start, count;
} Span;

struct Bpe {
    size_t size;
    int32_t start, end;
    int32_t byte_id[2][256]; /* [1]: with </w> */
    Merge *merges;           /* hash table */
    size_t merge_capacity;   /* a power of two */
    StringMap tokens;        /* text -> id */
    StringMap words;         /* word -> index into spans */
    Span *spans;
    size_t span_count, span_capacity;
    int32_t *ids; /* of all remembered words */
    size_t id_count, id_capacity;
    Symbol *symbols; /* of the word at hand */
    Candidate *heap;
    size_t symbol_capacity, heap_count, heap_capacity;
};

/* ---- merges by pair ---- */

static Merge *merge_slot(const Bpe *b, int32_t left, int32_t right)
{
    const uint64_t key = ((uint64_t)(uint32_t)left << 32 | (uint32_t)right) * 0x9E3779B97F4A7C15u;
    for (size_t i = (key >> 32) & (b->merge_capacity - 1);; i = (i + 1) & (b->merge_capacity - 1)) {
        Merge *m = &b->merges[i];
        if (m->left < 0 || (m->left == left && m->right == right)) return m;
    }
}

static bool add_merges(Bpe *b, const StringMap *vocabulary, const TextList *merges, const char *where, Error *err)
{
    b->merge_capacity = 1024;
    while (b->merge_capacity < 2 * merges->count + 2) b->merge_capacity *= 2;
    b->merges = xcalloc(b->merge_capacity, sizeof *b->merges);
    for (size_t i = 0; i < b->merge_capacity; i++) b->merges[i].left = -1;
    for (size_t i = 0; i < merges->count; i++) {
        const char *pair = merges->items[i], *blank = strchr(pair, ' ');
        if (!blank || blank == pair || !blank[1] || strchr(blank + 1, ' '))
            return fail(err, "%s: merge %zu is \"%.60s\", two symbols with a blank between are needed", where, i + 1,
                        pair);
        const size_t left_bytes = (size_t)(blank - pair), right_bytes = strlen(blank + 1);
        char *joined = xformat("%.*s%s", (int)left_bytes, pair, blank + 1);
        const int32_t left = string_map_get(vocabulary, pair, left_bytes);
        const int32_t right = string_map_get(vocabulary, blank + 1, right_bytes);
        const int32_t made = string_map_get(vocabulary, joined, left_bytes + right_bytes);
        free(joined);
        if (left < 0 || right < 0 || made < 0)
            return fail(err, "%s: merge %zu, \"%.60s\", uses or makes a token that the vocabulary lacks", where, i + 1,
                        pair);
        *merge_slot(b, left, right) = (Merge){.left = left, .right = right, .rank = (int32_t)i, .made = made};
    }
    return true;
}

/* ---- a heap of candidates, lowest rank first, then leftmost ---- */

static bool before(const Candidate *a, const Candidate *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->position < b->position;
}

static void heap_push(Bpe *b, Candidate c)
{
    if (b->heap_count == b->heap_capacity) {
        b->heap_capacity = b->heap_capacity ? 2 * b->heap_capacity : 64;
        b->heap = xrealloc(b->heap, b->heap_capacity * sizeof *b->heap);
    }
    size_t i = b->heap_count++;
    for (; i > 0 && before(&c, &b->heap[(i - 1) / 2]); i = (i - 1) / 2) b->heap[i] = b->heap[(i - 1) / 2];
    b->heap[i] = c;
}

static Candidate heap_pop(Bpe *b)
{
    const Candidate top = b->heap[0], last = b->heap[--b->heap_count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < b->heap_count; i = child) {
        if (child + 1 < b->heap_count && before(&b->heap[child + 1], &b->heap[child])) child++;
        if (!before(&b->heap[child], &last)) break;
        b->heap[i] = b->heap[child];
    }
    b->heap[i] = last;
    return top;
}

/* ---- one word ---- */

static void consider(Bpe *b, int32_t left)
{
    if (left < 0 || b->symbols[left].next < 0) return;
    const int32_t a = b->symbols[left].id, c = b->symbols[b->symbols[left].next].id;
    const Merge *m = merge_slot(b, a, c);
    if (m->left >= 0) heap_push(b, (Candidate){.rank = m->rank, .position = left, .left = a, .right = c});
}

static void set_symbols(Bpe *b, const char *word, size_t bytes)
{
    if (bytes > b->symbol_capacity) {
        b->symbol_capacity = 2 * bytes;
        b->symbols = xrealloc(b->symbols, b->symbol_capacity * sizeof *b->symbols);
    }
    for (size_t i = 0; i < bytes; i++) {
        const bool last = i + 1 == bytes;
        const int32_t id = b->byte_id[last][(uint8_t)word[i]];
        b->symbols[i] = (Symbol){.id = id, .previous = (int32_t)i - 1, .next = last ? -1 : (int32_t)i + 1};
    }
}

static void merge_symbols(Bpe *b, size_t count)
{
    b->heap_count = 0;
    for (size_t i = 0; i < count; i++) consider(b, (int32_t)i);
    while (b->heap_count) {
        const Candidate c = heap_pop(b);
        Symbol *left = &b->symbols[c.position];
        if (left->id != c.left || left->next < 0) continue; /* merged away meanwhile */
        Symbol *right = &b->symbols[left->next];
        if (right->id != c.right) continue;
        left->id = merge_slot(b, c.left, c.right)->made;
        left->next = right->next;
        right->id = -1;
        if (left->next >= 0) b->symbols[left->next].previous = c.position;
        consider(b, left->previous);
        consider(b, c.position);
    }
}

static Span append_ids(Bpe *b, size_t bytes)
{
    if (b->id_capacity - b->id_count < bytes) {
        b->id_capacity = 2 * (b->id_count + bytes);
        b->ids = xrealloc(b->ids, b->id_capacity * sizeof *b->ids);
    }
    Span span = {.start = b->id_count};
    for (int32_t i = bytes ? 0 : -1; i >= 0; i = b->symbols[i].next)
        b->ids[span.start + span.count++] = b->symbols[i].id;
    return span;
}

const int32_t *bpe_word(Bpe *b, const char *word, size_t bytes, size_t *count)
{
    if (bytes > INT32_MAX / 2) die("a word of %zu bytes is too long", bytes);
    const int32_t known = string_map_get(&b->words, word, bytes);
    if (known >= 0) {
        *count = b->spans[known].count;
        return b->ids + b->spans[known].start;
    }
    set_symbols(b, word, bytes);
    merge_symbols(b, bytes);
    const Span span = append_ids(b, bytes);
    if (b->span_count < WORDS_REMEMBERED) { /* else the ids are overwritten by the next word */
        if (b->span_count == b->span_capacity) {
            b->span_capacity = b->span_capacity ? 2 * b->span_capacity : 1024;
            b->spans = xrealloc(b->spans, b->span_capacity * sizeof *b->spans);
        }
        string_map_put(&b->words, word, bytes, (int32_t)b->span_count);
        b->spans[b->span_count++] = span;
        b->id_count += span.count;
    }
    *count = span.count;
    return b->ids + span.start;
}

/* ---- making one ---- */

static void find_byte_ids(Bpe *b, const StringMap *vocabulary)
{
    for (unsigned byte = 0; byte < 256; byte++)
        for (int last = 0; last < 2; last++) {
            char token[4 + sizeof "</w>"];
            size_t bytes = unicode_put(byte_character((uint8_t)byte), token);
            if (last) memcpy(token + bytes, "</w>", 4), bytes += 4;
            const int32_t id = string_map_get(vocabulary, token, bytes);
            b->byte_id[last][byte] = id < 0 ? b->end : id; /* CLIP's token for what it does not know is the end token */
        }
}

Bpe *bpe_new(const Vocabulary *v, const char *where, Error *err)
{
    static const char start[] = "<|startoftext|>", end[] = "<|endoftext|>";
    Bpe *b = xcalloc(1, sizeof *b);
    for (size_t i = 0; i < v->tokens.count; i++)
        string_map_put(&b->tokens, v->tokens.items[i], strlen(v->tokens.items[i]), (int32_t)i);
    b->size = v->tokens.count;
    b->start = bpe_id(b, start);
    b->end = bpe_id(b, end);
    bool good = (b->start >= 0 && b->end >= 0) ||
                fail(err, "%s: the vocabulary has no %s; CLIP's start and end tokens are needed", where,
                     b->start < 0 ? start : end);
    if (good) {
        find_byte_ids(b, &b->tokens);
        good = add_merges(b, &b->tokens, &v->merges, where, err);
    }
    if (good) return b;
    bpe_free(b);
    return NULL;
}

void bpe_free(Bpe *b)
{
    if (!b) return;
    string_map_free(&b->tokens);
    string_map_free(&b->words);
    free(b->merges);
    free(b->spans);
    free(b->ids);
    free(b->symbols);
    free(b->heap);
    free(b);
}

size_t bpe_size(const Bpe *b)
{
    return b->size;
}

int32_t bpe_start(const Bpe *b)
{
    return b->start;
}

int32_t bpe_end(const Bpe *b)
{
    return b->end;
}

int32_t bpe_id(const Bpe *b, const char *token)
{
    return string_map_get(&b->tokens, token, strlen(token));
}
