/* The prompt learner that methods share: "[v_1]...[v_M] NAME." through CLIP's frozen text tower
 * (methods/DEFINITIONS.md, "Prompt").
 *
 *     Prompts p;
 *     if (!prompts_init(&p, run, err)) return false;
 *     Parameter *context = run_learn(run, "context_global", prompts_shape(&p), err);
 *     prompts_start_values(&p, &random, context->value);
 *     Node *features = prompts_features(g, &p, context, PROMPT_SHARED);      // [N, D], unit length
 *     ...
 *     prompts_free(&p);
 *
 * A Prompts is the wording (tokens of the names, where the context stands); contexts are Parameters beside it, so one wording
 * serves the global and the local set. A prompt is start token, context vectors, tokens of "NAME.", end token:
 *     end:     start  v_1 ... v_M           NAME .  end
 *     middle:  start  v_1 ... v_(M/2)  NAME  v_(M/2+1) ... v_M  .  end
 *     front:   start  NAME  v_1 ... v_M  .  end
 * Order of draws: the context's values at once (M x width, or N x M x width), times 0.02; none when it starts from words. */
#pragma once

#include "methods/shared/method.h"

#include "harness/graph/random.h"

typedef enum NamePosition { NAME_END, NAME_MIDDLE, NAME_FRONT } NamePosition;

typedef struct PromptOptions {
    size_t context; /* M, when the context starts from random values */
    const char
        *context_init; /* "normal", or words whose tokens' embeddings the context starts from (M is their number) */
    bool shared;       /* one context for all classes; else one a class */
    NamePosition position;
} PromptOptions;

extern const char *const name_position_choices[];
#define PROMPT_OPTIONS PROMPT_OPTIONS_WITH(true)
/* The same with another default of shared_context. */
#define PROMPT_OPTIONS_WITH(shared_default)                                                                            \
    OPTION_INT("context", 16, 1, 1024, "learned vectors in front of a class name"),                                    \
        OPTION_TEXT("context_init", "normal",                                                                          \
                    "\"normal\" (deviation 0.02) or words to start from, as \"a photo of a\""),                        \
        OPTION_BOOL("shared_context", shared_default,                                                                  \
                    "one context for all classes; otherwise each class has its own"),                                  \
        OPTION_CHOICE("name_position", "end", name_position_choices, "where the class name stands among the context")
PromptOptions prompt_options(const Options *options);

typedef struct Prompts {
    const Clip *clip; /* borrowed */
    PromptOptions options;
    size_t classes, context; /* N, M */
    TokenList names;         /* tokens of "NAME.", class by class */
    size_t *name_lengths;    /* [N] how many of them are the name's own, without the full stop */
    TokenList words;         /* one text: the tokens the context starts from; empty for "normal" */
    int32_t start, end;
} Prompts;

/* The wording of a run's classes. Fails on: a prompt longer than the model's context, start words without tokens, a tokenizer
 * whose ids the model does not have. */
bool prompts_init(Prompts *p, const Run *run, Error *err);
/* The same with a second wording's options in place of the run's. */
bool prompts_init_as(Prompts *p, const Run *run, PromptOptions options, Error *err);
/* The same from tokens at hand; takes over the lists and name_lengths, also on failure. `labels` [N] names the classes in
 * messages, or NULL. */
bool prompts_from_tokens(Prompts *p, const Clip *clip, PromptOptions options, Prompts parts, const char *const *labels,
                         Error *err);
void prompts_free(Prompts *p);

Shape prompts_shape(const Prompts *p); /* of a context: [M, W], or [N, M, W] with one a class */
void prompts_start_values(const Prompts *p, Random *random, float *values);

typedef enum PromptForm {
    PROMPT_SHARED, /* what all classes share in front is computed once; everything ends at the end token */
    PROMPT_PLAIN   /* every class at the model's full context length: the definition, for tests and benches */
} PromptForm;
/* What the text tower makes of all classes' prompts [N, D], of whatever length; gradients flow to the context. */
Node *prompts_projections(Graph *g, const Prompts *p, Parameter *context, PromptForm form);
/* Features of all classes [N, D]: the same, unit length. */
Node *prompts_features(Graph *g, const Prompts *p, Parameter *context, PromptForm form);
/* Both as plain values [N, D]. */
bool prompts_compute_projections(const Prompts *p, Parameter *context, Arithmetic arithmetic, float *values,
                                 Error *err);
bool prompts_compute(const Prompts *p, Parameter *context, Arithmetic arithmetic, float *features, Error *err);
