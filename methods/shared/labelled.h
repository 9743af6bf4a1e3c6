/* What methods that train on labelled images share: which loss, the inputs of a step, and loading a batch.
 *
 * Labels of a setting are 1 (positive), -1 (negative) and 0 (not known, or difficult); in a graph they are 1, 0 and -1, as losses.h
 * has them, so that a label that is not known is in no part of any loss. */
#pragma once

#include "methods/shared/losses.h"
#include "methods/shared/method.h"

/* Defaults are DualCoOp's (opts.py). */
#define ASYMMETRIC_OPTIONS                                                                                             \
    OPTION_REAL("gamma_negative", 2, 0, 100, "asymmetric loss: focus of the negatives"),                               \
        OPTION_REAL("gamma_positive", 1, 0, 100, "asymmetric loss: focus of the positives"),                           \
        OPTION_REAL("clip", 0.05, 0, 0.99, "asymmetric loss: probability below which a negative counts for nothing"),  \
        OPTION_BOOL("focus_gradient", false, "asymmetric loss: gradients through its focusing weights too")
AsymmetricLoss asymmetric_options(const Options *options);

extern const char *const labelled_loss_choices[]; /* "ranking", "asl", "softmax" */

/* For methods with one score a class, cos_bc:
 *     ranking   R(4 cos, y) with margin and scale, as TaI
 *     asl       asymmetric loss of asl_scale (cos - threshold), mean over the batch; the threshold is learned with the rest
 *     softmax   softmax cross entropy of exp(logit_scale) cos over the known classes, CLIP's own scale */
#define LABELLED_LOSS_OPTIONS                                                                                          \
    OPTION_CHOICE("loss", "ranking", labelled_loss_choices,                                                            \
                  "ranking; asl, the asymmetric loss; softmax, cross entropy with the target spread over the "         \
                  "positives"),                                                                                        \
        OPTION_REAL("margin", 1, 0, 1e6, "of the ranking loss"),                                                       \
        OPTION_REAL("scale", 1, 0, 1e6, "of the scores inside the ranking loss"),                                      \
        OPTION_REAL("asl_scale", 100, 0, 1e6, "asymmetric loss: of a cosine, above the threshold"), ASYMMETRIC_OPTIONS

/* Fails on: no labelled images, features of another width than the model's, and no local features where `local` asks. */
bool labelled_check(const Run *run, bool local, Error *err);

/* One step. A method sets `g` and `loss` and takes as inputs what its loss is of: x, positions or both, the other NULL. */
typedef struct LabelledStep {
    Graph *g;
    const LabelledImages *images;
    Node *x;         /* [B, D] */
    Node *positions; /* [B, P, D] */
    Node *labels;    /* [B, N] */
    Node *loss;
} LabelledStep;
/* A graph with the labels' input, and no loss yet. */
void labelled_step_init(LabelledStep *step, const Run *run, size_t batch);
void labelled_step_free(LabelledStep *step);
Node *labelled_globals(LabelledStep *step);   /* makes the input x */
Node *labelled_positions(LabelledStep *step); /* makes the input positions */
/* A FitLoad: images items[0 .. B-1] into the inputs. `context` is the step. */
void labelled_load(void *context, const int64_t *items);

/* The threshold of "asl", learned as "threshold" [1]; NULL with the other losses. It starts as the mean of <x, w_c> over the
 * training images and classes, so that neither side starts out decided. class_features [N, D]. */
bool labelled_threshold(Run *run, const float *class_features, Parameter **threshold, Error *err);
/* The loss that the options name, of cosines [B, N] and the step's labels. */
Node *labelled_loss(LabelledStep *step, const Run *run, Node *cosines, Parameter *threshold);
