/* Text to image with a diffusers folder (StableDiffusionPipeline, LatentConsistencyModelPipeline): model_index.json, unet/, vae/,
 * text_encoder/, tokenizer/, scheduler/. model_index.json chooses the sampler's class, scheduler_config.json has its
 * settings. A seed means the picture that it means in diffusers on the CPU.
 *
 *     Pipeline *p = pipeline_open("sd15", (PipelineParts){0}, err);
 *     pipeline_prepare(p, (DrawSettings){.steps = 25, .guidance = 7.5f, .batch = 2}, err);
 *     pipeline_draw(p, (DrawRequest){.count = 2, .prompts = prompts, .seeds = seeds}, pixels, NULL, err);
 *     pipeline_free(p);
 *
 * Computed once: the tower on each prompt, with the keys and values of cross attention; the negative prompt's; the time's
 * embedding, for the whole batch. */
#pragma once

#include "harness/base/progress.h"
#include "harness/base/text.h"
#include "harness/diffusion/scheduler.h"
#include "harness/graph/graph.h"

typedef struct Pipeline Pipeline;

typedef struct PipelineParts { /* NULL: the folder's own */
    const char *vae;           /* another autoencoder's folder, AutoencoderTiny's too */
    const char *tokenizer;
    const char *prediction; /* "epsilon" or "v": what the U-Net predicts */
    const char *scheduler;  /* a kind of scheduler.h; its settings come from the folder's scheduler_config.json */
    const char *const *embeddings; /* files of learned words (textual_inversion.h), NULL-terminated; NULL: none */
    const char *const *loras;      /* FILE or FILE=WEIGHT (lora/lora.h), NULL-terminated; NULL: none */
} PipelineParts;

/* `path`: such a folder, or a checkpoint in one file (single_file.h). Fails (NULL) on: a folder that is no such pipeline, a part that is missing or damaged, parts that do not fit each other,
 * a learned word that the vocabulary has already. */
Pipeline *pipeline_open(const char *path, PipelineParts parts, Error *err);
/* What a person should know of how it was opened, a line each; none, mostly. Borrowed. */
const char *pipeline_note(const Pipeline *p);
void pipeline_free(Pipeline *p);
const char *pipeline_scheduler(const Pipeline *p); /* the kind */
/* What diffusers' pipeline corrects when it opens an old folder and was corrected here, too, a sentence each: steps_offset other than
 * 1, clip_sample, a sample_size below 64 of a U-Net from before diffusers 0.9; and that model_index.json chooses another class than
 * wrote scheduler_config.json. For people to see; they live as long as the pipeline. */
const TextList *pipeline_remarks(const Pipeline *p);
/* Says how many captions (and whether the negative prompt, NULL: none) have more tokens than the text encoder takes, and are cut. */
void pipeline_say_cut(const Pipeline *p, const char *const *captions, size_t count, const char *negative,
                      Progress *progress);
/* A latent consistency model: the guidance is an input of the U-Net, and there is no second half. */
bool pipeline_embeds_guidance(const Pipeline *p);
/* Steps and guidance of diffusers' pipeline of this class when nothing is said: 50 and 7.5, latent consistency models 4 and 8.5. */
void pipeline_defaults(const Pipeline *p, size_t *steps, float *guidance);
/* Pixels that the model was trained for; 0: its configuration does not say. */
void pipeline_own_size(const Pipeline *p, size_t *width, size_t *height);
/* SHA-256, as hex, over all that decides what is drawn: weights, configurations, vocabulary, learned words, LoRAs. Reads the files once. */
bool pipeline_fingerprint(const Pipeline *p, char hex[65], Error *err);

typedef struct DrawSettings {
    size_t width, height; /* of the pictures, multiples of 8; 0: what the model was trained for */
    size_t steps, batch;  /* batch: pictures at a time */
    float guidance;       /* e = negative + guidance (text - negative) (Ho and Salimans 2022); up to 1: text alone */
    const char *negative; /* NULL: the empty prompt; copied */
    GraphOptions graph;
    size_t memory; /* bytes that everything together may take; 0: as many as it takes */
} DrawSettings;

/* Compiles for these settings, in place of the ones before. Fails on: sizes that are not multiples of 8, no steps, more steps
 * than the scheduler has, an empty batch, less `memory` than the weights take, memory. */
bool pipeline_prepare(Pipeline *p, DrawSettings settings, Error *err);
/* As prepared: sizes are filled in. */
const DrawSettings *pipeline_settings(const Pipeline *p);
size_t pipeline_width(const Pipeline *p);
size_t pipeline_height(const Pipeline *p);
size_t pipeline_calls(const Pipeline *p); /* of the U-Net for a batch: what progress counts */
/* The sampler, out of the pipeline, which then is for nothing but pipeline_free; caller frees. */
Scheduler *pipeline_take_scheduler(Pipeline *p);
/* Shape of one picture's latents: channels, height, width. */
void pipeline_latents(const Pipeline *p, size_t dim[3]);

typedef struct DrawRequest {
    size_t count; /* pictures, at most the batch; fewer take as long */
    const char *const *prompts;
    const uint64_t *seeds;
    const float
        *noise; /* [count, channels, height, width] of the latents, unit normal, or NULL: drawn from the seeds */
} DrawRequest;

/* images [count, height, width, 3]. A picture depends on its prompt and seed alone, not on its neighbours. Fails on: values
 * that are not finite (damaged weights), memory. */
bool pipeline_draw(Pipeline *p, DrawRequest request, uint8_t *images, Progress *progress, Error *err);
