/* Where buffers lie in the arena: the largest first, each into the smallest hole that is free while it lives. */
#include "harness/graph/graph_internal.h"

#include <stdlib.h>

enum { LINE = 64 / sizeof(float) }; /* a cache line, so that nothing straddles one without need */

static int larger_first(const void *left, const void *right)
{
    const Buffer *a = *(Buffer *const *)left, *b = *(Buffer *const *)right;
    if (a->floats != b->floats) return a->floats > b->floats ? -1 : 1;
    if (a->first != b->first) return a->first < b->first ? -1 : 1;
    return a < b ? -1 : a > b; /* same input, same plan */
}

static bool meet(const Buffer *a, const Buffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The smallest hole between placed buffers (sorted by offset) that live at the same time; else behind them all. */
static size_t best_offset(Buffer *const *placed, size_t count, const Buffer *buffer)
{
    size_t end = 0, best = 0, best_hole = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        const Buffer *other = placed[i];
        if (!meet(other, buffer)) continue;
        if (other->offset > end && other->offset - end >= buffer->floats && other->offset - end < best_hole) {
            best_hole = other->offset - end;
            best = end;
        }
        if (other->offset + other->floats > end) end = other->offset + other->floats;
    }
    return best_hole == SIZE_MAX ? end : best;
}

static void insert_by_offset(Buffer **placed, size_t count, Buffer *buffer)
{
    size_t at = count;
    while (at > 0 && placed[at - 1]->offset > buffer->offset) {
        placed[at] = placed[at - 1];
        at--;
    }
    placed[at] = buffer;
}

bool place_buffers(Buffer *buffers, size_t count, size_t *total, Error *err)
{
    size_t sum = 0; /* if all of them together can be addressed, no sum of offset and size below overflows */
    for (size_t i = 0; i < count; i++) {
        buffers[i].floats = (buffers[i].floats + LINE - 1) / LINE * LINE;
        if (buffers[i].floats > SIZE_MAX / 8 || __builtin_add_overflow(sum, buffers[i].floats, &sum))
            return fail(err, "the buffers of the graph are larger than a machine can address; use a smaller batch");
    }
    Buffer **sorted = xmalloc(count * sizeof(Buffer *)), **placed = xmalloc(count * sizeof(Buffer *));
    for (size_t i = 0; i < count; i++) sorted[i] = &buffers[i];
    qsort(sorted, count, sizeof(Buffer *), larger_first);
    *total = 0;
    for (size_t i = 0; i < count; i++) {
        Buffer *b = sorted[i];
        b->offset = best_offset(placed, i, b);
        insert_by_offset(placed, i, b);
        if (b->offset + b->floats > *total) *total = b->offset + b->floats;
    }
    free(sorted);
    free(placed);
    return true;
}
