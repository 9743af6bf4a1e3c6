/* DualPrompt (Xie et al., ICLR 2026; github.com/xiemk/DualPrompt, run.py and prompt_template.py [code]). Training-free. What its files
 * share.
 *
 *     e^d_c = n(mean of n(text(frame of c)))         discriminative: 85 frames, CLIP's 80 and five about scenes
 *     e^r_c   the same of the frames rewritten with c's companions o_1 ... o_m    correlative; m = 0: e^d_c
 *     d_c = <x, e^d_c>, r_c likewise; d'_c = sum_p softmax_p(<x^p, e^d_c>) <x^p, e^d_c> over nine tiles p, r'_c likewise
 *     score = softmax_c of exp(logit_scale) [ (1 - lambda)/2 (d_c + d'_c) + lambda/2 (r_c + r'_c) ],  lambda 0.5
 *
 * Without `tiles`, which the paper's text does not mention, the logit is exp(logit_scale) [ (1 - lambda) d_c + lambda r_c ].
 * A tile is a ninth of the picture squashed to the tower's square, squashed to that square again (harness/clip/encode_tiles.c).
 * Companions by methods/shared/cooccurrence.h, P(j|i) counted in the labels of a drawn share of the training images (published 0.01; all
 * of them: "prior"), or in the data set's captions, which is ours: the paper's rows without data ask a language model,
 * whose request is not given.
 *
 * The rewritten frame: "F often including A o_1, A o_2." of the frame "F." of c, A being the words around {} from the article on ("the
 * hard to see {}"). Frames about things say "often coocurring with". The published typos are kept, for its numbers have them.
 * Draws: with labels, one permutation of the shown images by the seed, of which the first share is counted (numpy's draw
 * there). The order of companions is the row's and then the column's, which there changes from run to run. */
#pragma once

#include "methods/shared/class_text.h"

/* The sentence of `frame` for a class and its companions; `link`: the words between, or "published". Caller frees. */
char *companion_sentence(const char *frame, const char *name, const char *const *companions, size_t count,
                         const char *link);

/* e^r -> [N, D]. */
bool correlative_text(const Run *run, float *features, Error *err);
