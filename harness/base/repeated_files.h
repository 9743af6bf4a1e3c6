/* Pictures that stand twice in a list. Whoever reads one asks here, so that the same is refused at every door. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef struct Repeated {
    size_t count;        /* rows whose file stands in an earlier one */
    size_t first, again; /* the first such pair of rows, */
    bool differ;         /* or the first whose values are not the same, if there is one */
} Repeated;

/* Are these rows the same in all but their file? */
typedef bool SameRow(const void *context, size_t a, size_t b);

/* Files are compared as paths: "./a.png", "x/../a.png" and "a.png" are one. */
Repeated repeated_files(const char *const *files, size_t count, SameRow *same, const void *context);
