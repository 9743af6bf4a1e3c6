/* Weights of a diffusers model: a folder with config.json and safetensors or .bin, and the list of tensors that the configuration asks
 * for. Every tensor has a Parameter under its name in the file ("down_blocks.0.resnets.1.conv1.weight").
 *
 * The file is found by itself, the first of: diffusion_pytorch_model.safetensors, its .safetensors.index.json (shards),
 * diffusion_pytorch_model.VARIANT.safetensors, .safetensors.index.VARIANT.json; the same with .bin (torch.save). Full precision (no
 * variant) comes first.
 *
 * Values of a model from a file are read when a graph that uses them is compiled (Parameter.load), converted to float32, and
 * let go again where the operator has packed them: a model takes its file's mapping and what its graphs keep. */
#pragma once

#include "harness/graph/ops.h"
#include "harness/io/json.h"
#include "harness/io/tensor_file.h"

typedef enum WeightStart { /* how a new model draws a weight */
                           START_ZERO,
                           START_ONE,
                           START_UNIFORM /* U(-b, b), b = 1 / sqrt(fan in): PyTorch's default for convolutions and linear layers, biases too */
} WeightStart;

typedef struct WeightSet {
    Parameter *weights;
    WeightStart *start;
    float *bound; /* of START_UNIFORM */
    size_t count, capacity;
    size_t *sorted; /* places in weights, by name; made at the first look */
    char *folder;
    char *file; /* the safetensors or index file; NULL for a new model */
    TensorFile *tensors;
} WeightSet;

/* A name put together by printf's rules, for one expression: weights_need_norm(set, NAME("%s.norm", block), channels). */
enum { NAME_BYTES = 200 };
typedef struct Name {
    char text[NAME_BYTES];
} Name;
Name name_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define NAME(...) (name_of(__VA_ARGS__).text)

/* ---- the list: the model says what it needs ---- */

/* Adds a tensor; `fan_in` is read for START_UNIFORM only. */
void weights_need(WeightSet *set, const char *name, Shape s, WeightStart start, size_t fan_in);
/* NAME.weight and NAME.bias: a convolution [out, in, k, k], a linear layer [out, in], a norm [channels]. */
void weights_need_conv(WeightSet *set, const char *name, size_t in, size_t out, size_t kernel, bool bias);
void weights_need_linear(WeightSet *set, const char *name, size_t in, size_t out, bool bias);
void weights_need_norm(WeightSet *set, const char *name, size_t channels);

/* Finds and maps the file of `folder` and checks every tensor of the list: presence, shape, type (F32, F16, BF16), no NaN, no
 * infinity. The Parameters are frozen. Old names of attention in VAEs (query, key, value, proj_attn, also as 1x1
 * convolutions) are accepted. A tensor in the file that no name of the list asks for is refused too: the configuration does
 * not describe this file. Sentences: "FILE: the tensor "NAME" ...". */
bool weights_open(WeightSet *set, const char *folder, Error *err);
/* The file that weights_open would open. Caller frees; NULL when there is none. */
char *weights_path(const char *folder, Error *err);
/* What of the list `tensors` lack and what they have beside it, by name, and sentences on those whose shape or type does not fit; no
 * element is read. */
typedef struct WeightSurvey {
    TextList missing, unknown, wrong;
} WeightSurvey;
void weights_survey(const WeightSet *set, const TensorFile *tensors, WeightSurvey *survey);
void weight_survey_free(WeightSurvey *survey);
/* The same from tensors that lie elsewhere under these names; they belong to the set from now on, also after a failure. `where` names
 * the file in sentences. Such a set has no fingerprint of its own. */
bool weights_from_tensors(WeightSet *set, TensorFile *tensors, const char *where, Error *err);
/* A new model: draws every weight in the order of the list from torch's generator seeded with `seed`; trainable. */
bool weights_draw(WeightSet *set, uint64_t seed, Error *err);
/* Weights for measuring: frozen, drawn when a graph asks for them and let go like those of a file, so that a full-size model
 * takes the memory that it takes in use; numbers that float16 holds, as in the files that most people have. Each tensor has a seed of its own. The set must not move afterwards. */
void weights_random(WeightSet *set);
/* A new model is frozen for use, or thawed for training on. */
void weights_freeze(WeightSet *set, bool frozen);
/* The values of this weight are as its file has them, and that is float16. */
bool weights_stand_as_half(const Parameter *p);
/* Writes FOLDER/diffusion_pytorch_model.safetensors, fp16 if `half`. Values must stand (new models). */
bool weights_save(const WeightSet *set, const char *folder, bool half, Error *err);
/* SHA-256 over the files' bytes, config.json first, as hex. */
bool weights_fingerprint(const WeightSet *set, char hex[65], Error *err);
void weights_free(WeightSet *set);

/* ---- use ---- */

Parameter *weights_find(const WeightSet *set, const char *name); /* NULL when absent */
/* The node of a weight in a graph; ends the program when the list has no such name. */
Node *weights_node(Graph *g, const WeightSet *set, const char *name);

/* ---- layers by name: NAME.weight, NAME.bias if the list has it ---- */

Node *conv_layer(Graph *g, const WeightSet *set, const char *name, Node *x, ConvOptions options);
Node *linear_layer(Graph *g, const WeightSet *set, const char *name, Node *x);
Node *group_norm_layer(Graph *g, const WeightSet *set, const char *name, Node *x, size_t groups, float eps);
Node *layer_norm_layer(Graph *g, const WeightSet *set, const char *name, Node *x);

/* ---- NCHW outside, NHWC inside ---- */

/* [batch, channels, pixels] to [batch, pixels, channels] and back. */
void to_channels_last(const float *from, size_t batch, size_t channels, size_t pixels, float *to);
void to_channels_first(const float *from, size_t batch, size_t channels, size_t pixels, float *to);
