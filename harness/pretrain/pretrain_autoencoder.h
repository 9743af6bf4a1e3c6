/* Training the embedded world's autoencoder (AutoencoderKL, mini_diffusion.h) on rendered scenes.
 *
 *     loss = 0.5 mean |y - x| + 2 mean (y - x)^2 + 0.001 KL(N(mean, exp logvar) | N(0, 1)) a latent value,   x in [-1, 1]
 *
 * Adam 2e-3, decay over the last 60 %, averaged weights. Afterwards the latents' channels are shifted and scaled to mean 0 and
 * variance 1 over the world, inside the 1x1 convolutions on either side of them, so that the scaling factor is 1. */
#pragma once

#include "harness/diffusion/vae.h"
#include "harness/pretrain/pretrain_loop.h"

/* Trains or goes on; when *done, *vae is the finished autoencoder, frozen (caller frees), and WORK/vae holds it. `images`: pictures
 * seen in all. */
bool pretrain_autoencoder(const PretrainRun *run, size_t images, Vae **vae, bool *done, Error *err);

/* Scenes from this number on are nobody's training data. */
extern const uint64_t held_out_scene;
/* Pixels in [-1, 1] of pretraining scene `index`, mirrored or not by a throw of its own. */
bool pretrain_scene_mirrored(uint64_t index);
void pretrain_scene_pixels(uint64_t index, float *pixels);
