/* A data set: classes, captions (for training), labelled images (for testing, the linear probe, few-shot settings).
 *
 *     Dataset *d = dataset_open(&(DatasetSource){.name = "mini"}, err);
 *     const Split *test = dataset_split(d, SPLIT_TEST, err);
 *     dataset_image(d, SPLIT_TEST, 17, &image, err);
 *
 * Each is a file with a DatasetKind and a line of the table in dataset.c. `palbench ls datasets` lists them.
 *
 * What a `datasets` entry of experiments.json may say: of kind "mini" the numbers `captions`, `sentences`, `train`, `tune`,
 * `test` and the style `shift` of its images; of kind "folder" see folder.c. With "skip_damaged": true a data set of files goes on without the
 * pictures whose content cannot be decoded; its splits say which (left_out). Without it the first one stops the work. */
#pragma once

#include "datasets/labeller.h"
#include "harness/base/progress.h"
#include "harness/base/text.h"
#include "harness/io/image.h"
#include "harness/io/json_keys.h"

typedef enum SplitName {
    SPLIT_TRAIN, /* labelled images: linear probe, few-shot. mini: "real" */
    SPLIT_TUNE,  /* labelled images for choosing hyper-parameters; not every data set has one */
    SPLIT_TEST,
    SPLIT_COUNT
} SplitName;

/* Pictures that a data set with "skip_damaged" goes on without, and why. */
typedef struct LeftOut {
    size_t count;
    const char **files, **reasons; /* [count] */
} LeftOut;

typedef struct Split {
    size_t count;
    int8_t *labels;       /* [count, classes]: 1 positive, -1 negative, 0 difficult (VOC) or unknown */
    const char **files;   /* [count] what stands in a result's `files`; mini: "test/00017" */
    char fingerprint[65]; /* hex SHA-256 of whatever determines images and labels, the bytes of image files included */
    LeftOut left_out;
    size_t *places; /* [count] of each image among all that the data set has; NULL: they are all */
} Split;

typedef struct Captions {
    size_t count;
    const char **texts; /* [count] */
    uint8_t *labels;    /* [count, classes], or NULL: the noun filter is to be asked */
    const char **files; /* [count] paths of images drawn for the captions (an `images` list takes the place of the
                           generate stage), or NULL */
    const char *origin; /* of sentences: whose they are, for people; NULL for captions */
    char fingerprint[65];
    LeftOut left_out; /* of the files */
} Captions;

typedef struct Dataset Dataset;

typedef struct DatasetSource {
    const char *name;     /* as experiments.json names it; a built-in name (mini, voc2007, ...) when config is absent */
    Json config;          /* the entry of experiments.json's "datasets"; node NULL for a built-in */
    const char *folder;   /* what relative paths in config are relative to */
    const char *root;     /* DATA=DIR, --root; may be NULL */
    size_t limit;         /* --limit: at most so many images a split and captions; 0: all */
    const char *test_set; /* of DatasetKind.test_sets; NULL: the first */
    bool survey; /* `palbench data check`: pictures that are missing stay in the splits, and stand in left_out too */
} DatasetSource;

/* NULL on failure: a name nobody knows, an entry with keys or values that make no sense.
 * Reads no image and no caption; `source` and its config must outlive the call only. */
Dataset *dataset_open(const DatasetSource *source, Error *err);
/* Whether an entry makes sense: its keys, their forms, names that stand twice. Opens no file, so that what another machine has and this
 * one lacks is no mistake. */
bool dataset_check(const DatasetSource *source, Error *err);
void dataset_free(Dataset *d);
/* Where a data set with "skip_damaged" may remember which pictures it could decode; without, it looks again each time. Before the
 * first split is asked for. */
void dataset_remember_in(Dataset *d, const char *folder);
/* Where remarks go that are no failures ("a picture stands twice"); they were nowhere before. */
void dataset_tell(Dataset *d, Progress *progress);
const char *dataset_name(const Dataset *d);
/* Whether local features of its pictures and texts are stored as float16: all kinds but those that were there before that. */
bool dataset_stores_half(const Dataset *d);
const struct DatasetKind *dataset_kind_of(const Dataset *d);
size_t dataset_classes(const Dataset *d);
const char *const *dataset_class_names(const Dataset *d);
/* As a sentence has them: "traffic light" for "traffic_light". Of prompts and texts; results have the names as they are. */
const char *const *dataset_spoken_names(const Dataset *d);
const ClassNames *dataset_synonyms(const Dataset *d); /* [classes] */
/* Splits and captions are made at first request and live as long as the data set. NULL on failure: the data set has no such
 * split, a line of its list is wrong, an image file is missing, a picture stands twice with different labels. */
const Split *dataset_split(Dataset *d, SplitName split, Error *err);
const Captions *dataset_captions(Dataset *d, Error *err);
/* A language model's sentences, which some methods train on in place of captions; made and kept like captions. A data set that brings
 * captions alone gives these, and `origin` says so; NULL when it has neither. */
const Captions *dataset_sentences(Dataset *d, Error *err);
bool dataset_image(Dataset *d, SplitName split, size_t i, Image *image, Error *err); /* caller frees; not thread-safe */

/* An archive that a public data set comes in: its name on the site, its size, and where its content goes. A table ends with name NULL. */
typedef struct DatasetOriginal {
    const char *name, *size, *unpack;
} DatasetOriginal;

/* How many pictures the published splits have. A table ends with none to test on. */
typedef struct DatasetPublished {
    const char *test_set; /* NULL: it has one */
    size_t images[SPLIT_COUNT];
} DatasetPublished;

/* A kind of data set: its file defines a DatasetKind `kind_NAME`, and dataset.c has a line for it. Those with classes of their own
 * go by their name; the others need an entry in experiments.json that brings the classes. */
typedef struct DatasetKind {
    const char *name;                 /* "mini" */
    const char *summary;              /* one line */
    const char *source;               /* where a user gets it */
    const DatasetOriginal *originals; /* the archives there; NULL: none are known */
    const char *const
        *places;      /* folders under --root that it may be in, "" the root itself; ends with NULL. NULL: none */
    const char *sign; /* the file in there that only it has */
    const ClassNames *classes;
    size_t class_count;
    const DatasetPublished *published; /* or NULL */
    bool loses_pictures;               /* nobody can have all of them any more: missing ones are left out, by name */
    const char *const *test_sets; /* names of its test sets, the usual one first; ends with NULL. NULL: it has one */
    const Key *keys;              /* of its entry in experiments.json, KIND_KEY first */
    bool stores_float32; /* of local features, where other kinds have float16: results of it are stored already */
    const struct DatasetOps *ops; /* dataset_internal.h */
} DatasetKind;
const DatasetKind *const *dataset_kinds(void);     /* all, NULL-terminated */
const char *const *dataset_kind_names(void);       /* of all, NULL-terminated */
const char *const *dataset_test_sets(void);        /* names of test sets of all kinds, NULL-terminated */
const char *const *dataset_names(void);            /* of those that go by their name, NULL-terminated */
const DatasetKind *dataset_kind(const char *name); /* one that goes by this name; NULL when there is none */
/* Which kind lies in this folder, or in a place under it where people unpack it; NULL: none that is known by its files. */
const DatasetKind *dataset_recognise(const char *folder);
