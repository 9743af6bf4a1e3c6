/* Shapes are small values, passed by copy. Sizes are multiplied with a check, as they may come from files and end in
 * an allocation. */
#include "harness/graph/graph.h"

#include <stdio.h>

Shape shape_from(size_t rank, const size_t *dim)
{
    if (rank > SHAPE_MAX) die("a shape of %zu dimensions was asked for; at most %d are possible", rank, SHAPE_MAX);
    Shape s = {.rank = (int)rank};
    for (size_t i = 0; i < rank; i++) s.dim[i] = dim[i];
    return s;
}

size_t shape_size(Shape s)
{
    size_t size = 1;
    for (int i = 0; i < s.rank; i++) {
        char text[96];
        if (__builtin_mul_overflow(size, s.dim[i], &size)) die("the shape %s is too large", shape_text(s, text));
    }
    return size;
}

bool shape_equal(Shape a, Shape b)
{
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; i++)
        if (a.dim[i] != b.dim[i]) return false;
    return true;
}

const char *shape_text(Shape s, char buffer[96])
{
    size_t at = 0;
    buffer[at++] = '[';
    for (int i = 0; i < s.rank; i++) {
        const int written = snprintf(buffer + at, 96 - at, i ? ", %zu" : "%zu", s.dim[i]);
        if (written < 0 || (size_t)written >= 94 - at) break; /* five dimensions of nearly 2^64 do not fit: cut */
        at += (size_t)written;
    }
    buffer[at++] = ']';
    buffer[at] = '\0';
    return buffer;
}
