/* A Hugging Face folder: CLIPModel, or one tower alone (CLIPTextModel, CLIPVisionModel, with or without projection), as
 * transformers 4 and 5 write them. Query, key and value are apart there and are joined; projections are stored transposed. */
#include "harness/clip/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *weights_name(const char *folder)
{
    static const char *const names[] = {"model.safetensors", "model.safetensors.index.json", "model.fp16.safetensors",
                                        "pytorch_model.bin", "pytorch_model.bin.index.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (checkpoint_has_file(folder, names[i])) return names[i];
    return NULL;
}

static bool matches(const char *path)
{
    return checkpoint_has_file(path, "config.json") && weights_name(path);
}

static bool activation(Json tower, Activation *act, Error *err)
{
    static const struct {
        const char *name;
        Activation act;
    } known[] = {{"quick_gelu", ACT_QUICK_GELU},
                 {"gelu", ACT_GELU},
                 {"gelu_new", ACT_GELU_TANH},
                 {"gelu_pytorch_tanh", ACT_GELU_TANH}};
    const char *name;
    if (!json_string_or(tower, "hidden_act", "quick_gelu", &name, err)) return false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(known[i].name, name)) {
            *act = known[i].act;
            return true;
        }
    return json_fail(json_get(tower, "hidden_act"), err,
                     "\"%.40s\" is none of quick_gelu, gelu, gelu_new, gelu_pytorch_tanh", name);
}

static bool number(Json tower, const char *key, float *value, Error *err)
{
    double read;
    if (!json_number_or(tower, key, *value, &read, err)) return false;
    *value = (float)read;
    return true;
}

/* Absent keys have the values of CLIPTextConfig and CLIPVisionConfig. */
static bool read_text(Json text, ClipConfig *k, Error *err)
{
    return checkpoint_size(text, "hidden_size", 512, &k->text_width, err) &&
           checkpoint_size(text, "intermediate_size", 2048, &k->text_mlp, err) &&
           checkpoint_size(text, "num_hidden_layers", 12, &k->text_layers, err) &&
           checkpoint_size(text, "num_attention_heads", 8, &k->text_heads, err) &&
           checkpoint_size(text, "max_position_embeddings", 77, &k->context, err) &&
           checkpoint_size(text, "vocab_size", 49408, &k->vocabulary, err) &&
           activation(text, &k->text_activation, err) && number(text, "layer_norm_eps", &k->text_layer_norm_eps, err);
}

static bool read_vision(Json vision, ClipConfig *k, Error *err)
{
    size_t channels;
    if (!checkpoint_size(vision, "num_channels", 3, &channels, err)) return false;
    if (channels != 3) return json_fail(vision, err, "num_channels is %zu; pictures have 3", channels);
    return checkpoint_size(vision, "hidden_size", 768, &k->image_width, err) &&
           checkpoint_size(vision, "intermediate_size", 3072, &k->image_mlp, err) &&
           checkpoint_size(vision, "num_hidden_layers", 12, &k->image_layers, err) &&
           checkpoint_size(vision, "num_attention_heads", 12, &k->image_heads, err) &&
           checkpoint_size(vision, "image_size", 224, &k->image_size, err) &&
           checkpoint_size(vision, "patch_size", 32, &k->patch, err) && activation(vision, &k->image_activation, err) &&
           number(vision, "layer_norm_eps", &k->layer_norm_eps, err);
}

/* A tower's part of config.json: its own object; the old "text_config_dict", which wins where it is given; or, for a tower
 * alone, the whole file. */
static Json tower_config(Json root, const char *key, const char *old_key)
{
    const Json old = json_get(root, old_key), own = json_get(root, key);
    if (old.node && json_is_object(old)) return old;
    return own.node && json_is_object(own) ? own : root;
}

/* ---- preprocessing ---- */

/* transformers 5 nests the settings in processor_config.json, and takes them from there where they are; that file may also be
 * there without them, and then has no part in the model. */
static bool read_nested(Checkpoint *c, bool *found, Error *err)
{
    static const char name[] = "processor_config.json";
    *found = false;
    if (!checkpoint_has_file(c->path, name)) return true;
    char *path = path_join(c->path, name);
    JsonFile *file = json_read(path, err);
    const Json settings = file ? json_get(json_root(file), "image_processor") : (Json){0};
    *found = settings.node != NULL;
    const bool good = file && (!*found || checkpoint_processor(settings, name, &c->config.preprocessing, err));
    if (*found) text_list_add(&c->files, path);
    json_free(file);
    free(path);
    return good;
}

/* Without either file OpenAI's way stays. */
static bool read_preprocessing(Checkpoint *c, Error *err)
{
    static const char name[] = "preprocessor_config.json";
    bool nested;
    if (!read_nested(c, &nested, err)) return false;
    if (nested || !checkpoint_has_file(c->path, name)) return true;
    JsonFile *file = checkpoint_read_json(c, name, err);
    const bool good = file && checkpoint_processor(json_root(file), name, &c->config.preprocessing, err);
    json_free(file);
    return good;
}

/* ---- sizes ---- */

/* Which towers there are is read off the tensors: transformers 5 drops the prefix of a lone tower without projection. */
static bool find_towers(Checkpoint *c, Error *err)
{
    ClipConfig *k = &c->config;
    static const char text[] = "embeddings.token_embedding.weight", image[] = "embeddings.patch_embedding.weight";
    static const char text_prefix[] = "text_model.", image_prefix[] = "vision_model.";
    if (checkpoint_find(c, "%s%s", text_prefix, text)) c->text_prefix = text_prefix, k->has_text = true;
    if (checkpoint_find(c, "%s%s", image_prefix, image)) c->image_prefix = image_prefix, k->has_image = true;
    if (checkpoint_find(c, "%s", text)) k->has_text = true;
    if (checkpoint_find(c, "%s", image)) k->has_image = true;
    return k->has_text || k->has_image ||
           fail(err, "%s: no tensor text_model.%s or vision_model.%s; this is no CLIP", c->weights_path, text, image);
}

bool checkpoint_huggingface_sizes(Checkpoint *c, Json root, Error *err)
{
    ClipConfig *k = &c->config;
    if (!find_towers(c, err)) return false;
    const bool whole = k->has_text && k->has_image;
    const Json text = tower_config(root, "text_config", "text_config_dict");
    const Json vision = tower_config(root, "vision_config", "vision_config_dict");
    /* A lone tower's own projection_dim counts, and only if it has a projection; without one embed stays 0. */
    const char *projection = k->has_text ? "text_projection.weight" : "visual_projection.weight";
    const Json owner = whole ? root : k->has_text ? text : vision;
    if (k->has_image && !checkpoint_find(c, "visual_projection.weight"))
        return fail(err, "%s: visual_projection.weight is missing; an image tower needs its projection",
                    c->weights_path);
    if ((whole || checkpoint_find(c, "%s", projection)) &&
        !checkpoint_size(owner, "projection_dim", 512, &k->embed, err))
        return false;
    return (!k->has_text || read_text(text, k, err)) && (!k->has_image || read_vision(vision, k, err));
}

static bool read_config(Checkpoint *c, Error *err)
{
    JsonFile *file = checkpoint_read_json(c, "config.json", err);
    if (!file) return false;
    const bool good =
        checkpoint_open_weights(c, weights_name(c->path), err) && checkpoint_huggingface_sizes(c, json_root(file), err);
    json_free(file);
    return good && (!c->config.has_image || read_preprocessing(c, err));
}

/* ---- names ---- */

typedef struct Rename {
    const char *ours, *theirs;
} Rename;

/* Beginnings of names outside the blocks; the longest come first where one begins another. */
static const Rename vision_names[] = {{"conv1.", "embeddings.patch_embedding."},
                                      {"class_embedding", "embeddings.class_embedding"},
                                      {"positional_embedding", "embeddings.position_embedding.weight"},
                                      {"ln_pre.", "pre_layrnorm."}, /* so spelled */
                                      {"ln_post.", "post_layernorm."},
                                      {"transformer.resblocks.", "encoder.layers."},
                                      {NULL, NULL}};
static const Rename text_names[] = {{"token_embedding.", "embeddings.token_embedding."},
                                    {"positional_embedding", "embeddings.position_embedding.weight"},
                                    {"ln_final.", "final_layer_norm."},
                                    {"transformer.resblocks.", "encoder.layers."},
                                    {NULL, NULL}};
static const Rename block_names[] = {{"ln_1.", "layer_norm1."},
                                     {"ln_2.", "layer_norm2."},
                                     {"attn.in_proj_weight", "self_attn.%s_proj.weight"},
                                     {"attn.in_proj_bias", "self_attn.%s_proj.bias"},
                                     {"attn.out_proj.", "self_attn.out_proj."},
                                     {"mlp.c_fc.", "mlp.fc1."},
                                     {"mlp.c_proj.", "mlp.fc2."},
                                     {NULL, NULL}};

/* `name` with its beginning replaced; the caller's bug when none fits. */
static void rename_beginning(const Rename *table, const char *name, Text *out)
{
    for (; table->ours; table++) {
        const size_t length = strlen(table->ours);
        if (strncmp(table->ours, name, length) != 0) continue;
        text_add(out, table->theirs);
        text_add(out, name + length);
        return;
    }
    die("no Hugging Face name for the weight \"%s\"", name);
}

/* "visual.transformer.resblocks.3.ln_1.bias" -> "vision_model.encoder.layers.3.layer_norm1.bias"; a joined projection keeps
 * "%s" where q, k, v go. */
static void their_name(const Checkpoint *c, const char *name, Text *out)
{
    static const char blocks[] = "transformer.resblocks.";
    const bool is_image = strncmp(name, "visual.", 7) == 0;
    const char *inner = is_image ? name + 7 : name;
    text_add(out, is_image ? c->image_prefix : c->text_prefix);
    if (strncmp(inner, blocks, sizeof blocks - 1) != 0) {
        rename_beginning(is_image ? vision_names : text_names, inner, out);
        return;
    }
    const char *number_end = strchr(inner + sizeof blocks - 1, '.') + 1;
    text_add(out, "encoder.layers.");
    text_add_bytes(out, inner + sizeof blocks - 1, (size_t)(number_end - (inner + sizeof blocks - 1)));
    rename_beginning(block_names, number_end, out);
}

/* Query, key, value one under the other. `pattern` has "%s" once. */
static bool joined(const Checkpoint *c, const char *pattern, Shape s, float *values, Error *err)
{
    static const char *const letters[] = {"q", "k", "v"};
    const char *place = strstr(pattern, "%s");
    s.dim[0] /= 3;
    for (size_t i = 0; i < 3; i++) {
        char *name = xformat("%.*s%s%s", (int)(place - pattern), pattern, letters[i], place + 2);
        const bool good = checkpoint_tensor(c, name, s, values ? values + i * shape_size(s) : NULL, err);
        free(name);
        if (!good) return false;
    }
    return true;
}

static bool fetch(const Checkpoint *c, const WeightSpec *spec, float *values, Error *err)
{
    if (spec->is_matrix)
        return checkpoint_transposed(c, spec->name[0] == 'v' ? "visual_projection.weight" : "text_projection.weight",
                                     spec->shape, values, err);
    if (!strcmp(spec->name, "logit_scale")) return checkpoint_tensor(c, spec->name, spec->shape, values, err);
    Text name = {0};
    their_name(c, spec->name, &name);
    const bool good = strstr(name.data, "%s") ? joined(c, name.data, spec->shape, values, err)
                                              : checkpoint_tensor(c, name.data, spec->shape, values, err);
    text_free(&name);
    return good;
}

const CheckpointLayout checkpoint_huggingface = {
    .name = "huggingface",
    .summary = "a Hugging Face folder (config.json with model.safetensors or pytorch_model.bin)",
    .matches = matches,
    .read_config = read_config,
    .fetch = fetch,
};
