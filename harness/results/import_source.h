/* What import_scores() reads, before it is a result: score sets of an HDF5 or CSV file, and labels from wherever they are. */
#pragma once

#include "datasets/dataset.h"
#include "harness/base/repeated_files.h"
#include "harness/score/score_table.h"

typedef struct ImportSource {
    const char *path;
    size_t images, classes;
    TextList class_names, files; /* empty where the file has none */
    TextList sets;               /* names */
    double **values;             /* [sets.count] of [images, classes] */
    int8_t *labels;              /* [images, classes] 1, -1, 0; NULL: the file has none */
    char *dataset, *protocol;    /* of a result of ours; else NULL */
    Repeated repeated;           /* files that stand twice, with the same scores and labels */
} ImportSource;

/* A path that ends in .csv or .tsv is read as CSV, any other as HDF5: `labels` and the score sets of its shape, or, without labels, the data
 * sets [n, C] of numbers whose names begin with "scores". Fails on: no score set, NaN, classes that stand twice, files that do with
 * different scores or labels. Free with
 * import_source_free. */
bool import_source_read(ImportSource *s, const char *path, Error *err);
void import_source_free(ImportSource *s);

/* Brings rows and columns into the order of the labels, found by the names of files and classes, and takes the labels over. Rows and
 * columns without names are taken as they stand, if their number is right. `where` names the labels in a sentence. */
bool import_source_label(ImportSource *s, const int8_t *labels, const char *const *files, size_t images,
                         const char *const *class_names, size_t classes, const char *where, Error *err);
