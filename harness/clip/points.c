/* Texts as growing arrays of code points. */
#include "harness/clip/points.h"

#include "harness/base/memory.h"
#include "harness/clip/unicode.h"

#include <stdlib.h>
#include <string.h>

void points_add_many(Points *p, const uint32_t *c, size_t count)
{
    if (p->capacity - p->count < count) {
        p->capacity = 2 * (p->count + count) + 16;
        p->at = xrealloc(p->at, p->capacity * sizeof *p->at);
    }
    if (count) memcpy(p->at + p->count, c, count * sizeof *c);
    p->count += count;
}

void points_add(Points *p, uint32_t c)
{
    points_add_many(p, &c, 1);
}

void points_add_utf8(Points *p, const char *text, size_t bytes)
{
    size_t count;
    uint32_t *read = unicode_read(text, bytes, &count);
    points_add_many(p, read, count);
    free(read);
}

bool points_equal(const Points *a, const Points *b)
{
    return a->count == b->count && (a->count == 0 || !memcmp(a->at, b->at, a->count * sizeof *a->at));
}

void points_free(Points *p)
{
    free(p->at);
    *p = (Points){0};
}
