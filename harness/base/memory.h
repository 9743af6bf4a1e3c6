/* Memory. Small allocations never return NULL: running out of a few bytes ends the program with a sentence. A big one,
 * whose size comes from a file or an option, goes through big_alloc and answers with an Error. */
#pragma once

#include "harness/base/error.h"

#include <stdarg.h>
#include <stddef.h>

void *xmalloc(size_t bytes);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *pointer, size_t bytes);
char *xstrdup(const char *text);
char *xformat(const char *format, ...)
    __attribute__((format(printf, 1, 2))); /* asprintf that cannot fail; caller frees */
char *xvformat(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* count * size bytes, zeroed, aligned to 64 (one cache line, one AVX-512 register); free with free(). `what` names the
 * thing in the sentence. Fails on overflow and when memory is short. */
bool big_alloc(void *pointer_to_pointer, size_t count, size_t size, const char *what, Error *err);

/* Whether `bytes` more can be had. For libraries that crash where an allocation of theirs fails: it is asked before they are called,
 * and looks only where this process has a limit of its own (ulimit -v); without one Linux refuses no small piece. */
bool memory_is_left(size_t bytes);

/* An arena: objects that live and die together. One arena_free frees them all. */
typedef struct Arena {
    struct ArenaBlock *blocks;
} Arena;

void *arena_alloc(Arena *arena, size_t bytes); /* zeroed, aligned to 64 */
char *arena_strdup(Arena *arena, const char *text);
char *arena_format(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_free(Arena *arena);
