/* An open_clip folder: open_clip_config.json and open_clip_model.safetensors or open_clip_pytorch_model.bin. Names are OpenAI's; a
 * model made as CustomTextCLIP has its text tower under "text.". A key that is neither read nor known to change nothing is
 * refused: open_clip grows other models behind new keys. */
#include "harness/clip/checkpoint.h"

#include <stdlib.h>
#include <string.h>

static const char config_name[] = "open_clip_config.json";

static const char *weights_name(const char *folder)
{
    static const char *const names[] = {"open_clip_model.safetensors", "open_clip_pytorch_model.bin"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (checkpoint_has_file(folder, names[i])) return names[i];
    return NULL;
}

static bool matches(const char *path)
{
    return checkpoint_has_file(path, config_name) && weights_name(path);
}

/* Options of open_clip's towers that change what is computed and that we do not compute: each must be absent, null, false,
 * zero or, where there is one, have the given text. */
typedef struct Unsupported {
    const char *key, *allowed;
} Unsupported;

static bool refuse(Json tower, const Unsupported *options, Error *err)
{
    for (; options->key; options++) {
        const Json value = json_get(tower, options->key);
        if (!value.node || cJSON_IsNull(value.node) || cJSON_IsFalse(value.node)) continue;
        if (json_is_number(value) && value.node->valuedouble == 0) continue;
        if (json_is_string(value) && options->allowed && !strcmp(value.node->valuestring, options->allowed)) continue;
        return json_fail(value, err, "this variant of CLIP is not supported; it must be absent or %s",
                         options->allowed ? options->allowed : "false");
    }
    return true;
}

/* `known`: keys that are read, or that change nothing where the refused ones are absent. */
static bool check_tower(Json tower, const Unsupported *options, const char *const *known, Error *err)
{
    if (!refuse(tower, options, err)) return false;
    for (size_t i = 0; i < json_count(tower); i++) {
        const Json value = json_at(tower, i);
        bool is_known = cJSON_IsNull(value.node);
        for (size_t k = 0; known[k] && !is_known; k++) is_known = !strcmp(known[k], json_key(value));
        for (size_t k = 0; options[k].key && !is_known; k++) is_known = !strcmp(options[k].key, json_key(value));
        if (!is_known) return json_fail(value, err, "this key is not known here; a model with it is not supported");
    }
    return true;
}

static const char *const model_keys[] = {"embed_dim",   "quick_gelu",
                                         "vision_cfg",  "text_cfg",
                                         "custom_text", "init_logit_scale",
                                         "cast_dtype",  "init_logit_bias",
                                         "output_dict", "nonscalar_logit_scale",
                                         NULL};
static const char *const vision_keys[] = {
    "image_size", "layers",      "width",         "patch_size",          "head_width",        "mlp_ratio",
    "act_kwargs", "norm_kwargs", "patch_dropout", "attn_pooler_queries", "attn_pooler_heads", "output_tokens",
    "timm_pool",  "timm_proj",   "timm_drop",     "timm_proj_bias",      "timm_drop_path",    "timm_model_pretrained",
    NULL};
static const char *const text_keys[] = {"context_length",
                                        "vocab_size",
                                        "width",
                                        "heads",
                                        "layers",
                                        "mlp_ratio",
                                        "act_kwargs",
                                        "norm_kwargs",
                                        "output_tokens",
                                        "pad_id",
                                        "eos_id",
                                        "hf_proj_type",
                                        "hf_pooler_type",
                                        "hf_model_pretrained",
                                        "hf_tokenizer_name",
                                        "tokenizer_mode",
                                        "tokenizer_kwargs",
                                        NULL};

static const Unsupported vision_options[] = {{"timm_model_name", NULL},
                                             {"attentional_pool", NULL},
                                             {"no_ln_pre", NULL},
                                             {"final_ln_after_pool", NULL},
                                             {"ls_init_value", NULL},
                                             {"input_patchnorm", NULL},
                                             {"pool_type", "tok"},
                                             {"pos_embed_type", "learnable"},
                                             {"block_type", "default"},
                                             {"qk_norm", NULL},
                                             {"scale_heads", NULL},
                                             {"scaled_cosine_attn", NULL},
                                             {"scale_attn", NULL},
                                             {"scale_attn_inner", NULL},
                                             {"scale_fc", NULL},
                                             {"global_average_pool", NULL},
                                             {NULL, NULL}};
static const Unsupported text_options[] = {
    {"hf_model_name", NULL},   {"embed_cls", NULL},        {"no_causal_mask", NULL},     {"final_ln_after_pool", NULL},
    {"ls_init_value", NULL},   {"pool_type", "argmax"},    {"proj_type", "linear"},      {"proj_bias", NULL},
    {"block_type", "default"}, {"qk_norm", NULL},          {"scaled_cosine_attn", NULL}, {"scale_heads", NULL},
    {"scale_attn", NULL},      {"scale_attn_inner", NULL}, {"scale_fc", NULL},           {NULL, NULL}};

/* The MLP's width: int(width * mlp_ratio), as open_clip has it. */
static bool mlp_width(Json tower, size_t width, size_t *mlp, Error *err)
{
    double ratio;
    if (!json_number_or(tower, "mlp_ratio", 4, &ratio, err)) return false;
    if (!(ratio > 0 && ratio <= 64))
        return json_fail(json_get(tower, "mlp_ratio"), err, "a ratio from 0 to 64 is needed");
    *mlp = (size_t)((double)width * ratio);
    return true;
}

static bool layer_norm_eps(Json tower, float *eps, Error *err)
{
    const Json options = json_get(tower, "norm_kwargs");
    double value;
    if (!options.node || cJSON_IsNull(options.node)) return true;
    if (!json_only_keys(options, (const char *const[]){"eps", NULL}, err)) return false;
    if (!json_number_or(options, "eps", *eps, &value, err)) return false;
    *eps = (float)value;
    return true;
}

/* nn.GELU or QuickGELU; {"approximate": "tanh"} is GELU's other form. */
static bool activation(Json tower, bool quick, Activation *act, Error *err)
{
    const Json options = json_get(tower, "act_kwargs");
    const char *form = "none";
    if (options.node && json_is_object(options) &&
        !json_only_keys(options, (const char *const[]){"approximate", NULL}, err))
        return false;
    if (options.node && !cJSON_IsNull(options.node) && !json_string_or(options, "approximate", "none", &form, err))
        return false;
    const bool tanh_form = !strcmp(form, "tanh");
    if (!tanh_form && strcmp(form, "none") != 0) return json_fail(options, err, "approximate must be none or tanh");
    *act = quick ? ACT_QUICK_GELU : tanh_form ? ACT_GELU_TANH : ACT_GELU;
    return true;
}

static bool resnet_stages(Json layers, ClipConfig *k, Error *err)
{
    k->is_resnet = true;
    k->stages = json_count(layers);
    if (k->stages < 1 || k->stages > CLIP_STAGES_MAX)
        return json_fail(layers, err, "a ResNet of 1 to %d stages is needed", CLIP_STAGES_MAX);
    for (size_t i = 0; i < k->stages; i++) {
        int64_t blocks;
        if (!json_as_integer(json_at(layers, i), &blocks, err)) return false;
        if (blocks < 1 || blocks > 256) return json_fail(layers, err, "a stage has 1 to 256 blocks");
        k->blocks[i] = (size_t)blocks;
    }
    return true;
}

static bool read_vision(Json vision, bool quick, ClipConfig *k, Error *err)
{
    size_t width, head_width;
    const Json layers = json_get(vision, "layers");
    if (!check_tower(vision, vision_options, vision_keys, err) ||
        !checkpoint_size(vision, "image_size", 224, &k->image_size, err) ||
        !checkpoint_size(vision, "width", 768, &width, err) ||
        !checkpoint_size(vision, "head_width", 64, &head_width, err) ||
        !activation(vision, quick, &k->image_activation, err) || !layer_norm_eps(vision, &k->layer_norm_eps, err))
        return false;
    if (head_width < 1 || width > 1 << 20)
        return json_fail(vision, err, "width %zu with heads of width %zu is impossible", width, head_width);
    k->has_image = true;
    k->image_width = width;
    if (layers.node && json_is_array(layers)) {
        if (!resnet_stages(layers, k, err)) return false;
        k->stem_width = width;
        k->image_width = width << (k->stages + 1);
    } else if (!checkpoint_size(vision, "layers", 12, &k->image_layers, err) ||
               !checkpoint_size(vision, "patch_size", 16, &k->patch, err) ||
               !mlp_width(vision, width, &k->image_mlp, err)) {
        return false;
    }
    k->image_heads = k->image_width / head_width;
    return true;
}

static bool read_text(Json text, bool quick, ClipConfig *k, Error *err)
{
    k->has_text = true;
    return check_tower(text, text_options, text_keys, err) &&
           checkpoint_size(text, "width", 512, &k->text_width, err) &&
           checkpoint_size(text, "heads", 8, &k->text_heads, err) &&
           checkpoint_size(text, "layers", 12, &k->text_layers, err) &&
           checkpoint_size(text, "context_length", 77, &k->context, err) &&
           checkpoint_size(text, "vocab_size", 49408, &k->vocabulary, err) &&
           mlp_width(text, k->text_width, &k->text_mlp, err) && activation(text, quick, &k->text_activation, err) &&
           layer_norm_eps(text, &k->text_layer_norm_eps, err);
}

static bool read_preprocessing(Json root, ClipConfig *k, Error *err)
{
    const Json settings = json_get(root, "preprocess_cfg");
    if (!settings.node || cJSON_IsNull(settings.node)) return true;
    return checkpoint_preprocess_cfg(settings, k->image_size, &k->preprocessing, err);
}

static bool parse(Json root, ClipConfig *k, Error *err)
{
    Json model, vision, text;
    bool quick;
    return json_object(root, "model_cfg", &model, err) && json_only_keys(model, model_keys, err) &&
           checkpoint_size(model, "embed_dim", 0, &k->embed, err) &&
           json_bool_or(model, "quick_gelu", false, &quick, err) && json_object(model, "vision_cfg", &vision, err) &&
           json_object(model, "text_cfg", &text, err) && read_vision(vision, quick, k, err) &&
           read_text(text, quick, k, err) && read_preprocessing(root, k, err);
}

static bool read_config(Checkpoint *c, Error *err)
{
    JsonFile *file = checkpoint_read_json(c, config_name, err);
    if (!file) return false;
    const bool good = parse(json_root(file), &c->config, err) && checkpoint_open_weights(c, weights_name(c->path), err);
    json_free(file);
    if (good && checkpoint_find(c, "text.token_embedding.weight")) c->text_prefix = "text.";
    return good;
}

const CheckpointLayout checkpoint_openclip = {
    .name = "open_clip",
    .summary =
        "an open_clip folder (open_clip_config.json with open_clip_model.safetensors or open_clip_pytorch_model.bin)",
    .matches = matches,
    .read_config = read_config,
    .fetch = checkpoint_fetch_openai,
};
