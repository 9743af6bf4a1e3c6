/* The text tower of a pipeline that lies in one file with its other parts: two more layouts, which are chosen by the caller, not by what
 * lies in a folder. Sizes come from a configuration beside the file or from the tensors' shapes. */
#include "harness/clip/checkpoint.h"

#include <stdlib.h>
#include <string.h>

/* Of every published tower of this kind. */
enum { HEAD_WIDTH = 64 };

static size_t count_layers(const Checkpoint *c, const char *format)
{
    size_t n = 0;
    while (n < 1000 && checkpoint_find(c, format, n)) n++;
    return n;
}

/* The config.json that transformers would have written for these tensors. */
static char *config_from_shapes(const Checkpoint *c, Error *err)
{
    const char *prefix = checkpoint_find(c, "text_model.final_layer_norm.weight") ? "text_model." : "";
    size_t vocabulary, width, context, mlp;
    char *names[3] = {xformat("%sembeddings.token_embedding.weight", prefix),
                      xformat("%sembeddings.position_embedding.weight", prefix),
                      xformat("%sencoder.layers.0.mlp.fc1.weight", prefix)};
    char *layers = xformat("%sencoder.layers.%%zu.layer_norm1.weight", prefix), *config = NULL;
    if (checkpoint_dim(c, names[0], 2, 0, &vocabulary, err) && checkpoint_dim(c, names[0], 2, 1, &width, err) &&
        checkpoint_dim(c, names[1], 2, 0, &context, err) && checkpoint_dim(c, names[2], 2, 0, &mlp, err))
        config = xformat("{\"vocab_size\": %zu, \"hidden_size\": %zu, \"max_position_embeddings\": %zu, "
                         "\"intermediate_size\": %zu, \"num_hidden_layers\": %zu, \"num_attention_heads\": %zu, "
                         "\"hidden_act\": \"quick_gelu\"}",
                         vocabulary, width, context, mlp, count_layers(c, layers), width / HEAD_WIDTH);
    for (size_t i = 0; i < 3; i++) free(names[i]);
    free(layers);
    return config;
}

static bool huggingface_sizes(Checkpoint *c, Error *err)
{
    char *made = c->config_json ? NULL : config_from_shapes(c, err);
    const char *config = c->config_json ? c->config_json : made;
    JsonFile *file = config ? json_parse(c->path, config, strlen(config), err) : NULL;
    const bool good = file && checkpoint_huggingface_sizes(c, json_root(file), err);
    json_free(file);
    free(made);
    return good;
}

/* Stable Diffusion 2 reads OpenCLIP's tower before its last layer, and norms what it read; its activation is GELU. */
static bool openclip_sizes(Checkpoint *c, Error *err)
{
    ClipConfig *k = &c->config;
    k->has_text = true;
    k->text_activation = ACT_GELU;
    if (!checkpoint_openai_text_sizes(c, k, err)) return false;
    if (k->text_layers < 2)
        return fail(err, "%s: a text tower of %zu layers; the last but one is needed", c->path, k->text_layers);
    k->text_layers--;
    return true;
}

Checkpoint checkpoint_of_text(TensorFile *tensors, const char *path, const char *config_json)
{
    return (Checkpoint){.path = path,
                        .text_prefix = "",
                        .image_prefix = "",
                        .tensors = tensors,
                        .weights_path = xstrdup(path),
                        .config_json = config_json};
}

CheckpointLayout checkpoint_text_layout(const Checkpoint *c)
{
    const bool openclip = checkpoint_find(c, "token_embedding.weight") != NULL;
    return (CheckpointLayout){
        .name = openclip ? checkpoint_openai.name : checkpoint_huggingface.name,
        .read_config = openclip ? openclip_sizes : huggingface_sizes,
        .fetch = openclip ? checkpoint_fetch_openai : checkpoint_huggingface.fetch,
    };
}

Clip *clip_text_from_tensors(TensorFile *tensors, const char *path, const char *config_json, Error *err)
{
    Checkpoint c = checkpoint_of_text(tensors, path, config_json);
    const CheckpointLayout layout = checkpoint_text_layout(&c);
    Clip *clip = checkpoint_load(&c, &layout, err);
    tensor_file_close(tensors);
    return clip;
}
