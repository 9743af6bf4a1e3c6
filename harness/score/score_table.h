/* CSV files of scores or labels: a line of names, then a line an image.
 *
 *     file,cat,dog
 *     images/0.png,0.81,-0.2
 *
 * The fields are separated by commas, semicolons or tabs, whichever the first line has first. They may stand in double quotes, a quote in them doubled (RFC 4180); lines end with \n or \r\n; empty lines are passed over. */
#pragma once

#include "harness/base/text.h"

typedef struct ScoreTable {
    TextList classes; /* names of the columns but the first */
    TextList files;   /* first column */
    double *values;   /* [files.count, classes.count] */
    size_t *lines;    /* [files.count] in which line of the file each stands, from 1 */
    char separator;   /* between the fields */
} ScoreTable;

/* Fails, naming line and column, on: a line of another length than the first, what is not a finite number, classes that stand twice, files that do with other values,
 * no image. Free with score_table_free. */
bool score_table_read(ScoreTable *t, const char *path, Error *err);
void score_table_free(ScoreTable *t);

/* The fields of one line of such a file (appended). Fails on a quote that is not closed. */
bool csv_fields(const char *path, size_t number, const char *line, char separator, TextList *fields, Error *err);

/* places[i]: where wanted[i] stands among the names. Fails unless each stands there, and no other does. For the sentence: `where`
 * has the wanted ones, `path` the names; `what` they are names of ("image", "class"). */
bool match_rows(const char *const *wanted, size_t count, const char *where, const char *const *names, size_t name_count,
                const char *path, const char *what, size_t *places, Error *err);
/* The first text of the list that stands twice, or NULL. */
const char *repeated_text(const char *const *texts, size_t count);
