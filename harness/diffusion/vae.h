/* The autoencoder between pictures and latents: AutoencoderKL (Rombach et al. 2022) or AutoencoderTiny (TAESD), whichever
 * config.json's _class_name says. Pictures are in [-1, 1]; no scaling factor is applied here.
 *
 *     Vae *vae = vae_open("sd15/vae", err);
 *     VaeRunner *decoder = vae_decoder_new(vae, 1, 64, 64, options, err);
 *     vae_decode(decoder, latents, picture); */
#pragma once

#include "harness/diffusion/diffusion_config.h"
#include "harness/diffusion/diffusion_weights.h"

typedef struct VaeConfig {
    bool is_tiny;
    size_t in_channels, out_channels, latent_channels;
    float scaling_factor, shift_factor;  /* latents of the U-Net = (mean - shift) * scaling */
    size_t factor;                       /* pixels a latent a side, 8 for Stable Diffusion */
    size_t levels, channels[LEVELS_MAX]; /* KL; tiny: the encoder's */
    /* AutoencoderKL */
    size_t layers, groups;
    bool has_quant_conv, has_post_quant_conv, middle_attends;
    /* AutoencoderTiny */
    size_t decoder_levels, decoder_channels[LEVELS_MAX];
    size_t encoder_blocks[LEVELS_MAX], decoder_blocks[LEVELS_MAX];
    size_t upscale; /* of one decoder level */
} VaeConfig;

typedef struct Vae {
    VaeConfig config;
    WeightSet set;
} Vae;

/* Opens a folder like vae/. Fails (NULL) as unet_open. */
Vae *vae_open(const char *folder, Error *err);
/* The same from a config.json's text, `name` in sentences, and tensors (weights_from_tensors: they are taken over). */
Vae *vae_from_tensors(const char *name, const char *config_json, TensorFile *tensors, Error *err);
/* From a config.json's text, weights drawn: for training from scratch. */
Vae *vae_new(const char *name, const char *config_json, uint64_t seed, Error *err);
/* The same with weights_random, for measuring. */
Vae *vae_random(const char *name, const char *config_json, Error *err);
/* config.json of a published model: sd15, sd21, sd-turbo (the same), taesd; NULL for another name. */
const char *vae_published(const char *arch);
bool vae_save(const Vae *vae, const char *config_json, const char *folder, bool half, Error *err);
void vae_free(Vae *vae);

/* ---- as graphs ---- */

/* latents [B, h, w, latent_channels] -> picture [B, h * factor, w * factor, out_channels], not clipped */
Node *vae_decoder_node(Graph *g, const Vae *vae, Node *latents);
/* picture [B, H, W, in_channels] -> KL: mean and unclipped logarithm of the variance [B, H / factor, W / factor, 2 *
 * latent_channels]; tiny: latents [B, H / factor, W / factor, latent_channels] */
Node *vae_encoder_node(Graph *g, const Vae *vae, Node *picture);

/* ---- runners ---- */

typedef struct VaeRunner VaeRunner;
/* height, width: of the latents in both. Fail (NULL) on sizes that are not positive or too large, memory. */
VaeRunner *vae_decoder_new(const Vae *vae, size_t batch, size_t height, size_t width, GraphOptions options, Error *err);
VaeRunner *vae_encoder_new(const Vae *vae, size_t batch, size_t height, size_t width, GraphOptions options, Error *err);
void vae_runner_free(VaeRunner *r);
Graph *vae_runner_graph(VaeRunner *r);

/* latents [batch, latent_channels, h, w] -> picture [batch, out_channels, H, W] */
void vae_decode(VaeRunner *r, const float *latents, float *picture);
/* picture [batch, in_channels, H, W] -> mean, logvar [batch, latent_channels, h, w]; the logarithm of the variance is clipped to
 * [-30, 20] as diffusers' DiagonalGaussianDistribution does. A tiny one has no variance: logvar is left as it is (NULL is
 * allowed). */
void vae_encode(VaeRunner *r, const float *picture, float *mean, float *logvar);
