/* T2I-PAL, re-implemented from its abstract (TPAMI 2025; methods/DEFINITIONS.md, "t2i_pal" says what is known and what
 * is ours). What its files share.
 *
 * A prompt branch and an adapter branch, each global and local, on images that a text-to-image model drew from captions.
 * With x the global and x_j the local features of an image, G and L the two prompt sets' class features (unit length):
 *     p^g_c = 4 <x, G_c>     m_jc = <x_j, L_c>     w_jc = softmax_j(tau m_jc)     p^l_c = 4 sum_j w_jc m_jc
 *     u_c = n(sum_j w_jc x_j)                                   (the class-wise heat map; without it tau is 0)
 *     prototypes "learned":  a^g_c = 4 <x, A_c>,  a^l_c = 4 <u_c, B_c>;  A_c, B_c start as the means of x and of u_c over the
 *                            generated images labelled c (u_c by the prompts as they start); 0 for a class without any
 *     prototypes "cache":    a^g_c = sum_n exp(-beta (1 - <x, K_n>)) V_nc      K_n starts as image n's x, V_nc = 1 if it is labelled c
 *                            a^l_c = sum_n exp(-beta (1 - <u_c, K_nc>)) V_nc   K_nc starts as image n's u_c
 *     prototypes "none":     the prompts stand for them, A = G and B = L
 *     z = p + alpha a for both; without the adapter z = p
 * Loss R(z^g) + R(z^l) + text_mix (R(p^g) + R(p^l) on the features of all labelled captions, as TaI-DPT has it, over their
 * tokens with tau_text). Test: (z^g + z^l) / 2.
 * Without learned prompts G = L = n(text("a photo of a c.")), and text_mix has nothing to train.
 *
 * Draws with seed s, all from one generator: the global context, the local context (with `local`); then an epoch one permutation of
 * the generated images, and, with text_mix, before the first step and whenever fewer captions than a batch are left of the last
 * one, a permutation of the captions (template sentences included), drawn when that step's batch is loaded. */
#pragma once

#include "methods/shared/fit.h"
#include "methods/shared/prompt.h"
#include "methods/shared/tai_common.h"

typedef enum PalPrior { PAL_NO_ADAPTER, PAL_PROMPTS, PAL_PROTOTYPES, PAL_CACHE } PalPrior;

/* What one branch learns; members that its options do not use are NULL. */
typedef struct PalBranch {
    Parameter *context;
    Parameter *prototypes; /* [N, D] */
    Parameter *keys;       /* global [M, D], local [N, S, D] */
    Parameter *values;     /* frozen: global [M, N], local [N, S]; 1 where a key counts for a class, else 0 */
} PalBranch;

typedef struct Pal {
    PalPrior prior;
    bool prompts, with_local;
    float alpha, beta;
    size_t classes, width; /* N, D */
    Prompts wording;       /* with learned prompts */
    float *text;           /* [N, D] without them */
    PalBranch global, local;
} Pal;

/* From the options; learns nothing yet. Fails on: nothing to learn, what prompts_init fails on, no memory. */
bool pal_init(Pal *pal, const Run *run, Error *err);
void pal_free(Pal *pal);
/* Sharpness of the heat map by the option of that name (tau_train, tau_test); 0 with heat_map off. */
float pal_tau(const Options *options, const char *name);

/* ---- formulas as graphs (t2i_pal_graph.c) ---- */

/* A branch's arrays in one graph; those it does not have are NULL. */
typedef struct PalNodes {
    Node *classes; /* G or L [N, D]: learns through its context, or fixed */
    Node *prototypes, *keys, *values;
} PalNodes;
PalNodes pal_nodes(Graph *g, const Pal *pal, const PalBranch *branch);
/* The same with the class features at hand [N, D]; borrowed. */
PalNodes pal_nodes_of(Graph *g, const Pal *pal, const PalBranch *branch, const float *classes);
/* Class features as plain values. */
bool pal_class_values(const Pal *pal, const PalBranch *branch, Arithmetic arithmetic, float *values, Error *err);
/* z^g [B, N] of x [B, D]. */
Node *pal_global_scores(Graph *g, const Pal *pal, Node *x, PalNodes global);
/* z^l [B, N] of positions [B, P, D]. */
Node *pal_local_scores(Graph *g, const Pal *pal, Node *positions, PalNodes local, float tau);

/* ---- what the images are labelled with (t2i_pal_labels.c) ---- */

/* Labels as the ranking loss has them: 1 positive, 0 negative, -1 unknown. `share` of each class's positives whose <x, T_c> with
 * text [N, D] is lowest, rounded down, become unknown (ties: the earlier image goes first). labels [count, N] */
void pal_labels(const LabelledImages *images, size_t classes, const float *text, double share, float *labels);
/* n(text("a photo of a c.")) of every class -> [N, D] */
bool pal_text(const Run *run, float *features, Error *err);

/* ---- starting values from the generated images (t2i_pal_prior.c) ---- */

/* Makes prototypes or cache with run_learn and fills them. labels: pal_labels. */
bool pal_start_prior(Pal *pal, Run *run, const float *labels, Error *err);

/* ---- the training step (t2i_pal_step.c) ---- */

typedef struct PalStep {
    Graph *g;
    Node *x, *positions, *labels; /* [B, D], [B, P, D] or NULL, [B, N] */
    TaiStep text;                 /* its inputs lie in the same graph; captions NULL without text_mix */
    Node *loss;
    const LabelledImages *images;
    const LabelledCaptions *captions;
    const float *targets; /* [images, N] */
    Random *random;
    int64_t *order; /* a permutation of the captions */
    size_t order_next;
} PalStep;

/* `images` and `captions` of the run. Fails on no memory. */
bool pal_step_init(PalStep *step, const Pal *pal, Run *run, const float *targets, size_t batch, Random *random,
                   Error *err);
void pal_step_free(PalStep *step);
/* A FitLoad: puts images items[0 .. B-1] and the next captions into the inputs. */
void pal_step_load(void *step, const int64_t *items);

/* ---- scores (t2i_pal_score.c) ---- */

/* Method.score: (z^g + z^l) / 2, or z^g alone, and its branches. */
bool pal_score(Run *run, const ImageFeatures *test, Scores *scores, Error *err);
