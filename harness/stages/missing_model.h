/* How to come by a model that is not there: one that `palbench pretrain` makes is known by its place, whatever it is called. */
#pragma once

#include "harness/experiments/experiments.h"

/* Where `palbench pretrain clip` and `palbench pretrain diffusion` leave the embedded world's models. */
#define EMBEDDED_CLIP      "results/pretrained/mini-clip"
#define EMBEDDED_DIFFUSION "results/pretrained/mini-sd"

/* The sentences about a CLIP checkpoint and a diffusers folder that are not there. Return false. */
bool fail_without_clip(const Model *model, Error *err);
bool fail_without_diffusion(const Model *model, Error *err);
