/* A session: the experiments file, the store, and what has been opened so far (models, data sets, features), so
 * that nothing is read or hashed twice. Everything that is handed out lives as long as the session. */
#pragma once

#include "harness/diffusion/scheduler.h"
#include "harness/experiments/experiments.h"

typedef struct OpenModel {
    const Model *model;   /* NULL: only a joint space, of features that were made elsewhere; then: */
    Clip *clip;           /* has no towers */
    Tokenizer *tokenizer; /* NULL */
} OpenModel;

typedef struct OpenDataset {
    char *name;
    size_t limit;
    const char *test_set; /* or NULL */
    Dataset *dataset;
    TextList told; /* by session_note_left_out */
} OpenDataset;

/* What a text-to-image pipeline says of itself; it is closed again. */
typedef struct GeneratorFacts {
    const Model *model;
    const char *prediction; /* the one it was asked to have; NULL: its configuration's */
    const char *asked;      /* the scheduler that it was opened with; NULL: the folder's */
    const char *scheduler;  /* the one it has */
    TextList embeddings;    /* files of learned words that it was opened with, and a NULL behind them */
    TextList loras;         /* the same of LoRAs, FILE=WEIGHT */
    Scheduler *sampler;     /* for how many calls of the U-Net so many steps are; owned */
    char fingerprint[65];
    size_t steps, width, height; /* when nothing is said */
    float guidance;
    bool embeds_guidance;
    double call, decoding; /* operations a pixel: pipeline_cost.h */
} GeneratorFacts;

enum { OPEN_MAX = 64, FEATURE_CACHE = 2, LOCAL_MEMORY = 256 << 20 };

typedef struct Session {
    Book *book;
    const char *store;
    Arithmetic arithmetic;
    Progress *progress;
    struct StepLog *log; /* of trainings' steps; NULL: none is kept */
    /* Local features of an artifact of more bytes are read from the disk, a few at a time: LOCAL_MEMORY. */
    size_t local_memory;
    bool drop_local; /* features with a local part leave the store as soon as no stage of the plan waits for them */
    OpenModel models[OPEN_MAX];
    size_t model_count;
    OpenDataset datasets[OPEN_MAX];
    size_t dataset_count;
    GeneratorFacts generators[OPEN_MAX];
    size_t generator_count;
    /* The features used last: a suite trains and scores many experiments on the same ones. */
    struct {
        char *path;
        bool local;
        ImageFeatures features;
    } images[FEATURE_CACHE];
    size_t next_image;
    struct {
        char *path;
        bool local;
        TextFeatures features;
    } texts;
} Session;

typedef struct SessionOptions {
    const char *experiments, *paths, *store;
    Arithmetic arithmetic;
    Progress *progress;
} SessionOptions;

bool session_open(Session *session, const SessionOptions *options, Error *err);
void session_close(Session *session);

/* NULL on failure; a missing checkpoint gets a sentence that says how to come by it. */
const OpenModel *session_model(Session *session, const char *name, Error *err);
/* Of experiments without a model, on features of this width. NULL on failure. */
const OpenModel *session_joint_space(Session *session, size_t width, Error *err);
/* test_set: as the protocol names it, or NULL. */
Dataset *session_dataset(Session *session, const char *name, const char *test_set, size_t limit, Error *err);
/* Notes, once a session, which pictures a data set goes on without; `what` names them ("test"). */
void session_note_left_out(Session *session, const Dataset *dataset, const char *what, const LeftOut *left,
                           size_t kept);
/* Borrowed until the next call of the same kind but one (images) or the next one (texts). NULL on failure. */
const ImageFeatures *session_images(Session *session, const char *path, bool want_local, Error *err);
const TextFeatures *session_texts(Session *session, const char *path, bool want_local, Error *err);
