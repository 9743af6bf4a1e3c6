/* Training the embedded world's U-Net on cached latents (mini_diffusion.h has its sizes).
 *
 * v-prediction: x_t = sqrt(a) x + sqrt(1 - a) e, target sqrt(a) e - sqrt(1 - a) x (Salimans and Ho 2022), plain mean square
 * error, t uniform and stratified over the batch. Captions mention all they can and nothing wrong; 10 % are empty, for
 * guidance; single objects are 85 % of a batch at first, 55 % from 480,000 images on. AdamW 1e-3, decay over the last 40 %, averaged weights. */
#pragma once

#include "harness/clip/clip.h"
#include "harness/diffusion/unet.h"
#include "harness/pretrain/pretrain_latents.h"
#include "harness/stages/judge.h"

typedef struct DenoiserInputs {
    const Clip *clip; /* its text tower */
    const char *clip_folder;
    const Vae *vae;
    const Judge *judge;
    const PretrainLatents *latents;
    size_t images; /* seen in all */
} DenoiserInputs;

/* Trains or goes on; when *done, *unet is the finished one, frozen (caller frees). */
bool pretrain_denoiser(const PretrainRun *run, const DenoiserInputs *inputs, UNet **unet, bool *done, Error *err);
