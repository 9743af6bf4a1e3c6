/* A positive and a negative feature a class, compared with every position of an image: what DualCoOp and its descendants share
 * (Sun et al., NeurIPS 2022; sunxm2357/DualCoOp, models/dualcoop.py). With x_j the local features and G+, G- the class features:
 *     o+-_jc = 20 <x_j, G+-_c>,  w_jc = softmax_j(o+_jc),  l+-_c = 5 sum_j w_jc o+-_jc,  p_c = softmax over the pair (l-_c, l+_c)
 * Trained with the asymmetric loss of p (losses.h; its focusing weights are constants for the gradient, as in the code) times
 * loss_weight; labels that are not known are in no part of it.
 * Score: l+_c - l-_c, which is the logit of p_c: the order of p_c in every class, but it does not saturate to 1 in float32. The option
 * `probability` gives p_c itself, the authors' score. */
#pragma once

#include "methods/shared/fit.h"
#include "methods/shared/labelled.h"

#define PAIR_OPTIONS(loss_weight_)                                                                                     \
    OPTION_REAL("loss_weight", loss_weight_, 0, 1e6,                                                                   \
                "of the asymmetric loss, which is a sum over the batch and its classes"),                              \
        ASYMMETRIC_OPTIONS,                                                                                            \
        OPTION_BOOL_AT_TEST("probability", false, "scores are the probabilities of the pairs, not their logits")

/* Fits the run's parameters to the loss of the step's images; positive and negative [N, D], unit length, are nodes of the step's
 * graph. Draws one permutation of the images an epoch. */
bool pair_fit(Run *run, LabelledStep *step, Node *positive, Node *negative, const FitPlan *plan, Random *random,
              Error *err);
/* scores [images, N] from class features [2, N, D]: the positive ones, then the negative ones. */
bool pair_score(const Run *run, const ImageFeatures *test, const float *features, float *scores, Error *err);
