/* The embedded world's Stable Diffusion: sizes of its parts, and how they become a folder that diffusers' StableDiffusionPipeline
 * opens as it is. v-prediction (Salimans and Ho 2022), Stable Diffusion's betas rescaled to zero terminal SNR, trailing time
 * steps (Lin et al. 2024). The text tower is the mini CLIP's. */
#pragma once

#include "harness/clip/clip.h"
#include "harness/diffusion/unet.h"
#include "harness/diffusion/vae.h"

enum { MINI_LATENT_SIDE = 16, MINI_LATENT_CHANNELS = 4 };

/* Texts of config.json files. */
extern const char *const mini_vae_config, *const mini_unet_config, *const mini_scheduler_config;

/* Zeroes the last layer of every residual branch of a new model, so that blocks begin as the identity; the U-Net's output
 * convolution too. (Goyal et al. 2017, as diffusion models have it since Ho et al. 2020.) */
void mini_quiet_start(WeightSet *set);

/* Writes model_index.json, scheduler/, text_encoder/, tokenizer/, vae/, unet/. Values of vae and unet must stand. `clip_folder`: where
 * vocab.json and merges.txt lie. half: fp16 weights. */
bool mini_diffusion_save(const Clip *clip, const char *clip_folder, const Vae *vae, const UNet *unet,
                         const char *folder, bool half, Error *err);
