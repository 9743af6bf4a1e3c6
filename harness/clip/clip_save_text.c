/* Writes a text tower as transformers' CLIPTextModel folder, the text_encoder/ of a Stable Diffusion folder. */
#include "harness/clip/clip.h"

#include "harness/base/text.h"
#include "harness/io/safetensors.h"

#include <stdlib.h>
#include <string.h>

enum { TENSORS_A_LAYER = 16, TENSORS_OUTSIDE = 4 };

typedef struct TensorList {
    TensorOut *items;
    size_t count;
} TensorList;

static void put(TensorList *list, char *name, Shape s, const float *values)
{
    TensorOut *out = &list->items[list->count++];
    *out = (TensorOut){.name = name, .rank = s.rank, .values = values};
    memcpy(out->dim, s.dim, (size_t)s.rank * sizeof(size_t));
}

static void put_weight(TensorList *list, const Clip *clip, const char *ours, const char *theirs)
{
    const Parameter *p = clip_weight(clip, ours);
    put(list, xformat("text_model.%s", theirs), p->shape, p->value);
}

/* transformers has query, key and value apart. */
static void put_attention(TensorList *list, const Clip *clip, const char *ours, const char *theirs)
{
    static const char *const parts[] = {"q_proj", "k_proj", "v_proj"};
    char *weight = xformat("%s.attn.in_proj_weight", ours), *bias = xformat("%s.attn.in_proj_bias", ours);
    const float *w = clip_weight(clip, weight)->value, *b = clip_weight(clip, bias)->value;
    const size_t width = clip->config.text_width;
    for (size_t i = 0; i < 3; i++) {
        put(list, xformat("text_model.%s.self_attn.%s.weight", theirs, parts[i]), shape(width, width),
            w + i * width * width);
        put(list, xformat("text_model.%s.self_attn.%s.bias", theirs, parts[i]), shape(width), b + i * width);
    }
    free(weight);
    free(bias);
}

static void put_layer(TensorList *list, const Clip *clip, size_t layer)
{
    static const char *const pairs[][2] = {{"attn.out_proj", "self_attn.out_proj"},
                                           {"ln_1", "layer_norm1"},
                                           {"mlp.c_fc", "mlp.fc1"},
                                           {"mlp.c_proj", "mlp.fc2"},
                                           {"ln_2", "layer_norm2"}};
    static const char *const kinds[] = {"weight", "bias"};
    char *ours = xformat("transformer.resblocks.%zu", layer), *theirs = xformat("encoder.layers.%zu", layer);
    put_attention(list, clip, ours, theirs);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (size_t k = 0; k < 2; k++) {
            char *from = xformat("%s.%s.%s", ours, pairs[i][0], kinds[k]);
            char *to = xformat("%s.%s.%s", theirs, pairs[i][1], kinds[k]);
            put_weight(list, clip, from, to);
            free(from);
            free(to);
        }
    free(ours);
    free(theirs);
}

static const char *activation_name(Activation act)
{
    return act == ACT_QUICK_GELU ? "quick_gelu" : (act == ACT_GELU_TANH ? "gelu_new" : "gelu");
}

/* dtype: transformers would otherwise compute in the type of the file, and on CPUs fp16 fits nothing else of a pipeline. */
static bool write_config(const ClipConfig *k, const char *folder, Error *err)
{
    char *path = path_join(folder, "config.json");
    char *text = xformat("{\n"
                         "  \"architectures\": [\"CLIPTextModel\"],\n"
                         "  \"bos_token_id\": %zu,\n"
                         "  \"dtype\": \"float32\",\n"
                         "  \"eos_token_id\": %zu,\n"
                         "  \"hidden_act\": \"%s\",\n"
                         "  \"hidden_size\": %zu,\n"
                         "  \"intermediate_size\": %zu,\n"
                         "  \"layer_norm_eps\": %.9g,\n"
                         "  \"max_position_embeddings\": %zu,\n"
                         "  \"model_type\": \"clip_text_model\",\n"
                         "  \"num_attention_heads\": %zu,\n"
                         "  \"num_hidden_layers\": %zu,\n"
                         "  \"pad_token_id\": %zu,\n"
                         "  \"projection_dim\": %zu,\n"
                         "  \"vocab_size\": %zu\n"
                         "}\n",
                         k->vocabulary - 2, k->vocabulary - 1, activation_name(k->text_activation), k->text_width,
                         k->text_mlp, (double)k->text_layer_norm_eps, k->context, k->text_heads, k->text_layers,
                         k->vocabulary - 1, k->embed, k->vocabulary);
    const bool good = write_file(path, text, strlen(text), err);
    free(path);
    free(text);
    return good;
}

bool clip_save_text_tower(const Clip *clip, const char *folder, bool half, Error *err)
{
    const ClipConfig *k = &clip->config;
    if (!k->has_text) return fail(err, "%s: has no text tower to store", clip->path);
    if (!make_folders(folder, err)) return false;
    TensorList list = {xcalloc(k->text_layers * TENSORS_A_LAYER + TENSORS_OUTSIDE, sizeof(TensorOut)), 0};
    put_weight(&list, clip, "token_embedding.weight", "embeddings.token_embedding.weight");
    put_weight(&list, clip, "positional_embedding", "embeddings.position_embedding.weight");
    for (size_t layer = 0; layer < k->text_layers; layer++) put_layer(&list, clip, layer);
    put_weight(&list, clip, "ln_final.weight", "final_layer_norm.weight");
    put_weight(&list, clip, "ln_final.bias", "final_layer_norm.bias");
    static const char *const metadata[] = {"format", "pt", NULL};
    char *weights = path_join(folder, "model.safetensors");
    const bool good =
        safetensors_write(weights, list.items, list.count, half ? TENSOR_F16 : TENSOR_F32, metadata, err) &&
        write_config(k, folder, err);
    for (size_t i = 0; i < list.count; i++) free((void *)(uintptr_t)list.items[i].name);
    free(list.items);
    free(weights);
    return good;
}
