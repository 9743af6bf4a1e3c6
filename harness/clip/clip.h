/* A CLIP model: sizes and weights from a checkpoint, towers as graphs, and the two encoders.
 *
 *     Clip *clip = clip_open("models/RN50", err);
 *     TextFeatures t;  clip_encode_texts(clip, &tokens, true, (Arithmetic){0}, &t, progress, err);
 *     ImageFeatures f; clip_encode_images(clip, &source, options, &f, progress, err);
 *
 * Sizes come from the checkpoint: RN50, RN101, RN50x4, RN50x16, ViT-B/32, B/16, L/14, L/14@336 and the mini models are one
 * code. Inside, every weight stands under OpenAI's name ("visual.layer1.0.conv1.weight", "transformer.resblocks.0.ln_1.bias");
 * the loader maps the other layouts to it. */
#pragma once

#include "harness/base/progress.h"
#include "harness/clip/preprocess.h"
#include "harness/clip/tokenizer.h"
#include "harness/graph/graph.h"
#include "harness/graph/onednn.h" /* Activation */
#include "harness/io/row_file.h"
#include "harness/io/tensor_file.h"

enum { CLIP_STAGES_MAX = 4 };

typedef struct ClipConfig {
    size_t embed; /* D: width of the joint space */

    bool has_image, has_text; /* a lone text tower is a Clip too */
    size_t image_size;        /* pixels a side that the positional embedding was made for */
    bool is_resnet;
    size_t stages, blocks[CLIP_STAGES_MAX]; /* ResNet: bottlenecks a stage */
    size_t stem_width;                      /* ResNet: "width" of open_clip; conv1, conv2 have half of it */
    size_t image_width;                     /* ViT: width; ResNet: channels of the last feature map */
    size_t image_heads;                     /* ViT: per block; ResNet: of the attention pool */
    size_t image_layers, patch, image_mlp;  /* ViT */
    Activation image_activation;            /* ViT */
    float layer_norm_eps;
    Preprocessing preprocessing; /* of pictures */

    size_t text_width, text_heads, text_layers, text_mlp, context, vocabulary;
    Activation text_activation;
    float text_layer_norm_eps;

    float logit_scale; /* as stored: the logarithm, about 4.6 */
} ClipConfig;

typedef struct Clip {
    ClipConfig config;
    Parameter
        *weights; /* all frozen after clip_open; batch norms are folded into their convolutions' weight and ".bias" */
    size_t count;
    bool batch_norm_folded;  /* false while a model is being trained from scratch (harness/pretrain) */
    char *path;              /* where it came from */
    char fingerprint[65];    /* hex SHA-256 of the checkpoint's bytes */
    struct ClipIndex *index; /* names to weights */
} Clip;

/* Opens a Hugging Face CLIPModel / CLIPTextModel folder, an open_clip folder (of safetensors or .bin), or one file with OpenAI's names
 * (TorchScript, torch.save, safetensors).
 * Fails (NULL) on: nothing of the kind, a missing tensor (the sentence names it), a wrong shape, sizes out of bounds. */
Clip *clip_open(const char *path, Error *err);
/* A lone text tower from tensors of a single-file pipeline, under transformers' names (text_model. in front or not) or OpenAI's as
 * OpenCLIP has them (then without its last layer, as Stable Diffusion 2 reads it). The tensors are taken over; `path` is their file.
 * config_json: the text of a text_encoder/config.json, or NULL: sizes from shapes, heads of width 64, QuickGELU. */
Clip *clip_text_from_tensors(TensorFile *tensors, const char *path, const char *config_json, Error *err);
/* One without towers, of which only `config.embed` and the usual logit scale, ln 100, are known: of features that were made elsewhere. */
Clip *clip_joint_space(size_t width);
void clip_free(Clip *clip);
/* A weight by its OpenAI name; ends the program when there is none (the loader has checked them all). */
Parameter *clip_weight(const Clip *clip, const char *name);
Parameter *clip_find_weight(const Clip *clip, const char *name); /* NULL when absent */
/* Makes room in the text tower for tokens up to `vocabulary`, rows of zeros behind those that are there, and tells where the row of a token
 * stands, [text_width]. The fingerprint stays that of the checkpoint. */
bool clip_grow_vocabulary(Clip *clip, size_t vocabulary, Error *err);
float *clip_token_row(Clip *clip, int32_t token);

/* ---- towers as graphs (text_tower.c, vit_tower.c, resnet_tower.c) ---- */

/* Text: embeddings (tokens or learned vectors, without positions) [B, T, W] -> after the last layer norm [B, T, W]. */
Node *clip_text_hidden(Graph *g, const Clip *clip, Node *embedded);
/* Rows after the last layer norm [..., W] -> joint space [..., D], not normalised. */
Node *clip_text_project(Graph *g, const Clip *clip, Node *hidden);
/* Prompts that share a prefix (start token and learned context): `prefix` [P, W] or NULL, then the sequences' own rows
 * [T, W], sequence s being rows offsets[s] .. offsets[s+1]-1 at positions P, P+1, ...; -> feature of every sequence's last
 * row [sequences, D], not normalised. The prefix is computed once; gradients flow to prefix and rows. */
Node *clip_text_prompts(Graph *g, const Clip *clip, Node *prefix, Node *rows, const int32_t *offsets, size_t sequences);

typedef enum PoolPosition {
    POOL_POSITION_ON,    /* ResNet: attention pool with its positional embedding, global and local features */
    POOL_POSITION_OFF,   /* without, both (TaI-DPT, PVP at test time) */
    POOL_POSITION_GLOBAL /* global with, local without */
} PoolPosition;          /* a ViT has no attention pool and ignores it */

typedef struct ImageTower {
    Node *global; /* [B, D], not normalised */
    Node *local;  /* [B, P, D], not normalised; P in row-major order of the feature map */
    size_t rows, columns;
} ImageTower;
/* pixels [B, size, size, 3], normalised; `want_local` false leaves local NULL. Any size that the tower's strides divide; the
 * positional embedding is interpolated (bicubic, as transformers' interpolate_pos_encoding) when it is not image_size. */
ImageTower clip_image_tower(Graph *g, const Clip *clip, Node *pixels, PoolPosition position, bool want_local);

/* ---- encoders ---- */

typedef struct TextFeatures {
    size_t count, width; /* texts, D */
    float *global;       /* [count, D] unit length */
    float *local;    /* [offsets[count], D] unit length: all positions, start and end included; NULL if not asked for */
    size_t *offsets; /* [count + 1] */
    int32_t *tokens; /* [offsets[count]] */
    RowFile *local_rows; /* [offsets[count], D] in place of `local` when that is too large for memory; or NULL */
} TextFeatures;
/* Of one or the other. text_local_copy: all tokens of text i. */
bool text_has_local(const TextFeatures *f);
void text_local_copy(const TextFeatures *f, size_t i, float *values);
/* Texts are computed in batches of equal length, each cut at its end token; equal texts are computed once. */
bool clip_encode_texts(const Clip *clip, const TokenList *texts, bool want_local, Arithmetic arithmetic,
                       TextFeatures *features, Progress *progress, Error *err);
void text_features_free(TextFeatures *features);

typedef struct ImageSource { /* where pictures come from: files, a renderer, an artifact */
    size_t count;
    bool (*load)(void *context, size_t i, Image *image,
                 Error *err); /* caller frees with image_free; called from one thread */
    void *context;
} ImageSource;

typedef struct EncodeOptions {
    size_t size;       /* 0: the model's own */
    ResizeRule resize; /* RESIZE_OF_MODEL: as its configuration says */
    PoolPosition position;
    size_t batch; /* 0: 16 */
    bool want_local;
    size_t
        tiles; /* n: local features are those of n x n tiles, each a picture of its own (encode_tiles.c); 0: the tower's positions */
    Arithmetic arithmetic;
} EncodeOptions;

/* What happens to a picture under these options, every size filled in; fails as preprocessing_for. */
bool clip_preprocessing(const Clip *clip, const EncodeOptions *options, Preprocessing *p, Error *err);

typedef struct ImageFeatures {
    size_t count, width, positions; /* images, D, P */
    size_t rows, columns;           /* of the feature map */
    float *global;                  /* [count, D] unit length */
    float *local;                   /* [count, P, D] unit length, or NULL */
    RowFile *local_rows;            /* [count P, D] in place of `local` when that is too large for memory; or NULL */
} ImageFeatures;
/* Of one or the other. image_local: images first ... first + count - 1, where they lie or copied into `room` [count, P, D], which
 * image_local_room makes where it is needed (else NULL; caller frees). */
bool image_has_local(const ImageFeatures *f);
void image_local_copy(const ImageFeatures *f, size_t first, size_t count, float *values);
const float *image_local(const ImageFeatures *f, size_t first, size_t count, float *room);
bool image_local_room(const ImageFeatures *f, size_t count, float **room, Error *err);
bool clip_encode_images(const Clip *clip, const ImageSource *source, EncodeOptions options, ImageFeatures *features,
                        Progress *progress, Error *err);
void image_features_free(ImageFeatures *features);

/* ---- making and storing models ---- */

/* A new model with seeded random weights of the given sizes, as open_clip initialises them; nothing frozen, batch norms
 * apart (for training from scratch). clip_random of a published size ("RN50", "ViT-B-16", ...) serves the benches. */
Clip *clip_new(ClipConfig config, uint64_t seed, Error *err);
bool clip_config_of(const char *arch, ClipConfig *config,
                    Error *err); /* RN50 RN101 RN50x4 RN50x16 ViT-B-32 ViT-B-16 ViT-L-14 ViT-L-14-336 */
/* The published architecture of these sizes ("RN50"), or NULL: another one. Says nothing of the weights. */
const char *clip_arch_of(const ClipConfig *config);
/* Folds the batch norms (in place) and freezes everything: a model as clip_open gives it. */
void clip_freeze(Clip *clip);
/* Writes an open_clip folder: open_clip_config.json, open_clip_model.safetensors (fp16 or fp32), batch norms apart. */
bool clip_save(const Clip *clip, const char *folder, bool half, Error *err);
/* Writes the text tower alone as transformers' CLIPTextModel folder: config.json, model.safetensors. */
bool clip_save_text_tower(const Clip *clip, const char *folder, bool half, Error *err);
