/* A method: what a researcher adds. One C file: a name, a summary, a table of options, and functions to train and to score.
 *
 * A method names what it needs and gets it in a Run; it never sees a file, a thread or a data set. What train() learns it
 * leaves in Parameters added with run_learn(); the stages store them and hands them to score(), maybe in another process.
 * Both are pure functions of the Run: same inputs, same seed, same bits.
 *
 * To add one:
 *   1. Write methods/NAME.c. Its head comment gives the formula, the source, and the order of its random draws.
 *   2. A table of options with published defaults; options that others have too keep their names and come from the shared
 *      macros (PROMPT_OPTIONS in prompt.h, FIT_OPTIONS in fit.h, NORMALISE_OPTION in branches.h).
 *   3. needs(): what it asks for, given its options. train(): parameters with run_learn(), a graph with a loss
 *      (harness/graph/ops.h, losses.h, aggregate.h), fit() for the loop. NULL when nothing is trained. score(): scores_init(),
 *      then score_global() and score_local() of branches.h on class features, or whatever the method does instead.
 *   4. Its line in methods/registry.c, or a shared object of its own (methods/palbench.h). From then on `palbench ls methods`,
 *      experiments.json and the report know it.
 * methods/README.md goes through all this slowly; example_plugin/text_residual.c is a small method that trains, random_context.c
 * one with options only, tai_common.c a large one. */
#pragma once

#include "harness/base/progress.h"
#include "harness/clip/clip.h"
#include "methods/shared/cost.h"
#include "methods/shared/option.h"
#include "methods/shared/setting.h"

enum {
    NEED_CLASS_TEXT = 1 << 0,       /* class names through the text tower: the CLIP model and its tokenizer */
    NEED_CAPTIONS = 1 << 1,         /* labelled captions, global text features */
    NEED_CAPTION_TOKENS = 1 << 2,   /* their local features too */
    NEED_TRAIN_IMAGES = 1 << 3,     /* labelled images, global features; refused in the setting zero-shot */
    NEED_TEST_LOCAL = 1 << 4,       /* local features of the test images */
    NEED_TEMPLATES = 1 << 5,        /* one-hot template sentences are added to the captions (methods/DEFINITIONS.md) */
    NEED_GENERATED_IMAGES = 1 << 6, /* images drawn from labelled captions, global features */
    NEED_GENERATED_LOCAL = 1 << 7,  /* their local features too */
    NEED_TRAIN_LOCAL = 1 << 8,      /* local features of the labelled images too */
    NEED_SENTENCES = 1 << 9,        /* with NEED_CAPTIONS: a language model's sentences in place of the captions */
    NEED_TOWER =
        1
        << 10, /* the towers themselves: prompts, sentences or pictures of its own. Without it NEED_CLASS_TEXT is content with
                             features of the classes that a data set brings (Run.class_text, through class_text_features) */
    NEED_TEST_TILES =
        1 << 11, /* test->local holds the features of the pictures' nine tiles, 3 x 3, in place of positions' */
};

typedef struct LabelledCaptions {
    const TextFeatures *features;
    const uint8_t *labels; /* [features->count, classes] 1 named, 0 not */
} LabelledCaptions;

typedef struct LabelledImages {
    const ImageFeatures *features;
    const int8_t
        *labels; /* [features->count, classes] 1 positive, -1 negative, 0 difficult or not known in this setting */
} LabelledImages;

enum { LEARNED_MAX = 32 };

typedef struct Run {
    const struct Method *method;
    const Options *options;
    const Clip *clip;
    const Tokenizer *tokenizer;     /* NULL where the experiment has no model: then `clip` has no towers, and */
    const float *class_text;        /* [classes, D] unit length, stand for its texts; NULL where it has one */
    const char *const *class_names; /* [classes] as a sentence has them: "traffic light" for "traffic_light" */
    size_t classes, width;          /* N, D */
    uint64_t seed;
    Setting setting;           /* what `images` holds follows from it: all of them, or the draw */
    LabelledCaptions captions; /* features NULL unless asked for */
    LabelledImages images;     /* features NULL unless asked for */
    LabelledImages generated;  /* drawn from captions, labelled by them; features NULL unless asked for */
    Progress *progress;
    Arithmetic arithmetic; /* for every graph that the method builds: GraphOptions.arithmetic */

    Parameter *learned[LEARNED_MAX]; /* owned by the run */
    size_t learned_count;
    float *loss; /* [loss_count] one value a step; grows by run_log_loss */
    size_t loss_count, loss_capacity;
    struct StepLog *log; /* --log; NULL: nobody asked (harness/base/step_log.h) */
} Run;

/* A new named parameter of the run, zeroed. The name is its data set's name in the artifact. NULL on failure. */
Parameter *run_learn(Run *run, const char *name, Shape s, Error *err);
/* A learned parameter by name; ends the program when train() did not make it. */
Parameter *run_learned(const Run *run, const char *name);
void run_log_loss(Run *run, double loss);
/* Fails unless features are as wide as the model's joint space; `what`: "labelled images' features". */
bool run_check_width(const Run *run, const char *what, size_t width, Error *err);
/* The same of the test features, which with `local` must have a local part too. */
bool run_check_test(const Run *run, const ImageFeatures *test, bool local, Error *err);
void run_free(Run *run); /* learned parameters and the loss curve */

typedef struct Scores {
    float *combined;       /* [n, classes] */
    float *global, *local; /* [n, classes], NULL where the method has no such branch */
    float *local_classes;  /* [classes, D] what positions are compared with, for heat maps (heat_map.h); or NULL */
} Scores;
/* Allocates combined, and global and local where asked for. */
bool scores_init(Scores *scores, size_t images, size_t classes, bool with_branches, Error *err);
void scores_free(Scores *scores);

enum { MEMBERS_MAX = 2, NEED_TILES_A_SIDE = 3 };
#define BRANCHES_OPTION                                                                                                \
    OPTION_BOOL("branches", false,                                                                                     \
                "work on a result's global and local scores each alone and merge them after, half and half")

typedef struct Method {
    const char *name;
    const char *summary;
    const char *note; /* printed beside results ("re-implementation from the abstract"), or NULL */
    const Option *options;
    int version;           /* raised whenever its numbers may change; part of every hash */
    unsigned settings;     /* which it can be asked for: ZERO_SHOT, FEW_SHOT | FULL_LABELS, ... */
    PoolPosition position; /* how the published code pools test images of a ResNet; a protocol may say otherwise */
    unsigned (*needs)(const Options *options);
    bool (*train)(Run *run, Error *err);                                            /* NULL: nothing to train */
    bool (*score)(Run *run, const ImageFeatures *test, Scores *scores, Error *err); /* NULL with `members` alone */
    /* A post-processing: it makes scores of the scores of other results, `members` of them ("of" of an experiment), and sees
     * no image. It has no train() and no score(); its settings are its members'. 0: it is none. With BRANCHES_OPTION in its table
     * rescore() may be asked for global and local scores one after the other, which are merged half and half. */
    size_t members;
    /* of[k], scores: [images, run->classes], the same images in the same order; finite. The run has options, class names and
     * the seed, no model; with NEED_CAPTIONS, all that may be asked for, captions.labels and captions.features->count. */
    bool (*rescore)(Run *run, const float *const *of, size_t images, float *scores, Error *err);
    void (*cost)(const Workload *work, Cost *cost); /* adds to a zeroed one (cost.h); NULL: nothing worth foretelling */
    const char *plugin; /* set by the registry, not by the method: the shared object it came from; NULL: built in */
    const char *plugin_hash; /* hex SHA-256 of that file; part of every hash beside the version */
} Method;

const Method *const *method_all(void);       /* NULL-terminated; built-in ones first */
const Method *method_find(const char *name); /* NULL when unknown */
/* Adds a copy of a method that came from the file `plugin` with that hash; what the method points at must outlive the program's
 * work. The name must be free. */
void method_register(const Method *method, const char *plugin, const char *plugin_hash);
