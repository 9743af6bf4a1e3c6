/* What models take in memory, estimated before anything is compiled: weights as float32, and activations. Convolution weights that
 * stay float16 take less, so this errs on the high side. */
#pragma once

#include "harness/diffusion/unet.h"
#include "harness/diffusion/vae.h"

/* height, width: of the latents. */
double unet_fixed_bytes(const UNet *unet, size_t batch, size_t height, size_t width);
/* pixels: of one picture. */
double decoder_fixed_bytes(const Vae *vae, size_t batch, size_t pixels);
