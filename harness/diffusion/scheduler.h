/* Samplers: from noise to a latent image in a few calls of the model.
 *
 *     Scheduler *s = scheduler_open("sd15/scheduler/scheduler_config.json", NULL, err);
 *     if (!scheduler_set_steps(s, 25, err) || !scheduler_begin(s, images, 4 * h * w, err)) ...
 *     sample = noise * scheduler_noise_scale(s)
 *     for (size_t i = 0; i < scheduler_calls(s); i++) {
 *         scheduler_scale_input(s, i, sample, input);
 *         output = unet(input, scheduler_timesteps(s)[i]);
 *         scheduler_step(s, i, output, sample, generators, sample);
 *     }
 *
 * The file is a diffusers scheduler_config.json. `kind` chooses another sampler than the file's class, which then takes
 * the betas and settings from the same file, and its own default for what the file lacks. Each sampler is a file
 * (scheduler_KIND.c, with its formula and source) and a line of the table in scheduler.c; scheduler_kind.h says what one is made of.
 * Keys that a sampler does not take are not looked at (as in diffusers pndm knows no rescale_betas_zero_snr, euler_a no
 * Karras sigmas); values that change the result and are not built are refused.
 *
 * Arrays are float32, image after image, [4, h, w] within an image: everything is elementwise, but noise is drawn in the
 * order of the array, and a seed means the same image as in diffusers only in that order. A Scheduler belongs to one
 * batch at a time (it keeps earlier outputs) and to one thread. */
#pragma once

#include "harness/base/error.h"
#include "harness/base/text.h"
#include "harness/graph/random.h"

#include <stddef.h>

typedef struct Scheduler Scheduler;

/* `kind` is one of scheduler_names(), or NULL: the class that the file names. Fails on: an unreadable file, an unknown kind
 * or class, values of a wrong type or that are not supported, betas that are no noise schedule. Caller frees. */
Scheduler *scheduler_open(const char *path, const char *kind, Error *err);
/* What the model predicts, "epsilon" or "v", in place of what the file says. Fails on another word, and where the kind cannot. */
bool scheduler_set_prediction(Scheduler *s, const char *word, Error *err);
/* From the text of such a file; `name` takes the file's place in messages. */
Scheduler *scheduler_parse(const char *name, const char *text, size_t length, const char *kind, Error *err);
void scheduler_free(Scheduler *s);

/* The kind whose class of diffusers has this name, as model_index.json gives it; NULL: none. */
const char *scheduler_of_class(const char *class_name);
/* The class that wrote the file (_class_name); NULL: it does not say. */
const char *scheduler_written_by(const Scheduler *s);
/* What diffusers' StableDiffusionPipeline corrects in the scheduler that it opens (its __init__): steps_offset becomes 1 and
 * clip_sample false. `own`: this is the folder's own sampler; another one put in its place sees the corrected file, but what the
 * file does not say keeps that sampler's default. Adds a sentence for each correction that changes pictures and returns their set.
 * Before set_steps. */
enum { REPAIRED_OFFSET = 1, REPAIRED_CLIP = 2 };
unsigned scheduler_repair(Scheduler *s, bool own, TextList *remarks);

/* NULL-terminated: "ddim", "pndm", ... */
const char *const *scheduler_names(void);
/* What a sampler is and whose, a line; NULL for a name that none has. */
const char *scheduler_summary(const char *name);
const char *scheduler_kind(const Scheduler *s);

/* Plans `steps` steps and forgets the batch. Fails on: no steps, more steps than training timesteps (LCM: than
 * original_inference_steps), settings under which a step is not defined. */
bool scheduler_set_steps(Scheduler *s, size_t steps, Error *err);

/* Calls of the model, mostly the steps; PNDM's start needs a few more, Heun's are twice as many less one. */
size_t scheduler_calls(const Scheduler *s);
/* [calls] what the model is given as its timestep: whole numbers but for Euler's linspace and Karras sigmas. */
const float *scheduler_timesteps(const Scheduler *s);
/* The initial noise has this standard deviation. */
float scheduler_noise_scale(const Scheduler *s);
/* Whether any step draws noise. */
bool scheduler_draws_noise(const Scheduler *s);

/* Starts a batch of `images` images of `values` values each, forgetting the one before. Fails when memory is short. */
bool scheduler_begin(Scheduler *s, size_t images, size_t values, Error *err);

/* What the model is shown of the sample before call i. `input` may be `sample`. */
void scheduler_scale_input(const Scheduler *s, size_t i, const float *sample, float *input);

/* The step of call i; calls come in order from 0. `generators` [images] give each image its noise, randn(values) a step
 * where the sampler draws; NULL is possible when scheduler_draws_noise is false. `next` may be `sample`. */
void scheduler_step(Scheduler *s, size_t i, const float *output, const float *sample, Random *generators, float *next);
