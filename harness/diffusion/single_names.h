/* From CompVis' names of a U-Net's and an autoencoder's weights to diffusers'. */
#pragma once

#include "harness/io/tensor_file.h"

/* What the numbers in names mean depends on these. */
typedef struct SingleShape {
    const char *prefix; /* in front of every name: "model.diffusion_model." */
    size_t layers;      /* U-Net: residual blocks a level on the way down */
    size_t levels;      /* autoencoder: the decoder counts them from the other end */
} SingleShape;

/* For tensor_file_select; context: a SingleShape. False for names that have another prefix. A name of the prefix that no rule knows
 * keeps itself, so that it is missed or found superfluous by its own name. */
bool single_unet_name(const void *shape, const char *name, char renamed[TENSOR_NAME_BYTES]);
bool single_vae_name(const void *shape, const char *name, char renamed[TENSOR_NAME_BYTES]);
/* The prefix alone is taken off; context: the prefix. */
bool single_plain_name(const void *prefix, const char *name, char renamed[TENSOR_NAME_BYTES]);
