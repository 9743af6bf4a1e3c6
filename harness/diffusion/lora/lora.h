/* LoRAs over a pipeline's weights.
 *
 *     LoraSet *set = lora_set_open((const char *[]){"style.safetensors=0.8", "lcm.safetensors", NULL}, unet, clip, err);
 *     ...                                  // whatever reads the weights now reads W + weight * alpha / rank * up down
 *     lora_set_free(set);                  // after the U-Net
 *
 * The text tower's weights stand in memory and are changed there at once; a U-Net's are changed each time they are read from their
 * file, so that a model with a LoRA takes the memory of one without. Sums are in float32, file by file in the order given. */
#pragma once

#include "harness/clip/clip.h"
#include "harness/diffusion/unet.h"

typedef struct LoraSet LoraSet;

/* files: FILE or FILE=WEIGHT (1 when not said; any number, negative too), NULL-terminated. Fails (NULL) on: what lora_file_open refuses;
 * a layer that U-Net and text tower do not have, by name; a shape that is not the layer's. */
LoraSet *lora_set_open(const char *const *files, UNet *unet, Clip *clip, Error *err);
void lora_set_free(LoraSet *set); /* NULL is fine */
/* Over the files' bytes and weights, in order, as hex. */
const char *lora_set_fingerprint(const LoraSet *set);
