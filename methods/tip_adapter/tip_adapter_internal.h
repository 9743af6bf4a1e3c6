/* Tip-Adapter and Tip-Adapter-F (Zhang et al., ECCV 2022; github.com/gaopengcuhk/Tip-Adapter, main.py): a cache of labelled
 * images' features beside CLIP's own scores. What their files share.
 *
 *     z = clip_scale <x, W> + alpha exp(-beta (1 - x K^T)) V
 *     W [N, D] class features; K [M, D] features of the images with a positive label; V [M, N] their labels: 1 positive, else 0
 *     (negative and unknown alike); with `balance` a class's column is divided by how many positives it has
 *
 * Tip-Adapter trains nothing. Tip-Adapter-F learns K from there on the same images, all of them, with z as above: AdamW 1e-3,
 * eps 1e-4, weight decay 0.01, 20 epochs, batches of 256, learning rate by a cosine over all steps [code]. Its loss is published for
 * one label an image, softmax cross entropy of z; `loss` "softmax" spreads the target over the positives, "ranking" is the ranking
 * loss of z, "asl" the asymmetric loss of asl_scale (z / clip_scale - threshold) with a learned threshold (labelled.h). The published code draws a new crop at every visit, averages ten crops for a key, and
 * searches alpha and beta on a validation set; here features are those of the whole image, and the search is the user's grid. */
#pragma once

#include "methods/shared/class_text.h"
#include "methods/shared/fit.h"

typedef struct TipFormula {
    float clip_scale, alpha, beta;
} TipFormula;
TipFormula tip_formula(const Options *options);

/* Makes cache_keys [M, D] and cache_values [M, N] (frozen) with run_learn, from the run's labelled images in their order. Fails on:
 * no image with a positive label. */
bool tip_make_cache(Run *run, Error *err);
/* z [B, N] of x [B, D], unit length; text [N, D] */
Node *tip_scores(Graph *g, Node *x, Node *text, Node *keys, Node *values, TipFormula f);

/* Learns the cache's keys further (Tip-Adapter-F). Draws with seed s: one permutation of the labelled images an epoch. */
bool tip_fine_tune(Run *run, const float *text, Error *err);
