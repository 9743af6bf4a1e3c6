/* CoMC (Liu et al., "Language-Driven Cross-Modal Classifier for Zero-Shot Multi-Label Image Recognition", ICML 2024;
 * github.com/yic20/CoMC, trainers/comc.py, configs/trainers/comc/rn50_coco2014.yaml, train.py): a linear classifier that is trained
 * on texts and given images. What its files share.
 *
 * Training: z = W (n(t) + e), e ~ N(0, noise^2), t the captions' text features; ranking loss with margin 1 and scale 1 ("double_ranking").
 * W [N, D] without bias starts as PyTorch's Linear does, U(-1/sqrt(D), 1/sqrt(D)). Adam 1e-3, weight decay 5e-4, 20 epochs, batch 512,
 * first epoch constant 1e-5, then cosine; template sentences of every class among the captions [all of it code].
 * Test: a feature x, global or of one position, is moved towards text:
 *     m(x) = n(sum_m softmax_m(tau_bank <x, T_m>) T_m),   x' = (1 - mix) x + mix m(x),   z(x) = W x'
 *     score = (z(x) + max_j z(x_j)) / 2
 * T is a bank of text features: the published file has one a class, of sentences that nobody wrote down (coco_templates.pt, 80 rows
 * in COCO's order); here the mean over CLIP's 80 templates, or with `bank` "sentences" each of the sentences by itself.
 * The published captions were written by a language model for one to five random classes.
 *
 * Draws with seed s, all from one generator: W, rand(N, D); then an epoch one permutation of the captions (template sentences
 * included), and for every step randn(B, D), drawn when its batch is loaded. */
#pragma once

#include "methods/shared/class_text.h"
#include "methods/shared/fit.h"

/* Moves features [count, D] towards the bank [size, D]; out [count, D]. Fails on no memory. */
bool comc_move(const float *features, size_t count, size_t width, const float *bank, size_t size, float tau, float mix,
               float *out, Error *err);
/* Method.score */
bool comc_score(Run *run, const ImageFeatures *test, Scores *scores, Error *err);
