/* Latents of pretraining scenes under a finished autoencoder, computed once: the denoiser sees each scene many times, with another
 * caption and other noise. */
#pragma once

#include "harness/diffusion/vae.h"
#include "harness/pretrain/pretrain_loop.h"

typedef struct PretrainLatents {
    size_t singles, count; /* scenes with one object come first, then those with more */
    int64_t *scenes;       /* [count] numbers of pretraining scenes */
    float *values;         /* [count, 16, 16, 4] the means, channels last */
} PretrainLatents;

/* `count` scenes, six of ten with one object. Read from WORK/latents.h5 when it was made for the same autoencoder, else computed
 * and stored there. */
bool pretrain_latents(const PretrainRun *run, const Vae *vae, size_t count, PretrainLatents *latents, Error *err);
void pretrain_latents_free(PretrainLatents *latents);
