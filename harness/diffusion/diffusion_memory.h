/* What models take in memory, estimated before anything is compiled: activations, and weights as float32, or as float16 where their
 * file has them so. */
#pragma once

#include "harness/diffusion/unet.h"
#include "harness/diffusion/vae.h"

/* height, width: of the latents. */
double unet_fixed_bytes(const UNet *unet, size_t batch, size_t height, size_t width);
/* pixels: of one picture. */
double decoder_fixed_bytes(const Vae *vae, size_t batch, size_t pixels);
