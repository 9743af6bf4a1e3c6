/* Scores of other programs as results of the store: one artifact in STORE/imported, a result file of results/README.md
 * with the method "imported", that `results`, `compare` and `report` treat like any other.
 *
 *     HDF5   score sets [n, C], any names; `labels` [n, C] (1, 0, -1), `classes` [C], `files` [n] where the file has them
 *     CSV    a line of names, the first of them "file", then the classes; a line an image: its file, then a score a class
 *
 * Where the file has no labels, those of a second CSV of the same form (values 1, -1, 0) are taken, or those of the data set's split;
 * rows find each other by the names of their files, and the result has the rows' order of the labels. */
#pragma once

#include "harness/stages/stage.h"

extern const StageKind stage_imported; /* has no make(): nothing can make it again */
extern const char import_unnamed[];    /* the data set's name when nobody said one */

typedef struct ImportRequest {
    const char *file;     /* ends in .csv: CSV; else HDF5 */
    const char *name;     /* of the experiment that it becomes */
    const char *dataset;  /* NULL: as the file's attribute says, or import_unnamed */
    const char *protocol; /* NULL: as the file's attribute says, or "default" */
    const char *labels;   /* a CSV of labels, or NULL */
    int64_t seed;
    const char *experiments,
        *paths; /* read when a data set or protocol is one's own; experiments NULL: built-in ones alone */
    const char *store;
    Progress *progress; /* for remarks, or NULL */
} ImportRequest;

typedef struct Imported {
    char *path;
    size_t images, classes, sets;
    double map; /* of `scores` */
} Imported;

/* Reads, checks, and stores. `scores` is the file's set of that name, or a copy of its first one. Fails with one sentence on: scores
 * that are not numbers, lines of another length than the first, files that stand twice with different scores or have no labels, classes other than the data
 * set's, a name that an experiment with results of its own has. The caller frees imported->path. */
bool import_scores(const ImportRequest *request, Imported *imported, Error *err);
