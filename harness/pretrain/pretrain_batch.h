/* Batches of rendered scenes and captions for pretraining. Pair number p of a run is a pure function of p: a scene nobody has
 * seen before, one caption of it, mirrored or not; so a resumed run needs no state of a generator. */
#pragma once

#include "datasets/mini/mini_world.h"
#include "harness/clip/tokenizer.h"

#include <stddef.h>
#include <stdint.h>

typedef struct PretrainBatch {
    size_t size, tokens; /* pairs; tokens a caption, padded with the end token */
    float *pixels;       /* [size, 64, 64, 3] normalised */
    int32_t *ids;        /* [size, tokens] */
    int32_t *ends;       /* [size] position of the end token */
} PretrainBatch;

bool pretrain_batch_init(PretrainBatch *batch, size_t size, size_t tokens, Error *err);
void pretrain_batch_free(PretrainBatch *batch);
/* Fills the batch with pairs first .. first + size - 1. Scene numbers are taken modulo `scenes`. */
void pretrain_batch_fill(PretrainBatch *batch, uint64_t first, uint64_t scenes, uint64_t seed,
                         const Tokenizer *tokenizer, const float mean[3], const float std[3]);

/* The parts, for other kinds of batches. A scene's picture as (value / 255 - mean) / std: pixels [64, 64, 3]. */
void pretrain_picture(const WorldScene *scene, bool mirrored, const float mean[3], const float std[3], float *pixels);
/* A caption's ids [tokens], cut to fit and filled up with the end token, and how many stand before the filling. */
size_t pretrain_tokens(const Tokenizer *tokenizer, const char *caption, size_t tokens, int32_t *ids);
