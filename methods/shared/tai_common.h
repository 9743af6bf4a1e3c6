/* What TaI and TaI-DPT share: they are one method with and without the local branch (methods/DEFINITIONS.md; CVPR
 * 2023).
 *
 * Train on captions as if they were images:  z^g_c = 4 <t, G_c>,  z^l_c = 4 sum_k softmax_k(tau s_kc) s_kc,  s_kc = <t_k, L_c>,
 * loss R(z^g) + R(z^l).  Test on images: (z^g + z^l) / 2, TaI z^g alone.
 * Draws with seed s: the global context, the local context (only with `local`), then one permutation of the captions (the
 * template sentences included) an epoch. */
#pragma once

#include "methods/shared/fit.h"
#include "methods/shared/prompt.h"

extern const char *const label_rule_choices[];

/* label_rule, template_set, class_templates are read by whoever prepares the captions; they stand here because training
 * depends on them. */
#define TAI_OPTIONS(local_default)                                                                                     \
    PROMPT_OPTIONS, FIT_OPTIONS, OPTION_REAL("margin", 1, 0, 1e6, "of the ranking loss"),                              \
        OPTION_REAL("scale", 1, 0, 1e6, "of the scores inside the ranking loss"),                                      \
        OPTION_REAL("tau_train", 50, 0, 1e6, "softmax over a caption's tokens: sharpness in training"),                \
        OPTION_REAL_AT_TEST("tau_test", 40, 0, 1e6, "softmax over an image's positions: sharpness at test time"),      \
        OPTION_BOOL("class_templates", true, "add one-hot template sentences of every class to the captions"),         \
        OPTION_CHOICE("template_set", "published", template_training_names, "which template sentences"),               \
        OPTION_CHOICE("label_rule", "published", label_rule_choices,                                                   \
                      "noun filter: the authors' lemmatiser, or irregular plurals too"),                               \
        OPTION_INT("caption_limit", 0, 0, 1 << 30, "use only the first so many labelled captions; 0: all"),            \
        OPTION_BOOL("local", local_default, "the local branch: a second prompt set on tokens and positions"),          \
        NORMALISE_OPTION, OPTION_END

unsigned tai_needs(const Options *options);
bool tai_train(Run *run, Error *err);
bool tai_score(Run *run, const ImageFeatures *test, Scores *scores, Error *err);
void tai_cost(const Workload *work, Cost *cost);

/* Scores of two prompt sets on images, for trained prompts and untrained ones: local NULL for the global branch alone. */
bool tai_score_prompts(Run *run, const Prompts *p, Parameter *global, Parameter *local, const ImageFeatures *test,
                       Scores *scores, Error *err);

/* ---- one training step as a graph ---- */

typedef struct TaiStep {
    Graph *g;
    Node *captions, *labels; /* [B, D], [B, N] */
    Node *tokens, *offsets;  /* [R, D], [B + 1]; NULL without the local branch */
    Node *loss;
} TaiStep;

typedef struct TaiStepOptions {
    size_t batch, rows; /* B; R: most tokens of a batch */
    double margin, scale, tau;
    PromptForm form;
    Arithmetic arithmetic;
} TaiStepOptions;

/* local NULL: the global branch alone. */
bool tai_step_init(TaiStep *step, const Prompts *p, Parameter *global, Parameter *local, TaiStepOptions options,
                   Error *err);
void tai_step_free(TaiStep *step);
/* Copies captions rows[0 .. B-1] into the inputs. */
void tai_step_load(TaiStep *step, const LabelledCaptions *captions, const int64_t *rows);
/* Tokens of the `batch` longest texts: no batch has more. */
size_t text_most_tokens(const TextFeatures *texts, size_t batch);
