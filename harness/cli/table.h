/* Aligned plain-text tables for a terminal; cells are shown (harness/base/shown.h). The first row is the head; columns of numbers stand at the right. */
#pragma once

#include "harness/base/text.h"

#include <stdio.h>

typedef struct Table { /* {0} is an empty table */
    TextList cells;
    size_t columns; /* cells of the first row */
} Table;

/* Adds the next cell; rows follow one another. */
void table_cell(Table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The head: NULL-terminated names; sets the number of columns. */
void table_head(Table *t, const char *const *names);
/* To a terminal it is printed as wide as that, with cells of several lines; piped, or to a file, a row is a line. */
void table_print(const Table *t, FILE *out);
void table_free(Table *t);
