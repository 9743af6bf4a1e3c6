/* A report's rows beside published numbers: which stand beside each other, and which do not and why. */
#pragma once

#include "harness/results/published_numbers.h"
#include "reports/summary.h"

typedef struct PublishedLine {
    const char *label;             /* the row's */
    const StoredResult *result;    /* the first of the cell */
    double map;                    /* mean over its seeds */
    const PublishedNumber *number; /* measured the same way; NULL: none is known */
    const char *missing;           /* then: what the table says in its place */
} PublishedLine;

typedef struct PublishedOther {
    const PublishedNumber *number;
    char *why; /* in what it differs */
} PublishedOther;

typedef struct PublishedTable {
    PublishedLine *lines; /* every row of every column that is a data set with published numbers */
    size_t line_count;
    PublishedOther *others;
    size_t other_count;
} PublishedTable;

/* Borrows from both. A row has a line for each number of its protocol, at least one. */
void published_table_make(PublishedTable *table, const PublishedNumbers *numbers, const Summary *summary);
void published_table_free(PublishedTable *table);
/* The lines as aligned plain text for a terminal; nothing when there are none. */
void published_plain(const PublishedTable *table, Text *out);
