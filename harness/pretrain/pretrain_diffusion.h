/* Training the embedded world's Stable Diffusion from scratch with our own engine (`palbench pretrain diffusion`), in three
 * parts, each with a checkpoint and a log of its own: the judge (an independent classifier of real renders that tells how many
 * generated objects can be recognised), the autoencoder, the denoiser. */
#pragma once

#include "harness/pretrain/pretrain_loop.h"

typedef struct PretrainDiffusionOptions {
    PretrainRun run;
    const char *clip;                /* the mini CLIP, whose text tower steers the denoiser */
    const char *out;                 /* folder of the finished model: diffusers files, judge/, logs */
    size_t judge_images, vae_images; /* seen in training; 0: the recipe's */
    size_t denoiser_images, scenes;  /* seen in all; different scenes */
} PretrainDiffusionOptions;

bool pretrain_diffusion(const PretrainDiffusionOptions *options, Error *err);
