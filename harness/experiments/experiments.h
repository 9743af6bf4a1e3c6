/* experiments.json: models, data sets, protocols, suites and experiments; "reproduce" lists the suites that are meant when none is
 * named (what may be a name: harness/base/name.h); "plugins" lists shared objects with methods of one's own (methods/palbench.h). The whole file is checked when it is opened.
 *
 *     Book *book = book_open("experiments.json", NULL, err);
 *     ExperimentList list = {0};
 *     book_select(book, &(Selection){.suite = "mini"}, &list, err);
 *
 * Grids. {"grid": [..]} in place of `dataset`, `model`, `protocol`, `setting`, `of`, an option or a key of `generate` or `setting` expands
 * the experiment, in the order of the lists, the last key running fastest; each becomes an experiment NAME[key=value,...], keys in
 * the file's order: taidpt-mine[lr=0.001], t2ipal-mine[generate.steps=6]. A suite or a command line that names NAME means all of
 * them. {"zip": [..]} in the same places: all zips of an experiment run in step, first values together, then second ones; beside grids
 * they are one axis, where the first of them stands.
 *
 * Random search. {"uniform": [a, b]}, {"loguniform": [a, b]} or {"choice": [..]} in the same places (the first two for numbers
 * only), with "samples": n and "sample_seed" (default 0) of the experiment: n draws (experiment_axes.h, experiment_draw.h), whole
 * numbers for whole options, named like a grid's values. Every combination of the grids meets the same n; two samples that are
 * equal are one experiment.
 *
 * Inheritance. "extends": "NAME" takes over what another experiment says (experiment_extends.h). Results do not know of it.
 *
 * --set PATH=VALUE replaces a value of the chosen experiments, after they have inherited and before they expand (options.lr=0.01,
 * generate.steps=6, setting.few_shot=4, protocol=mini, seeds=[1,2]); VALUE is JSON, a grid or a draw too, or a string when it is not.
 * All but label, seeds, samples and sample_seed go into the name like a grid's value: a result's name says what it is. So does
 * --limit.
 *
 * An experiment of the method "ensemble" mixes the scores of two others, one of a post-processing works on those of one
 * (experiment_members.h). */
#pragma once

#include "harness/experiments/generate_settings.h"
#include "harness/experiments/protocol.h"
#include "methods/shared/method.h"

typedef struct Model {
    const char *name;
    char *clip; /* path of the checkpoint; of a place that is not there (places.h) as the file has it, and: */
    char *no_clip, *no_diffusion; /* why they are not there; or NULL */
    const char *architecture;     /* that the checkpoint must have: "RN50"; NULL: any */
    char *tokenizer;              /* where the vocabulary lies; beside the weights when the file names none */
    char *diffusion;              /* the diffusers folder that draws training images; NULL: none */
    char *vae;                    /* another autoencoder for it; NULL: the folder's own */
    char *judge; /* the classifier that tells how many of the embedded world's objects it draws recognisably; or NULL */
    GenerateSettings generate;
} Model;

typedef struct Experiment Experiment;

typedef struct ExperimentList {
    Experiment *items;
    size_t count, capacity;
} ExperimentList;
void experiments_free(ExperimentList *list);

struct Experiment {
    char *name;  /* "taidpt-mine[lr=0.001]" */
    char *label; /* what tables call it: "label" of the file or the name */
    char *base;  /* the name in the file */
    const char *dataset, *model;
    Protocol protocol;
    const Method *method;
    Options options;
    Setting setting; /* a mask's path is relative to the file's folder; of an ensemble see experiment_setting */
    GenerateSettings generate; /* what it says itself, before its model */
    int64_t *seeds;
    size_t seed_count;
    size_t limit;           /* --limit; 0: all images and captions */
    JsonFile *file;         /* holds the strings */
    bool stored;            /* only a member: the name of a stored result, nothing else is known of it */
    ExperimentList members; /* whose scores it works on; its data set and protocol are theirs */
    Method *unloaded;       /* `method` is this: of a plugin that is not loaded here, only its name is known; or NULL */
    char *models; /* of an ensemble whose members have different models: "mini + large"; `model` points here */
};

/* The setting as results name it (setting_read.h); of an ensemble what both members were shown: "partial 0.1" when the other was
 * zero-shot, "few-shot 4 + full" when both saw labels, not the same (of a stored member nothing is known here). Caller frees. */
char *experiment_setting(const Experiment *e);

typedef struct Suite {
    const char *name;
    const char **experiments; /* [count] names as the file lists them, of experiments or of suites: */
    size_t count;
    bool of_suites;
} Suite;

typedef struct Book {
    JsonFile *file, *paths;    /* paths NULL: there is no paths.json */
    struct Heritage *heritage; /* its experiments with what they inherit (experiment_extends.h) */
    char *path, *folder, *paths_folder;
    Model *models;
    size_t model_count;
    Protocol *protocols; /* one's own */
    size_t protocol_count;
    Suite *suites;
    size_t suite_count;
    const char *
        *reproduce; /* [reproduce_count] suites that are meant when none is named: "reproduce" of the file, or "mini" */
    size_t reproduce_count;
    TextList unloaded; /* plugins that the file names and that are not loaded (book_plugins.h) */
} Book;

/* `paths` NULL: paths.json beside the experiments file, if there is one. It may say {"data": DIR, "clip": PATH, "sd": PATH (places.h), "models": {NAME: PATH or
 * {"clip": .., "tokenizer": .., "diffusion": .., "vae": .., "judge": ..}}, "datasets": {NAME: DIR}}; relative to its own folder; a
 * PATH is the CLIP's, and what an object does not name stays as the experiments file has it. Fails on anything unknown or malformed
 * in either file. Loads no plugin (book_plugins.h). NULL on failure. */
Book *book_open(const char *path, const char *paths, Error *err);
/* The file as it stands; NULL where there is none, with the option that names one. */
JsonFile *book_file(const char *path, Error *err);
void book_free(Book *book);

typedef struct Selection {
    const char *suite;        /* or NULL */
    const char *const *names; /* experiments, as named in the file or expanded; ignored when a suite is named */
    size_t name_count;        /* 0 and no suite: all experiments */
    const TextList *sets;     /* PATH=VALUE, or NULL */
    size_t limit;
} Selection;
/* Appends the chosen experiments, expanded, each once. */
bool book_select(const Book *book, const Selection *selection, ExperimentList *list, Error *err);

const Suite *book_suite(const Book *book, const char *name);       /* NULL when unknown */
const Model *book_model(const Book *book, const char *name);       /* NULL when unknown */
const Protocol *book_protocol(const Book *book, const char *name); /* one's own or built in; NULL when unknown */
/* Opens a data set of the file, or a built-in one, with this test set (NULL: the first). NULL on failure; the caller frees. */
Dataset *book_dataset(const Book *book, const char *name, const char *test_set, size_t limit, Error *err);
/* What a data set is opened with. `root` is the caller's to free, after the data set is open; NULL where the files name none. */
bool book_dataset_source(const Book *book, const char *name, DatasetSource *source, char **root, Error *err);
/* Names of the file's data sets; caller frees with text_list_free. */
void book_dataset_names(const Book *book, TextList *names);
