/* What prefix sharing is worth (`palbench bench prompts`): one TaI-DPT training step, both prompt sets, forward, backward and
 * optimiser, on a text tower with random weights, with the shared prefix and in the plain form (every class at the model's
 * full context). Same inputs, same contexts; the gradients of both are compared. */
#pragma once

#include "harness/base/error.h"
#include "harness/base/progress.h"

#include <stddef.h>

typedef struct PromptBenchOptions { /* zeros: what the README's figures were measured with */
    const char *arch;               /* "RN50": whose text tower */
    size_t classes, context;        /* 80, 16 */
    size_t batch, tokens;           /* 512 captions of 16 tokens on average */
    size_t repeats;                 /* 3: the best of so many steps counts */
    bool print_operators;           /* seconds by operator on stderr, for profiling by hand */
} PromptBenchOptions;

typedef struct PromptBenchEntry {
    const char *name; /* "shared", "plain" */
    size_t batch;
    double seconds; /* of one step, best of several */
    double flop;    /* of one step, as the products' definitions count them */
    size_t peak_bytes;
    double gradient_error; /* |gradient - the shared form's| / |the shared form's|, both contexts together */
} PromptBenchEntry;

enum { PROMPT_BENCH_ENTRIES = 2 };
bool prompt_bench(PromptBenchOptions options, PromptBenchEntry entries[PROMPT_BENCH_ENTRIES], Progress *progress,
                  Error *err);
