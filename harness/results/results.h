/* Stored results: what `palbench results` lists and reports/ draws. A result is one experiment with one seed: an HDF5 file of
 * results/README.md ("A result") in the store. */
#pragma once

#include "harness/base/error.h"
#include "harness/base/text.h"

#include <stddef.h>
#include <stdint.h>

typedef struct StoredResult {
    char *experiment, *method, *dataset, *model, *protocol;
    char *setting; /* what labelled images the method was shown: "zero-shot", "few-shot 4", "partial 0.1", "full" */
    char *note;    /* of the method, and whose sentences it was trained on; or NULL */
    int64_t seed;
    double map;
    char *file; /* path of the artifact */
    size_t classes, images, steps;
    char **class_names; /* [classes] */
    double *ap;         /* [classes] percent */
    float *loss;        /* [steps] */
    char *options;      /* canonical JSON */
    char *config;       /* the whole configuration, JSON */
    char *as_run;       /* protocol_as_run, JSON: how it was measured, nothing left open; NULL: it does not say */
    char *kind, *clip;  /* of the data set; the CLIP's published architecture. NULL where it does not say or has none */
    size_t limit;       /* --limit of a rehearsal; 0: all images and captions */
    char *provenance;   /* JSON object: version, libraries, CPU, threads, wall time, hashes of inputs */
    size_t older;       /* results of the same experiment and seed that this one takes the place of */
} StoredResult;

typedef struct ResultList {
    StoredResult *items;
    size_t count, capacity;
} ResultList;

/* All results of a store, imported ones among them, sorted by experiment, then seed; of several for one experiment and seed (its
 * options were changed) the one that was made or confirmed last by a run; NULL experiments: every one, else only those named
 * (NULL-terminated; one that has no result fails). Files that are not whole or not results are passed over with a sentence in
 * `remarks`. */
bool results_load(const char *store, const char *const *experiments, ResultList *list, TextList *remarks, Error *err);
/* The same of a folder of result files, such as results/reference (reference.h); an absent folder has none. */
bool results_load_folder(const char *folder, const char *const *experiments, ResultList *list, TextList *remarks,
                         Error *err);
void results_free(ResultList *list);
/* Those of a loaded store that are named, as results_load would give them, but borrowed: without reading anything again. Drop the
 * list with results_release, before `all` goes. */
bool results_choose(const ResultList *all, const char *store, const char *const *experiments, ResultList *chosen,
                    TextList *remarks, Error *err);
void results_release(ResultList *chosen);
/* "; stored are NAME[lr=0.01], NAME[lr=0.1]": what follows a sentence about a name without results, the stored experiments whose
 * names begin with it (a closing bracket apart); "" when there are none. Caller frees. */
char *results_like(const ResultList *list, const char *name);
/* Scores and labels of one result, read from its file: scores [images, classes], labels [images, classes], file names (`files` may be NULL). */
bool result_scores(const StoredResult *r, float **scores, int8_t **labels, TextList *files, Error *err);
