/* AutoencoderTiny (TAESD, Ollin Boer Bohan 2023): convolutions and ReLU only, a few megabytes. Inside harness/diffusion only;
 * vae.h is the way in. */
#pragma once

#include "harness/diffusion/vae.h"

bool tiny_vae_config(Json config, VaeConfig *k, Error *err);
void tiny_vae_weights(const VaeConfig *k, WeightSet *set);
Node *tiny_vae_decoder(Graph *g, const Vae *vae, Node *latents);
Node *tiny_vae_encoder(Graph *g, const Vae *vae, Node *picture);
