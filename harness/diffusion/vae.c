/* AutoencoderKL, and the way to either autoencoder. */
#include "harness/diffusion/vae.h"

#include "harness/base/text.h"
#include "harness/diffusion/blocks.h"
#include "harness/diffusion/tiny_vae.h"

#include <stdlib.h>
#include <string.h>

static const float eps = 1e-6f; /* of all its norms */

static const char *const read_keys[] = {
    "in_channels",        "out_channels",        "latent_channels", "down_block_types",        "up_block_types",
    "block_out_channels", "layers_per_block",    "norm_num_groups", "scaling_factor",          "shift_factor",
    "use_quant_conv",     "use_post_quant_conv", "sample_size",     "mid_block_add_attention", NULL};

static const ConfigFixed fixed_keys[] = {
    {"act_fn", "\"silu\"", "\"swish\""},
    {"force_upcast", NULL, NULL}, /* everything is float32 here */
    {NULL, NULL, NULL},
};

/* ---- configuration ---- */

static bool read_types(Json config, const char *key, const char *type, size_t levels, Error *err)
{
    Json list;
    if (!json_array(config, key, &list, err)) return false;
    if (json_count(list) != levels)
        return json_fail(list, err, "one type a level is needed, %zu, these are %zu", levels, json_count(list));
    for (size_t i = 0; i < levels; i++) {
        const char *have;
        if (!json_as_string(json_at(list, i), &have, err)) return false;
        if (strcmp(have, type))
            return json_fail(json_at(list, i), err, "the block type %s is not supported; only %s is", have, type);
    }
    return true;
}

static bool kl_config(Json config, VaeConfig *k, Error *err)
{
    *k = (VaeConfig){0};
    if (!config_check_keys(config, read_keys, fixed_keys, err) ||
        !config_size(config, "in_channels", 3, &k->in_channels, err) ||
        !config_size(config, "out_channels", 3, &k->out_channels, err) ||
        !config_size(config, "latent_channels", 4, &k->latent_channels, err) ||
        !config_size_list(config, "block_out_channels", k->channels, &k->levels, err) ||
        !read_types(config, "down_block_types", "DownEncoderBlock2D", k->levels, err) ||
        !read_types(config, "up_block_types", "UpDecoderBlock2D", k->levels, err) ||
        !config_layers(config, "layers_per_block", 1, 1, &k->layers, err) ||
        !config_size(config, "norm_num_groups", 32, &k->groups, err) ||
        !config_real(config, "scaling_factor", 0.18215, &k->scaling_factor, err) ||
        !config_real(config, "shift_factor", 0, &k->shift_factor, err) ||
        !json_bool_or(config, "use_quant_conv", true, &k->has_quant_conv, err) ||
        !json_bool_or(config, "use_post_quant_conv", true, &k->has_post_quant_conv, err) ||
        !json_bool_or(config, "mid_block_add_attention", true, &k->middle_attends, err))
        return false;
    k->factor = (size_t)1 << (k->levels - 1);
    for (size_t i = 0; i < k->levels; i++)
        if (k->channels[i] % k->groups)
            return json_fail(json_get(config, "norm_num_groups"), err, "%zu does not divide %zu channels", k->groups,
                             k->channels[i]);
    return true;
}

/* ---- pieces, each with its weights beside its graph ---- */

static ResnetSpec resnet_of(const VaeConfig *k, size_t in, size_t out)
{
    return (ResnetSpec){.in = in, .out = out, .groups = k->groups, .eps = eps};
}

/* A residual block, attention, a residual block; `half` is "encoder" or "decoder". */
static void middle_weights(const VaeConfig *k, WeightSet *set, const char *half)
{
    const size_t c = k->channels[k->levels - 1];
    const ResnetSpec r = resnet_of(k, c, c);
    resnet_weights(set, NAME("%s.mid_block.resnets.0", half), &r);
    if (k->middle_attends) pixel_attention_weights(set, NAME("%s.mid_block.attentions.0", half), c);
    resnet_weights(set, NAME("%s.mid_block.resnets.1", half), &r);
}

static Node *middle(Graph *g, const Vae *vae, const char *half, Node *x)
{
    const VaeConfig *k = &vae->config;
    const size_t c = k->channels[k->levels - 1];
    const ResnetSpec r = resnet_of(k, c, c);
    x = resnet_block(g, &vae->set, NAME("%s.mid_block.resnets.0", half), &r, x, NULL);
    if (k->middle_attends)
        x = pixel_attention(g, &vae->set, NAME("%s.mid_block.attentions.0", half), x, k->groups, eps);
    return resnet_block(g, &vae->set, NAME("%s.mid_block.resnets.1", half), &r, x, NULL);
}

/* Level `level` of the encoder, from the first; of the decoder, from the last. */
static size_t level_in(const VaeConfig *k, bool decoder, size_t level)
{
    if (!decoder) return k->channels[level ? level - 1 : 0];
    return k->channels[level ? k->levels - level : k->levels - 1];
}

static size_t level_out(const VaeConfig *k, bool decoder, size_t level)
{
    return k->channels[decoder ? k->levels - 1 - level : level];
}

static void level_weights(const VaeConfig *k, WeightSet *set, bool decoder, size_t level)
{
    const size_t in = level_in(k, decoder, level), out = level_out(k, decoder, level);
    const Name name = name_of(decoder ? "decoder.up_blocks.%zu" : "encoder.down_blocks.%zu", level);
    for (size_t i = 0; i < k->layers + decoder; i++) {
        const ResnetSpec r = resnet_of(k, i ? out : in, out);
        resnet_weights(set, NAME("%s.resnets.%zu", name.text, i), &r);
    }
    if (level + 1 < k->levels)
        weights_need_conv(set, NAME(decoder ? "%s.upsamplers.0.conv" : "%s.downsamplers.0.conv", name.text), out, out,
                          3, true);
}

static Node *level_node(Graph *g, const Vae *vae, bool decoder, size_t level, Node *x)
{
    const VaeConfig *k = &vae->config;
    const size_t in = level_in(k, decoder, level), out = level_out(k, decoder, level);
    const Name name = name_of(decoder ? "decoder.up_blocks.%zu" : "encoder.down_blocks.%zu", level);
    for (size_t i = 0; i < k->layers + decoder; i++) {
        const ResnetSpec r = resnet_of(k, i ? out : in, out);
        x = resnet_block(g, &vae->set, NAME("%s.resnets.%zu", name.text, i), &r, x, NULL);
    }
    if (level + 1 == k->levels) return x;
    const Shape s = node_shape(x);
    return decoder ? upsample_block(g, &vae->set, NAME("%s.upsamplers.0", name.text), x, 2 * s.dim[1], 2 * s.dim[2])
                   : downsample_block(g, &vae->set, NAME("%s.downsamplers.0", name.text), x, 0);
}

/* ---- weights ---- */

static void encoder_weights(const VaeConfig *k, WeightSet *set)
{
    const size_t last = k->channels[k->levels - 1], moments = 2 * k->latent_channels;
    weights_need_conv(set, "encoder.conv_in", k->in_channels, k->channels[0], 3, true);
    for (size_t level = 0; level < k->levels; level++) level_weights(k, set, false, level);
    middle_weights(k, set, "encoder");
    weights_need_norm(set, "encoder.conv_norm_out", last);
    weights_need_conv(set, "encoder.conv_out", last, moments, 3, true);
    if (k->has_quant_conv) weights_need_conv(set, "quant_conv", moments, moments, 1, true);
}

static void decoder_weights(const VaeConfig *k, WeightSet *set)
{
    const size_t latents = k->latent_channels;
    if (k->has_post_quant_conv) weights_need_conv(set, "post_quant_conv", latents, latents, 1, true);
    weights_need_conv(set, "decoder.conv_in", latents, k->channels[k->levels - 1], 3, true);
    middle_weights(k, set, "decoder");
    for (size_t level = 0; level < k->levels; level++) level_weights(k, set, true, level);
    weights_need_norm(set, "decoder.conv_norm_out", k->channels[0]);
    weights_need_conv(set, "decoder.conv_out", k->channels[0], k->out_channels, 3, true);
}

/* ---- graphs ---- */

Node *vae_decoder_node(Graph *g, const Vae *vae, Node *latents)
{
    const VaeConfig *k = &vae->config;
    const ConvOptions same = {.padding = 1};
    if (k->is_tiny) return tiny_vae_decoder(g, vae, latents);
    Node *x = latents;
    if (k->has_post_quant_conv) x = conv_layer(g, &vae->set, "post_quant_conv", x, (ConvOptions){0});
    x = middle(g, vae, "decoder", conv_layer(g, &vae->set, "decoder.conv_in", x, same));
    for (size_t level = 0; level < k->levels; level++) x = level_node(g, vae, true, level, x);
    x = silu(g, group_norm_layer(g, &vae->set, "decoder.conv_norm_out", x, k->groups, eps));
    return conv_layer(g, &vae->set, "decoder.conv_out", x, same);
}

Node *vae_encoder_node(Graph *g, const Vae *vae, Node *picture)
{
    const VaeConfig *k = &vae->config;
    const ConvOptions same = {.padding = 1};
    if (k->is_tiny) return tiny_vae_encoder(g, vae, picture);
    Node *x = conv_layer(g, &vae->set, "encoder.conv_in", picture, same);
    for (size_t level = 0; level < k->levels; level++) x = level_node(g, vae, false, level, x);
    x = middle(g, vae, "encoder", x);
    x = silu(g, group_norm_layer(g, &vae->set, "encoder.conv_norm_out", x, k->groups, eps));
    x = conv_layer(g, &vae->set, "encoder.conv_out", x, same);
    return k->has_quant_conv ? conv_layer(g, &vae->set, "quant_conv", x, (ConvOptions){0}) : x;
}

/* ---- opening, making, writing ---- */

static bool read_config(Json root, VaeConfig *k, Error *err)
{
    const char *name;
    if (!json_string(root, "_class_name", &name, err)) return false;
    if (!strcmp(name, "AutoencoderTiny")) return tiny_vae_config(root, k, err);
    return !strcmp(name, "AutoencoderKL")
               ? kl_config(root, k, err)
               : json_fail(json_get(root, "_class_name"), err,
                           "%s is not supported; only AutoencoderKL and AutoencoderTiny are", name);
}

/* Frees the file in every case. */
static Vae *from_config(JsonFile *file, Error *err)
{
    if (!file) return NULL;
    Vae *vae = xcalloc(1, sizeof *vae);
    const bool good = read_config(json_root(file), &vae->config, err);
    json_free(file);
    if (!good) {
        vae_free(vae);
        return NULL;
    }
    if (vae->config.is_tiny) {
        tiny_vae_weights(&vae->config, &vae->set);
    } else {
        encoder_weights(&vae->config, &vae->set);
        decoder_weights(&vae->config, &vae->set);
    }
    return vae;
}

Vae *vae_open(const char *folder, Error *err)
{
    Vae *vae = from_config(model_config_read(folder, NULL, err), err);
    if (!vae || weights_open(&vae->set, folder, err)) return vae;
    vae_free(vae);
    return NULL;
}

Vae *vae_from_tensors(const char *name, const char *config_json, TensorFile *tensors, Error *err)
{
    Vae *vae = from_config(json_parse(name, config_json, strlen(config_json), err), err);
    if (!vae) tensor_file_close(tensors);
    if (!vae || weights_from_tensors(&vae->set, tensors, name, err)) return vae;
    vae_free(vae);
    return NULL;
}

Vae *vae_new(const char *name, const char *config_json, uint64_t seed, Error *err)
{
    Vae *vae = from_config(json_parse(name, config_json, strlen(config_json), err), err);
    if (!vae || weights_draw(&vae->set, seed, err)) return vae;
    vae_free(vae);
    return NULL;
}

Vae *vae_random(const char *name, const char *config_json, Error *err)
{
    Vae *vae = from_config(json_parse(name, config_json, strlen(config_json), err), err);
    if (vae) weights_random(&vae->set);
    return vae;
}

bool vae_save(const Vae *vae, const char *config_json, const char *folder, bool half, Error *err)
{
    char *path = path_join(folder, "config.json");
    const bool good = make_folders(folder, err) && weights_save(&vae->set, folder, half, err) &&
                      write_file(path, config_json, strlen(config_json), err);
    free(path);
    return good;
}

void vae_free(Vae *vae)
{
    if (!vae) return;
    weights_free(&vae->set);
    free(vae);
}
