/* Training the embedded world's CLIP from scratch with our own engine (`palbench pretrain clip`).
 *
 * Recipe: results/pretrained/NOTES.md. A two-stage ModifiedResNet and a small causal text tower; softmax contrastive loss
 * plus a weighted contrastive loss on local features; AdamW, warm-up and cosine. Scenes are drawn by datasets/mini. */
#pragma once

#include "harness/base/error.h"
#include "harness/base/progress.h"

#include <stddef.h>
#include <stdint.h>

typedef struct PretrainClipOptions {
    const char *out;  /* folder of the finished model: open_clip files, vocab.json, merges.txt, training_log.tsv */
    const char *work; /* folder of checkpoints; kept until the model is written */
    bool resume;      /* go on from the newest checkpoint; bit for bit what an uninterrupted run gives */
    size_t pairs;     /* image-caption pairs seen in all; 0: the recipe's */
    size_t scenes;    /* different scenes; 0: the recipe's */
    size_t batch;     /* 0: the recipe's */
    uint64_t seed;
    size_t checkpoint_seconds; /* 0: every 3 minutes */
    size_t tune_images;        /* pictures behind the log's mAP; 0: 2000 */
    size_t stop_after;         /* stop with a checkpoint when so many steps are done in all; 0: run to the end */
} PretrainClipOptions;

bool pretrain_clip(const PretrainClipOptions *options, Progress *progress, Error *err);
