/* All that a method of your own may use: the one header that a plugin includes, and the contract between it and the program.
 *
 *     #include "methods/palbench.h"
 *
 *     static const Method method_mine = {.name = "mine", ...};
 *     PALBENCH_PLUGIN(&method_mine);                       // or several: PALBENCH_PLUGIN(&method_a, &method_b)
 *
 * It is loaded by `--plugin FILE.so` or "plugins": ["FILE.so"] of experiments.json. methods/README.md goes through all of it slowly;
 * methods/example_plugin/ is a small one, whole. The headers below are the manual, each of its part; what they do not declare is not
 * for plugins and may change without notice. A file in methods/ may include this header too, or just what it uses of it.
 *
 * The file's code runs inside the program with all its rights: load what you trust. Its SHA-256 is part of the hash of all that
 * its methods train and score, beside the method's version, so a plugin that was built anew from changed code never meets results of
 * the old code. The same code built anew with the same compiler and flags gives the same bytes, and then nothing runs again. */
#pragma once

/* ---- what a method is: Method, Run, Scores; its options; the settings that it can be asked for; what it costs ---- */
#include "methods/shared/cost.h"
#include "methods/shared/method.h"
#include "methods/shared/option.h"
#include "methods/shared/setting.h"

/* ---- training: the loop, losses, labelled images, captions as batches, pooling over tokens and positions ---- */
#include "methods/shared/aggregate.h"
#include "methods/shared/fit.h"
#include "methods/shared/labelled.h"
#include "methods/shared/losses.h"
#include "methods/shared/position_pair.h"
#include "methods/shared/tai_common.h"

/* ---- scoring ---- */
#include "methods/shared/branches.h"
#include "methods/shared/cooccurrence.h"
#include "methods/shared/heat_map.h"
#include "methods/shared/standardise.h"

/* ---- text: learned prompts, class features, sentences ---- */
#include "methods/shared/class_text.h"
#include "methods/shared/prompt.h"
#include "methods/shared/templates.h"

/* ---- formulas: graphs and their operators, one of your own, products without a graph; draws; optimisers ---- */
#include "harness/graph/graph.h"
#include "harness/graph/onednn.h"
#include "harness/graph/op.h"
#include "harness/graph/ops.h"
#include "harness/graph/optimiser.h"
#include "harness/graph/random.h"

/* ---- CLIP: features, towers, encoders ---- */
#include "harness/clip/clip.h"
#include "harness/clip/tokenizer.h"

/* ---- errors, memory, remarks ---- */
#include "harness/base/error.h"
#include "harness/base/memory.h"
#include "harness/base/progress.h"

/* The version of the contract: raised whenever something changes that a plugin was compiled against, a structure or a function of
 * the headers above, or what one of them means. */
enum { PALBENCH_PLUGIN_VERSION = 4 };

/* The one symbol that a plugin exports. `version` stays the first member for ever. The sizes catch a structure that changed while
 * the version was forgotten. */
typedef struct PalbenchPlugin {
    int version;
    size_t method_size, option_size, run_size;
    const Method *const *methods; /* NULL-terminated */
} PalbenchPlugin;

#define PALBENCH_PLUGIN(...)                                                                                           \
    extern const PalbenchPlugin palbench_plugin __attribute__((visibility("default")));                                \
    const PalbenchPlugin palbench_plugin = {                                                                           \
        PALBENCH_PLUGIN_VERSION,                                                                                       \
        sizeof(Method),                                                                                                \
        sizeof(Option),                                                                                                \
        sizeof(Run),                                                                                                   \
        (const Method *const[]){__VA_ARGS__, NULL},                                                                    \
    }
