/* SPARC (Miller et al., "Score Prompting and Adaptive Fusion for Zero-Shot Multi-Label Recognition", CVPR 2025;
 * github.com/kjmillerCURIS/SPARC, run_SPARC.py). Training-free and transductive: every score depends on all test images. What its
 * files share.
 *
 * Cosines of an image with three kinds of text:
 *     single_c  the mean of 80 templates with the name of class c       plain_c  the name alone       pair_p  "A and B"
 * 1. per image:  single_c <- (single_c - mean_c single) / sd_c single,   pair_p <- (pair_p - mean_c plain) / sd_c plain
 * 2. per prompt: single_c and pair_p <- (value - mean over the test images) / sd over the test images
 *    (sd with n - 1 in both; a value whose sd is 0 becomes 0)
 * 3. class by class, the pairs that name c in descending order within each image: the 1st, 2nd, ... order statistic. With single_c
 *    as one more column, r_c = their sum weighted by the first principal axis over the test images (absolute weights sum to 1, sign
 *    such that their mean is positive). Equal values have equal order statistics, whichever stands first.
 * 4. score_c = (1 - fusion_weight) single_c + fusion_weight r_c, fusion_weight 1/2; single_c alone for a class without pairs.
 * All of it [code], but for the prompts: the published ones are pairs and triplets of classes that occur together among the
 * *training labels* (P(j|i) above 0.05 for a pair) and sentences about them by a language model. Here: all pairs, which is an
 * ablation of the authors' ("a and b", names without a frame), or with `pair_source` "captions" those that occur together in
 * the data set's captions, by their rule. `fusion` "max", "second", "third" and "mean" take that order statistic, or the mean of
 * all, for r_c instead of the principal axis (the paper's studies; of the largest that there are if fewer).
 * No draws. */
#pragma once

#include "methods/shared/class_text.h"

typedef enum Fusion { FUSE_PCA, FUSE_MAX, FUSE_SECOND, FUSE_THIRD, FUSE_MEAN } Fusion;
extern const char *const fusion_choices[]; /* in the enum's order */

typedef struct Pair {
    size_t a, b; /* classes, a < b */
} Pair;

/* Which pairs there are by the options `pairs`, `pair_source`, `pair_threshold`: in the order (0, 1), (0, 2), ... (1, 2), ...
 * Caller frees. */
Pair *sparc_pairs(const Run *run, size_t *count);
/* Features of the pairs' sentences -> [count, D]. Fails on: a frame that has not two {} (exit status 2). */
bool sparc_pair_text(const Run *run, const Pair *pairs, size_t count, float *features, Error *err);

/* r [images] of one class from compound [images, k] (k at least 1, sorted in place, ascending) and single [images, stride]. */
void sparc_fuse(Fusion fusion, float *compound, size_t images, size_t k, const float *single, size_t stride, float *r);
