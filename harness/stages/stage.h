/* A stage: a pure function from (configuration, input artifacts) to one artifact, an HDF5 file whose name carries the hash of
 * everything that determined it. A stage whose file exists is not run again; a file with a final name is whole.
 *
 *     hash = SHA-256(stage name, stage version, canonical configuration, hashes of the input artifacts)
 *     file = STORE/<stage>/<words for people>-<first 16 hex digits of the hash>.h5
 *
 * One file a stage: stage_captions.c, stage_choose.c, stage_generate.c, stage_encode_text.c, stage_encode_image.c, stage_select.c,
 * stage_train.c, stage_score.c, stage_ensemble.c (scores too, under the name of stage_score), stage_judge.c. */
#pragma once

#include "harness/io/artifact.h"
#include "harness/stages/generator.h"

typedef struct Stage Stage;

typedef struct StageKind {
    const char *name; /* "encode-image": the folder too */
    int version;      /* raised whenever its numbers may change */
    ArithmeticReach
        arithmetic; /* what of it may change its bits; a kind that says nothing is described with all of it */
    bool (*run)(Session *session, const Stage *s, Error *err);
} StageKind;

extern const StageKind stage_captions, stage_choose, stage_generate, stage_encode_text, stage_encode_image,
    stage_select, stage_train, stage_score, stage_ensemble, stage_judge;

enum { STAGE_INPUTS = 8 };

typedef struct Expected {
    double seconds, bytes;
    size_t samples; /* stored stages that it was measured on; 0: foretold only */
} Expected;

struct Stage {
    const StageKind *kind;
    cJSON *config; /* what determines it beside its inputs; becomes canonical text in the hash */
    char *words;   /* for the file's name: nothing but what config or inputs determine, or equal stages had two names */
    char *label;   /* for people: "encode the 2000 test images of mini" */
    const Stage *inputs[STAGE_INPUTS];
    size_t input_count;
    Arithmetic arithmetic; /* what it is computed with; stage_seal describes it */
    char hash[65];
    char *path;
    bool asked;            /* a result that an experiment of the plan asks for, not only an ensemble of it */
    bool stored;           /* when the plan was made */
    bool wanted;           /* its file is missing and something asks for it */
    double seconds, bytes; /* foretold from operation counts: estimate.h */
    Expected expected;     /* the same corrected by what was measured: calibrate.h */

    /* What run() works with; all of it is also in config, as fingerprints or values. */
    const Experiment *experiment; /* the first one that asked for it */
    int64_t seed;
    SplitName split;
    bool with_local;
    EncodeOptions encode;
    Generator generator;
    const char *sentences; /* captions: the data set's sentences in their place, and whose they are; or NULL */
    size_t captions, images_per_caption; /* choose, generate: how many; judge: captions to draw */
};

/* Fills hash and path; the stage's other fields must be set. Takes over config, words and label, and adds the arithmetic to config,
 * so that no stage forgets it. */
void stage_seal(Stage *s, const char *store);
void stage_release(Stage *s); /* frees what it owns, not the stage */

/* Whether it holds an experiment's result: scores, of a method or an ensemble. */
bool stage_is_result(const Stage *s);

/* The input of a kind, or NULL. With `nth`, the nth of that kind. */
const Stage *stage_input(const Stage *s, const StageKind *kind, size_t nth);
/* The input of training pictures: those of an encode-image stage that has inputs itself; else NULL. */
const Stage *stage_generated_features(const Stage *s);

/* The file's configuration: {"stage", "version", "hash", "config", "inputs": {..}}. Caller frees. */
char *stage_config_text(const Stage *s);

/* Starts the artifact of a stage; finishing adds the provenance attributes (JSON "provenance") and commits. */
typedef struct StageWriter {
    ArtifactWriter *artifact;
    const Stage *stage;
    double started;
} StageWriter;
bool stage_begin(StageWriter *w, const Stage *s, double started, Error *err);
bool stage_finish(StageWriter *w, Error *err);

double seconds_now(void); /* of a clock that only goes forward */
/* By which rules times and sizes are foretold: raised with those of harness/plan/estimate.c and Method.cost, so that what was measured
 * against other ones does not correct them. */
enum { FORETOLD_RULE = 2 };
/* {"version", "onednn", "compiler", "cpu", "threads", "seconds", "date", "inputs": {..}, "seed", "foretold": {"rule", "seconds",
 * "bytes"}} as JSON. Caller frees. */
char *provenance_text(const Stage *s, double seconds);
