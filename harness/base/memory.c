/* Three kinds of allocation: x... end the program when there is none left; big_alloc answers with an Error; an arena
 * hands out pieces of 64 KiB blocks (larger pieces get a block of their own), newest block first. Arena pieces and big
 * ones begin at multiples of 64 bytes, a cache line and a vector of AVX-512, and are zeroed. */
#include "harness/base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { ALIGNMENT = 64, BLOCK_BYTES = 1 << 16 };

void *xmalloc(size_t bytes)
{
    void *pointer = malloc(bytes ? bytes : 1);
    if (!pointer) stop_short("out of memory (%zu bytes)", bytes);
    return pointer;
}

void *xcalloc(size_t count, size_t size)
{
    void *pointer = calloc(count ? count : 1, size ? size : 1);
    if (!pointer) stop_short("out of memory (%zu x %zu bytes)", count, size);
    return pointer;
}

void *xrealloc(void *pointer, size_t bytes)
{
    void *grown = realloc(pointer, bytes ? bytes : 1);
    if (!grown) stop_short("out of memory (%zu bytes)", bytes);
    return grown;
}

char *xstrdup(const char *text)
{
    const size_t bytes = strlen(text) + 1;
    return memcpy(xmalloc(bytes), text, bytes);
}

char *xvformat(const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) stop_short("a text of the form \"%s\" cannot be written", format);
    char *text = xmalloc((size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

char *xformat(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = xvformat(format, arguments);
    va_end(arguments);
    return text;
}

bool big_alloc(void *pointer_to_pointer, size_t count, size_t size, const char *what, Error *err)
{
    void *pointer = NULL;
    if (size && count > (SIZE_MAX - ALIGNMENT) / size)
        return fail(err, "%s would need %zu times %zu bytes, more than a machine can address", what, count, size);
    const size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (posix_memalign(&pointer, ALIGNMENT, bytes ? bytes : ALIGNMENT))
        return fail(err, "not enough memory for %s (%.1f MB); use a smaller batch or a larger machine", what,
                    (double)bytes / 1e6);
    memset(pointer, 0, bytes ? bytes : ALIGNMENT);
    memcpy(pointer_to_pointer, &pointer, sizeof pointer);
    return true;
}

bool memory_is_left(size_t bytes)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return true;
    void *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) return false;
    munmap(room, bytes);
    return true;
}

typedef struct ArenaBlock {
    struct ArenaBlock *next;
    size_t used, capacity; /* counted from the block's own start */
} ArenaBlock;

void *arena_alloc(Arena *arena, size_t bytes)
{
    const size_t header = (sizeof(ArenaBlock) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    const size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    ArenaBlock *block = arena->blocks;
    if (!block || block->capacity - block->used < rounded) {
        const size_t capacity = header + (rounded > BLOCK_BYTES ? rounded : BLOCK_BYTES);
        void *pointer = NULL;
        if (posix_memalign(&pointer, ALIGNMENT, capacity)) stop_short("out of memory (%zu bytes)", capacity);
        memset(pointer, 0, capacity);
        block = pointer;
        *block = (ArenaBlock){.next = arena->blocks, .used = header, .capacity = capacity};
        arena->blocks = block;
    }
    char *start = (char *)block + block->used;
    block->used += rounded;
    return start;
}

char *arena_strdup(Arena *arena, const char *text)
{
    const size_t bytes = strlen(text) + 1;
    return memcpy(arena_alloc(arena, bytes), text, bytes);
}

char *arena_format(Arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = xvformat(format, arguments), *kept = arena_strdup(arena, text);
    va_end(arguments);
    free(text);
    return kept;
}

void arena_free(Arena *arena)
{
    while (arena->blocks) {
        ArenaBlock *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}
