/* PVP, also called TAI++ (IJCAI 2024): pseudo visual prompts, learnable images a class, learned from sentences through the
 * frozen image tower E; then prompts beside them with a dual adapter. Formulas: methods/DEFINITIONS.md, "pvp", after
 * the authors' code. Inside methods/pvp only.
 *
 * n(v) = v/|v|, r, r_k noise N(0, noise^2), a_tau(s) = 4 sum_k softmax_k(tau s_kc) s_kc, R the ranking loss.
 * Stage 1. One image a class for each branch, P_g and P_l [N, 3, S, S], fed to E as they are: V_g = n(E(P_g)), V_l = n(E(P_l));
 *     h = n(t + r), h_k = n(t_k + r_k);  loss R(4 <h, V_g>) + w R(a(<h_k, V_l>)), tau = tau_visual.
 * Stage 2. A(x) = (1 - q) x + q W2 dropout(relu(W1 x)), one for text (A_t), one for images (A_v); G, L the two prompt sets:
 *     T_g = n(A_t(G)), T_l = n(A_t(L)), V_g = n(A_v(V_g)), V_l = n(A_v(V_l)), h = n(n(A_t(t)) + r), h_k = n(t_k + r_k);
 *     loss R(4 <h, T_g>) + w_t R(a_text(<h_k, T_l>)) + R(4 <h, V_g>) + R(a_visual(<h_k, V_l>)) + contrast C,
 *     C = (CE(S) + CE(S^T)) / 2, sums over the classes of cross entropy with the diagonal, S = lambda T_g V_g^T, lambda the
 *     stored logarithm of CLIP's scale.
 * Test: the sum of the four with x' = n(A_v(x)) in place of h; the positions x_j, and the image's own x as one more, in place
 *     of h_k. After stage 1 alone: the two of V, x as it is.
 * Variant "vector" (TaAM-CPT): one free vector a class and branch in place of E(P).
 * Learning rates: stage 1 stage1_warmup_lr for stage1_warmup_epochs, then a cosine over stage1_schedule epochs from stage1_lr, left
 *     after stage1_epochs in all (the authors: 1.0 for an epoch, 0.1 over 100, left after 40); stage 2 the shared schedule of fit.h,
 *     from `lr` for prompts and pseudo images and from `adapter_lr` for the adapters (warm-up epochs at warmup_lr for both).
 *
 * Order of draws: P_g, then P_l, each randn(N, 3, S, S) times CLIP's standard deviation plus its mean (vectors: randn(N, D) /
 * sqrt(D)); then an epoch the permutation, and a step randn(B, D), then randn(tokens of the batch, D), caption by caption, drawn
 * even when `noise` is 0. Stage 2 goes on in the same stream: context of the global, of the local prompts, W1 and W2 of A_t, W1
 * and W2 of A_v (each uniform, as torch's Linear starts), then epochs as before; a step's noise is followed by the uniform
 * numbers of its dropouts (none when adapter_dropout is 0): G, L, V_g, V_l, t. */
#pragma once

#include "methods/shared/fit.h"
#include "methods/shared/prompt.h"
#include "methods/shared/tai_common.h"

enum { PVP_GLOBAL, PVP_LOCAL, PVP_BRANCHES };

/* ---- images through the tower (pvp_tower.c) ---- */

/* Some of the 2 N pseudo images at a time pass through the tower in a graph of their own, so that memory is that of `batch` images.
 * With gradients and more than one piece, each piece is computed once more before its backward. */
typedef struct PvpTower {
    Graph *g;
    Parameter piece;                     /* [batch, 3, S, S] */
    Node *features, *pull;               /* [batch, D] raw features; the gradient that comes from above, NULL without */
    Parameter *images[PVP_BRANCHES];     /* [N, 3, S, S], borrowed */
    Parameter features_of[PVP_BRANCHES]; /* [N, D]: value written by forward, gradient read by backward */
    size_t batch, total;                 /* images a piece, 2 N */
} PvpTower;

bool pvp_tower_init(PvpTower *t, const Run *run, Parameter *const *images, bool with_gradient, Error *err);
void pvp_tower_free(PvpTower *t);
void pvp_tower_forward(PvpTower *t);  /* images -> features_of[].value */
void pvp_tower_backward(PvpTower *t); /* features_of[].gradient -> images[]->gradient; after pvp_tower_forward */

/* ---- adapters (pvp_adapter.c) ---- */

typedef struct PvpAdapter {
    Parameter *first, *second; /* W1, W2 [D, D] */
    float ratio, dropout;
} PvpAdapter;

/* n(A(x)), x [..., D]; random NULL: without dropout. */
Node *pvp_adapt(Graph *g, const PvpAdapter *a, Node *x, Random *random);
/* The same of plain rows [count, width], in place, without dropout. */
bool pvp_adapt_rows(const PvpAdapter *a, float *rows, size_t count, size_t width, Arithmetic arithmetic, Error *err);

/* ---- one training step (pvp_step.c) ---- */

/* What stage 2 trains beside the pseudo images. */
typedef struct PvpPartner {
    Prompts wording;
    Parameter *context[PVP_BRANCHES];
    PvpAdapter text, visual;
} PvpPartner;

typedef struct PvpStep {
    Graph *g;
    Node *loss;
    TaiStep text;              /* inputs: captions, labels, tokens, offsets */
    Node *noise, *token_noise; /* [B, D], [R, D], of deviation 1 */
    const LabelledCaptions *captions;
    Random *random;
    PvpTower *tower; /* NULL in the vector variant */
} PvpStep;

/* classes: raw features of both branches, the tower's or free vectors. partner NULL: stage 1. */
bool pvp_step_init(PvpStep *step, const Run *run, Parameter *const *classes, PvpTower *tower, const PvpPartner *partner,
                   size_t batch, Random *random, Error *err);
void pvp_step_free(PvpStep *step);
void pvp_step_load(void *step, const int64_t *items); /* a FitLoad */
void pvp_step_backward(void *step);                   /* FitPlan.backward */

/* ---- scoring (pvp_score.c) ---- */

bool pvp_score(Run *run, const ImageFeatures *test, Scores *scores, Error *err);

/* From options and learned parameters; the wording is prompts_init's. */
void pvp_find_partner(const Run *run, PvpPartner *partner);
bool pvp_has_pixels(const Options *options);
