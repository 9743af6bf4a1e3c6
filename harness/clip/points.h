/* A growing text as characters (code points), which is what text cleaning works on. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Points { /* {0} is empty; free with points_free */
    uint32_t *at;
    size_t count, capacity;
} Points;

void points_add(Points *p, uint32_t c);
void points_add_many(Points *p, const uint32_t *c, size_t count);
/* UTF-8; bytes that are not become U+FFFD (unicode_read). */
void points_add_utf8(Points *p, const char *text, size_t bytes);
bool points_equal(const Points *a, const Points *b);
void points_free(Points *p);
