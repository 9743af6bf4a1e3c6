/* Zero-shot mAP of the embedded world's CLIP on a split of it, in its four forms; what the pretraining log shows. */
#pragma once

#include "datasets/mini/mini_world.h"
#include "harness/clip/clip.h"

typedef struct WorldZeroShot {
    double raw, normalised;             /* global: cosine; softmax over the classes at CLIP's scale */
    double local_raw, local_normalised; /* local aggregation with temperature 10 */
} WorldZeroShot;

bool world_zero_shot(const Clip *clip, const Tokenizer *tokenizer, WorldSplit split, size_t images,
                     WorldZeroShot *result, Error *err);
