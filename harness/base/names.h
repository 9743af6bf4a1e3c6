/* Lists of names that end with NULL: the choices of an option, the samplers, the keys of an object. */
#pragma once

#include <stddef.h>

#define NAMES_NONE ((size_t)-1)

/* The place of `name` in the list, NAMES_NONE when it is not there. */
size_t names_find(const char *const *names, const char *name);
/* "crop, stretch" with ", " between; "none" when the list is empty. With `quote` (a character, or 0) each name stands in it.
 * Caller frees. */
char *names_join(const char *const *names, const char *between, char quote);
