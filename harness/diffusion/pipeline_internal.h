/* The parts of a pipeline. Inside harness/diffusion/pipeline*.c only. */
#pragma once

#include "harness/diffusion/lora/lora.h"
#include "harness/diffusion/pipeline.h"
#include "harness/diffusion/scheduler.h"
#include "harness/diffusion/single_file.h"
#include "harness/diffusion/text_encoder.h"
#include "harness/diffusion/unet.h"
#include "harness/diffusion/vae.h"

typedef struct KnownText {
    char *prompt;
    UNetText *text;
} KnownText;

struct Pipeline {
    char *folder;                    /* or the file */
    SingleFile *single, *single_vae; /* files that parts come from; NULL: folders */
    char *prediction;                /* asked for in place of the configuration's; NULL: not */
    bool consistency;                /* model_index.json names the latent consistency pipeline */
    char *fingerprint;               /* [65], empty until it is asked for */
    /* models */
    UNet *unet;
    Vae *vae;
    Clip *clip;
    PromptTokenizer *tokenizer;
    Scheduler *scheduler;
    char *scheduler_path;
    char *scheduler_class; /* diffusers' name, from model_index.json */
    unsigned repaired;     /* what scheduler_repair corrected */
    TextList remarks;
    char words[65]; /* digest of the learned words; empty: none */
    LoraSet *loras; /* NULL: none */
    /* prepared for settings */
    DrawSettings settings; /* sizes filled in; `negative` is our copy */
    char *negative;
    bool guided; /* a second half with the negative prompt */
    size_t latent_height, latent_width, latent_values, pixels;
    UNetRunner *runner;
    VaeRunner *decoder;
    size_t decoder_batch;
    TextTower *tower;
    KnownText *known; /* [batch] the latest prompts, in a ring */
    size_t known_next;
    Random *generators;         /* [batch] */
    float *latents;             /* [batch, latent_values] */
    float *input, *output;      /* [batch or 2 batch, latent_values] */
    float *to_decode, *decoded; /* [decoder_batch, ...] */
    int32_t *tokens;            /* [length] */
    float *hidden;              /* [length, text_width] */
};

/* The parts of a pipeline that is one file (pipeline_single.c). */
bool pipeline_open_single(Pipeline *p, PipelineParts parts, Error *err);
/* diffusers' corrections of the sampler, with their remarks. `asked`: which sampler was named (NULL: none); naming the model's `own` is
 * the same as naming none. */
void pipeline_repair_scheduler(Pipeline *p, const char *asked, const char *own);
/* An autoencoder's folder, a pipeline's folder that has one, or one file. NULL on failure. */
Vae *pipeline_open_vae(Pipeline *p, const char *path, Error *err);
/* Learned words into tokenizer and text encoder (pipeline_text.c). */
bool pipeline_add_words(Pipeline *p, const char *const *files, Error *err);
/* Lets go of what pipeline_prepare made. */
void pipeline_unprepare(Pipeline *p);
/* Fails when the pictures that were asked for take more than settings.memory (pipeline_memory.c). */
bool pipeline_fits(const Pipeline *p, Error *err);
/* Keys and values of a prompt, computed or known; NULL on failure. Valid until `batch` other prompts were asked for. */
const UNetText *pipeline_text(Pipeline *p, const char *prompt, Error *err);
