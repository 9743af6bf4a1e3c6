/* UNet2DConditionModel of Stable Diffusion (Rombach et al. 2022), from a diffusers folder. SD 1.x, 2.x, Turbo, LCM and the mini
 * model are one code.
 *
 *     UNet *unet = unet_open("sd15/unet", err);
 *     UNetRunner *r = unet_runner_new(unet, (UNetSize){.batch = 2, .height = 64, .width = 64, .tokens = 77}, options, err);
 *     UNetText *text = unet_text_new(r, hidden, err);            // once a prompt
 *     unet_set_text(r, 0, empty), unet_set_text(r, 1, text);
 *     for (each step) {
 *         unet_set_times(r, &t, NULL);                            // once a step
 *         unet_run(r, sample, noise);                             // both halves of the guidance in one batch
 *     }
 *
 * What depends on the prompt alone (keys and values of cross attention) and what depends on the time alone (the biases that
 * the time adds in every residual block) are graphs of their own; the step's graph has them as inputs. */
#pragma once

#include "harness/diffusion/diffusion_config.h"
#include "harness/diffusion/diffusion_weights.h"

/* One down, middle or up block. */
typedef struct UNetBlock {
    size_t in, out;    /* channels; up blocks: in = of the last skip connection, that is, of the level below in index */
    size_t previous;   /* up blocks: channels of what comes from the block before */
    size_t layers;     /* residual blocks (up blocks have one more than the configuration says) */
    bool attends;      /* CrossAttn...: a transformer behind every residual block */
    size_t heads;      /* of attention, in number: what config.json calls attention_head_dim (diffusers issue 2011) */
    size_t depth;      /* transformer blocks in a row */
    bool only_cross;   /* the first attention of a transformer block looks at the text, too */
    size_t text_width; /* cross_attention_dim */
    bool resamples;    /* a down- or up-sampling at the end */
} UNetBlock;

typedef struct UNetConfig {
    size_t in_channels, out_channels, levels, channels[LEVELS_MAX];
    UNetBlock down[LEVELS_MAX], middle, up[LEVELS_MAX];
    bool has_middle;
    size_t groups;
    float eps;
    bool flip_sin_to_cos;
    float freq_shift;
    size_t time_width;      /* 4 channels[0] unless time_embedding_dim says otherwise */
    size_t condition_width; /* time_cond_proj_dim: width of the guidance embedding (LCM); 0: none */
    bool linear_projection;
    size_t conv_in_kernel, conv_out_kernel;
    size_t downsample_padding; /* 1, or 0: a row and a column of zeros behind */
    size_t sample_size;        /* latents a side that the model was trained for; 0: not said */
    bool old_sample_size;      /* written by diffusers before 0.9, where one number below 64 was a mistake */
} UNetConfig;

/* Reads a configuration (unet_config.c). Fails on everything that is not computed here. */
bool unet_config(Json config, UNetConfig *k, Error *err);

typedef struct UNet {
    UNetConfig config;
    WeightSet set;
} UNet;

/* Opens a folder like unet/. Fails (NULL) on: no config.json, a value that this program does not compute, a tensor that is
 * missing, of another shape, or not finite. */
UNet *unet_open(const char *folder, Error *err);
/* The same from a config.json's text, `name` in sentences, and tensors (weights_from_tensors: they are taken over). */
UNet *unet_from_tensors(const char *name, const char *config_json, TensorFile *tensors, Error *err);
/* From a config.json's text (`name` for sentences), weights drawn: for training from scratch. */
UNet *unet_new(const char *name, const char *config_json, uint64_t seed, Error *err);
/* The same with weights_random, for measuring. */
UNet *unet_random(const char *name, const char *config_json, Error *err);
/* config.json of a published model: sd15, sd21, sd-turbo; NULL for another name. */
const char *unet_published(const char *arch);
/* Writes FOLDER/config.json (given) and the weights. */
bool unet_save(const UNet *unet, const char *config_json, const char *folder, bool half, Error *err);
void unet_free(UNet *unet); /* NULL is allowed */

/* cos and sin of t exp(-ln(10000) i / (half - freq_shift)), i < half = channels[0] / 2 (Ho et al. 2020), in the configured
 * order: values [channels[0]]. */
void unet_time_waves(const UNet *unet, float t, float *values);
/* Embedding of the guidance w = guidance scale - 1 of latent consistency models (Luo et al. 2023), values [condition_width]:
 * sines then cosines of 1000 w exp(-ln(10000) i / (half - 1)). */
void unet_guidance_waves(const UNet *unet, float w, float *values);

/* ---- as graphs: for the runner below, and for training ---- */

/* Residual blocks, and attentions that look at the text, in the order in which they run. */
size_t unet_residuals(const UNetConfig *k);
size_t unet_crosses(const UNetConfig *k);
/* waves [R, channels[0]]; condition [R, condition_width] or NULL (as zeros) -> times[unet_residuals], node i [R, channels of residual
 * block i]: what the block's first convolution adds, its own bias included. R is 1 for one time for the whole batch (the
 * biases are then the convolution's), or the batch. */
void unet_time_nodes(Graph *g, const UNet *unet, Node *waves, Node *condition, Node **times);
/* hidden [B, T, cross_attention_dim] -> texts[2 * unet_crosses]: key, value of each cross attention [B, T, channels]. */
void unet_text_nodes(Graph *g, const UNet *unet, Node *hidden, Node **texts);
/* sample [B, h, w, in_channels] -> prediction [B, h, w, out_channels]. */
Node *unet_node(Graph *g, const UNet *unet, Node *sample, Node *const *times, Node *const *texts);

/* ---- the runner ---- */

typedef struct UNetSize {
    size_t batch, height, width; /* of the latents */
    size_t tokens;               /* of the text */
    bool time_per_image;         /* every image of the batch has a time of its own (false: one for all) */
} UNetSize;

typedef struct UNetRunner UNetRunner;
/* Compiles the three graphs. Fails (NULL) on:
 * sizes that are not positive or too large, memory. The unet must outlive the runner. */
UNetRunner *unet_runner_new(const UNet *unet, UNetSize size, GraphOptions options, Error *err);
void unet_runner_free(UNetRunner *r);
Graph *unet_runner_graph(UNetRunner *r); /* the step's, for graph_cost and the times of its operators */

/* Keys and values of one prompt; `hidden` [tokens, cross_attention_dim]. Fails on memory and on values that are not finite. */
typedef struct UNetText UNetText;
UNetText *unet_text_new(UNetRunner *r, const float *hidden, Error *err);
void unet_text_free(UNetText *text);
/* Image `place` of the batch is drawn from this text (copied into the graph). */
void unet_set_text(UNetRunner *r, size_t place, const UNetText *text);
/* times [1], or [batch] with time_per_image. `guidance`: w of unet_guidance_waves, as many, or NULL: no condition; ends the
 * program when given to a model without condition_width. */
void unet_set_times(UNetRunner *r, const float *times, const float *guidance);
/* sample [batch, in_channels, height, width] -> prediction (noise or velocity) [batch, out_channels, height, width]. */
void unet_run(UNetRunner *r, const float *sample, float *prediction);
