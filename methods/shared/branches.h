/* Scores of images from class features: what every method on CLIP does at test time.
 *
 * A branch is global (one feature an image) or local (one a position, aggregated); scores of both are [images, classes]. */
#pragma once

#include "methods/shared/method.h"

/* z = factor <x, w_c>.   class_features [classes, width] */
void score_global(const ImageFeatures *test, const float *class_features, size_t classes, float factor, float *z);
/* z = factor sum_j softmax_j(tau s_jc) s_jc, s_jc = <x_j, w_c>; in pieces, so that memory stays bounded at any number of images.
 * Fails on: features without a local part, not enough memory. */
bool score_local(const ImageFeatures *test, const float *class_features, size_t classes, float tau, float factor,
                 float *z, Error *err);

/* Any other score: z [B, N] of x [B, ...], a compiled graph's output and input, of all `count` images' features, one x after the
 * other, in batches. The last batch is filled up with zeros, whose scores are dropped.   scores [count, N]; may be
 * `features` itself when N is the width of x. */
void score_batches(Graph *g, Node *x, Node *z, const float *features, size_t count, float *scores);

/* The same of local features, x [B, P, D], wherever they lie. */
bool score_local_batches(Graph *g, Node *x, Node *z, const ImageFeatures *test, float *scores, Error *err);

/* The option `normalise`, shared by all methods on CLIP. */
extern const char *const normalise_choices[]; /* "none", "softmax", "zscore" */
#define NORMALISE_OPTION                                                                                               \
    OPTION_CHOICE_AT_TEST("normalise", "none", normalise_choices,                                                      \
                          "scores of an image, branch by branch: none; softmax over the classes at CLIP's own scale; " \
                          "zscore over the classes")
/* In place, image by image. `factor` is what the cosines in z were multiplied with; softmax puts CLIP's scale exp(logit_scale)
 * in its place. zscore: (z - mean) / sd over the classes (sd of the population; 0 where all classes are equal). */
void normalise_scores(const Run *run, size_t images, float factor, float *z);

/* In place, image by image: softmax over the classes of factor z. */
void softmax_scores(size_t images, size_t classes, double factor, float *z);

/* combined = (1 - local_weight) global + local_weight local */
void scores_combine(Scores *scores, size_t images, size_t classes, float local_weight);
