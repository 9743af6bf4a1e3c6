/* One model on arrays of a file, for comparing with other programs (`palbench probe`). Data sets as results/README.md
 * has them. `model` is a pipeline's folder (its unet/, vae/ or text_encoder/ is taken) or that folder itself; `config`
 * is the JSON that the written file carries. options: as the models' runners take them. An input with any other data
 * set is refused by its name: what is not read was meant to change something. */
#pragma once

#include "harness/graph/graph.h"

/* in: sample [b, channels, h, w], timestep [b], encoder_hidden_states [b, t, d], and for a latent consistency model, if it shall
 * be told, guidance_w [b] (guidance scale - 1);  out: noise [b, channels, h, w] */
bool probe_unet(const char *model, const char *in, const char *out, const char *config, GraphOptions options,
                Error *err);
/* An autoencoder's input may hold what both directions read.
 * latents [b, 4, h, w] -> sample [b, 3, H, W] */
bool probe_vae_decode(const char *model, const char *in, const char *out, const char *config, GraphOptions options,
                      Error *err);
/* sample [b, 3, H, W] -> mean, logvar [b, 4, h, w]; a tiny autoencoder has no logvar */
bool probe_vae_encode(const char *model, const char *in, const char *out, const char *config, GraphOptions options,
                      Error *err);
/* tokens [b, t] int32 -> hidden [b, t, d], as the pipeline hands it to the U-Net; t up to the model's context */
bool probe_text(const char *model, const char *in, const char *out, const char *config, Error *err);
