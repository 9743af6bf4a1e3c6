/* LoRA files (Hu et al. 2021): for some layers of a model two thin matrices each, whose product is added to the layer's weight,
 *
 *     W' = W + weight * alpha / rank * up down        up [out, rank], down [rank, in] or [rank, in, k, k] of a convolution
 *
 *     LoraFile lora;
 *     lora_file_open(&lora, "style.safetensors", err);
 *     for (size_t i = 0; i < lora.count; i++) lora.layers[i].module ...
 *     lora_file_close(&lora);
 *
 * Files name layers in three ways: kohya's ("lora_unet_mid_block_attentions_0_proj_in.lora_down.weight", ".alpha"), PEFT's
 * ("unet.mid_block.attentions.0.proj_in.lora_A.weight"; alpha in the metadata "lora_adapter_metadata" or in adapter_config.json
 * beside it) and diffusers' before it ("...attn1.processor.to_q_lora.down.weight"). kohya's underscore is both a letter and a
 * separator, so names are not taken apart: all three are brought to kohya's form and looked up among a model's own layers. */
#pragma once

#include "harness/base/memory.h"
#include "harness/io/tensor_file.h"

typedef struct LoraLayer {
    const char *key;    /* as the file names it, without what stands behind the layer: for sentences */
    const char *module; /* in kohya's form, without its "lora_unet_": "mid_block_attentions_0_proj_in" */
    bool is_text;       /* a layer of the text tower; of the U-Net otherwise */
    const TensorView *up, *down;
    size_t rank;
    float scale; /* alpha / rank (of the square root of the rank, where PEFT's configuration says use_rslora) */
} LoraLayer;

typedef struct LoraFile {
    char *path;
    const char *form; /* "kohya", "peft", "diffusers" */
    TensorFile *tensors;
    char *config; /* the text of adapter_config.json beside it, or NULL */
    LoraLayer *layers;
    size_t count;
    Arena arena; /* names */
} LoraFile;

/* `path`: a file of any format of tensor_file.h, or a folder with pytorch_lora_weights or adapter_model (.safetensors, .bin). Fails
 * on: other files; DoRA, LoHa, LoKr, Tucker decompositions, OFT, whole differences and everything else that is no LoRA, and those of Stable
 * Diffusion XL and of transformers, by name; halves of layers; shapes that do not fit each other; values that are not finite. */
bool lora_file_open(LoraFile *lora, const char *path, Error *err);
void lora_file_close(LoraFile *lora);
/* The file in a folder, as diffusers and PEFT name it; NULL when there is none. Caller frees. */
char *lora_file_in(const char *folder);
/* Does any tensor have a name as LoRA files have them? */
bool lora_file_looks(const TensorFile *tensors);
/* Digest of the file's bytes, and of the configuration beside it. */
bool lora_file_fingerprint(const LoraFile *lora, char hex[65], Error *err);
