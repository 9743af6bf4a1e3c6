/* A stage: a pure function from (parameters, input artifacts) to one artifact, an HDF5 file whose name carries the
 * hash of everything that determined it. A stage whose file exists is not made again; a file with a final name is
 * whole.
 *
 *     hash = SHA-256(stage name, stage version, canonical configuration, hashes of the input artifacts)
 *     file = STORE/<stage>/<words for people>-<first 16 hex digits of the hash>.h5
 *
 * The life of one: stage_new, its parameters, words, label and inputs filled in by the plan, stage_seal (which has the
 * kind describe the parameters: that is the configuration), and when its file is missing store_make. The kinds and
 * their parameters: stage_kinds.h, one file each. */
#pragma once

#include "harness/io/artifact.h"
#include "harness/stages/session.h"

typedef struct Stage Stage;

typedef struct StageKind {
    const char *name; /* "encode-image": the folder too */
    int version;      /* raised whenever its numbers may change */
    /* What of it may change its bits. A kind that says nothing is described with all of it. */
    ArithmeticReach arithmetic;
    size_t parameters; /* bytes of its own ones, Stage.parameters */
    /* Writes all of them into the configuration, and what make() takes of the experiment. The arithmetic is added by
     * stage_seal. */
    void (*describe)(const Stage *s, cJSON *config);
    void (*release)(void *parameters); /* frees what they own; NULL: nothing */
    bool (*make)(Session *session, const Stage *s, Error *err);
    /* Of a kind that is cut into shards, which other processes may make before make() joins them; NULL: of none. */
    const struct StageShards *shards;
} StageKind;

/* What an input is to the stage that has it. */
typedef enum StageRole {
    ROLE_CAPTIONS,     /* labelled captions, or sentences in their place */
    ROLE_TEXTS,        /* their features */
    ROLE_CHOSEN,       /* those of them that pictures are drawn from */
    ROLE_DRAWN,        /* the pictures */
    ROLE_GENERATED,    /* features of those, or of the ones that the data set brings */
    ROLE_TRAIN_IMAGES, /* features of the training split */
    ROLE_SELECTION,    /* what the setting shows of it */
    ROLE_TRAINED,      /* what the method has learned from all that */
    ROLE_TEST_IMAGES,  /* features of the pictures to score */
    ROLE_CLASS_TEXT,   /* features of the classes that the data set brings, where no text tower makes them */
    ROLE_FIRST_MEMBER, /* results that an ensemble mixes */
    ROLE_SECOND_MEMBER,
} StageRole;

typedef struct StageInput {
    StageRole role;
    const Stage *stage;
} StageInput;

enum { STAGE_INPUTS = 8 };

/* Shards first ... first + count - 1 of a stage. The inputs must be there: how many units there are is known only then,
 * and what lies beyond the last shard is none. */
typedef struct ShardRange {
    size_t first, count;
} ShardRange;
#define ALL_SHARDS ((ShardRange){0, SIZE_MAX})

typedef struct StageShards {
    size_t (*count)(const Stage *s, size_t units); /* into how many so many units are cut; 1: made in one piece */
    bool (*make)(Session *session, const Stage *s, ShardRange range, Error *err); /* those that are not there, whole */
    bool (*stand)(Session *session, const Stage *s, ShardRange range);            /* whether all of them are */
} StageShards;

typedef struct Expected {
    double seconds, bytes;
    size_t samples; /* stored stages that it was measured on; 0: foretold only */
} Expected;

struct Stage {
    const StageKind *kind;
    void *parameters; /* the kind's own, owned; all that determines it beside inputs, experiment, seed and arithmetic */
    StageInput inputs[STAGE_INPUTS]; /* in the order of the hash */
    size_t input_count;
    const Experiment *experiment; /* the first one that asked for it */
    int64_t seed;                 /* of an experiment's run; 0 where there is none */
    Arithmetic arithmetic;        /* what it is computed with; stage_seal describes it */
    char *words; /* for the file's name: nothing but what config or inputs determine, or equal stages had two names */
    char *label; /* for people: "encode the 2000 test images of mini" */

    /* by stage_seal */
    cJSON *config; /* what the kind says of it; becomes canonical text in the hash */
    char hash[65];
    char *path;

    /* the plan's */
    size_t units;          /* pictures or texts that it makes, at most; 0: it is no list of such */
    size_t before;         /* the first of them that another stage of the plan makes, who shares its shards */
    bool asked;            /* a result that an experiment of the plan asks for, not only an ensemble of it */
    bool stored;           /* when the plan was made */
    bool wanted;           /* its file is missing and something asks for it */
    double seconds, bytes; /* foretold from operation counts: estimate.h */
    Expected expected;     /* the same corrected by what was measured: calibrate.h */
};

/* A stage with zeroed parameters. */
Stage *stage_new(const StageKind *kind);
/* Hashes of inputs stand in the order of these calls in a stage's own: another order would be another stage. NULL:
 * none is added. */
void stage_add_input(Stage *s, StageRole role, const Stage *input);
/* Fills config, hash and path; the other fields must be set. Narrows the arithmetic to what reaches the kind and
 * describes that, so that no stage forgets it or is computed with more than is hashed. */
void stage_seal(Stage *s, const char *store);
void stage_free(Stage *s); /* not its inputs */

/* The input of a role, or NULL. */
const Stage *stage_input(const Stage *s, StageRole role);

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

/* By which rules times and sizes are foretold: raised with those of harness/plan/estimate.c and Method.cost, so that
 * what was measured against other ones does not correct them. */
enum { FORETOLD_RULE = 2 };
/* {"version", "onednn", "compiler", "cpu", "threads", "seconds", "date", "inputs": {..}, "seed", "foretold": {"rule",
 * "seconds", "bytes"}} as JSON. Caller frees. */
char *provenance_text(const Stage *s, double seconds);
