/* A Stable Diffusion checkpoint in one file, .safetensors or .ckpt, as CompVis' and Stability's programs write it: U-Net, autoencoder and
 * text tower under names of their own.
 *
 *     SingleFile *f = single_file_open("v1-5-pruned.ckpt", NULL, err);
 *     UNet *unet = single_file_unet(f, err);
 *
 * Such a file holds no configuration. Sizes are read off the tensors' shapes; what shapes do not tell is the same in every published
 * model of this form: groups of 32 channels, 8 heads in Stable Diffusion 1 and heads of width 64 in 2. A NAME.yaml beside NAME.ckpt may
 * say heads, betas and the kind of prediction (CompVis' own configuration); a diffusers folder's configuration files beside it
 * (unet/config.json, vae/, text_encoder/, scheduler/) say everything, and then count instead.
 *
 * Names: CompVis/stable-diffusion (model.diffusion_model., first_stage_model., cond_stage_model.), Stability-AI/generative-models
 * (conditioner.embedders.0.). What belongs to training (model_ema., betas, loss.) is left out. */
#pragma once

#include "harness/clip/clip.h"
#include "harness/diffusion/scheduler.h"
#include "harness/diffusion/unet.h"
#include "harness/diffusion/vae.h"

typedef struct SingleFile SingleFile;

/* prediction: "epsilon", "v" or NULL: as a .yaml or scheduler_config.json beside the file says, else epsilon. Fails (NULL) on: what no
 * reader of tensors opens, a file without a U-Net of these names, Stable Diffusion XL and inpainting (by name). */
SingleFile *single_file_open(const char *path, const char *prediction, Error *err);
void single_file_close(SingleFile *f); /* after what came from it */

/* "compvis" or "sgm"; "sd1", "sd2". */
const char *single_file_layout(const SingleFile *f);
const char *single_file_family(const SingleFile *f);
/* Nothing says what the U-Net predicts, and models of this family differ: epsilon is taken, and the user should know. */
bool single_file_guesses_prediction(const SingleFile *f);

/* A part's tensors under diffusers' names (the text tower's under their own), and its config.json; the text tower's may be NULL: from
 * shapes. Close with tensor_file_close, before the file. */
typedef enum SinglePart { SINGLE_UNET, SINGLE_VAE, SINGLE_TEXT } SinglePart;
TensorFile *single_file_part(const SingleFile *f, SinglePart part, Error *err);
const char *single_file_config(const SingleFile *f, SinglePart part);
/* The file with all its tensors. */
const TensorFile *single_file_tensors(const SingleFile *f);

/* The parts; NULL on a missing or superfluous tensor, a shape that does not fit. They must be freed before the file is closed. */
UNet *single_file_unet(const SingleFile *f, Error *err);
Vae *single_file_vae(const SingleFile *f, Error *err);
Clip *single_file_clip(const SingleFile *f, Error *err);
/* kind: as scheduler_open. */
Scheduler *single_file_scheduler(const SingleFile *f, const char *kind, Error *err);
/* Stable Diffusion 2 pads prompts with the token 0, 1 with the end token. */
bool single_file_pads_with_zero(const SingleFile *f);
/* The folder of a tokenizer beside the file (tokenizer/, or vocab.json itself); NULL: none. Caller frees. */
char *single_file_tokenizer(const SingleFile *f);
/* All configurations as they were taken, for a fingerprint: the file's bytes do not hold them. Caller frees. */
char *single_file_configuration(const SingleFile *f);

/* An autoencoder alone in one file: of a single-file pipeline, or with CompVis' names and nothing in front. */
Vae *single_file_vae_open(const char *path, SingleFile **file, Error *err);
