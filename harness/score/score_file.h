/* Score sets with their labels, from a result file of ours or any HDF5 file that has `labels` and score sets [n, C].
 *
 *     ScoreFile f;
 *     score_file_open(&f, "scores.h5", err);
 *     score_file_set(&f, "scores_global=0.5+scores_local=0.5", scores, err);       // [images, classes], doubles
 *     score_file_close(&f);
 *
 * A reference result (harness/results/reference.h) has `ranks` in place of scores, which order the same. Files of version 0.1.0 call
 * that data set `scores` and say what it is in the attribute scores_are; here it is called `ranks` in both, and whoever asks for
 * `scores` gets it. */
#pragma once

#include "harness/base/text.h"
#include "harness/io/artifact.h"

typedef struct ScoreFile {
    ArtifactReader *reader;
    size_t images, classes;
    int8_t *labels;    /* [images, classes] 1 positive, -1 negative, 0 difficult */
    TextList names;    /* of the classes; "class 0", ... when the file has none */
    TextList sets;     /* names of the score sets, in the file's order */
    const char *ranks; /* the data set that holds ranks in place of scores; NULL: none */
    int8_t *unseen;    /* [classes] of `unseen`: 1 for classes that training never saw; NULL: the file does not say */
    bool has_negative; /* a file without -1 says 0 for "not there" and knows no difficult ones */
} ScoreFile;

/* Fails on: no such file, no `labels`, values other than 1, 0, -1, no score set of the labels' shape. */
bool score_file_open(ScoreFile *f, const char *path, Error *err);
void score_file_close(ScoreFile *f);
/* The data set that a result is judged by: `scores`, or the ranks in its place. */
const char *judged_data(const ArtifactReader *r);
/* The set that is meant when none is named: `scores`, or `ranks` in its place, or the only one; NULL: it must be said. */
const char *score_file_usual(const ScoreFile *f);
/* A set by name, or a weighted sum NAME=W+NAME=W (a name alone has weight 1), summed in doubles. *scores is allocated. Fails on
 * unknown names (exit status 2, the sentence lists the known ones), malformed weights, damaged data. */
bool score_file_set(const ScoreFile *f, const char *expression, double **scores, Error *err);
