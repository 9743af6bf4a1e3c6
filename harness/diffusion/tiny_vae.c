/* Both halves of this autoencoder are lists of layers that count on, "encoder.layers.7.conv.2.weight", and places
 * without weights (activations, up-sampling) count too. So weights and graph are made by the same walk, written twice:
 * once to name what is needed, once to compute with it. */
#include "harness/diffusion/tiny_vae.h"

#include "harness/graph/ops.h"

static const char *const read_keys[] = {"in_channels",
                                        "out_channels",
                                        "encoder_block_out_channels",
                                        "decoder_block_out_channels",
                                        "block_out_channels",
                                        "latent_channels",
                                        "upsampling_scaling_factor",
                                        "num_encoder_blocks",
                                        "num_decoder_blocks",
                                        "scaling_factor",
                                        "shift_factor",
                                        NULL};

static const ConfigFixed fixed_keys[] = {
    {"act_fn", "\"relu\"", NULL},
    {"upsample_fn", "\"nearest\"", NULL},
    {"latent_magnitude", NULL, NULL}, /* of a mapping to pictures of latents, which encode and decode do not use */
    {"latent_shift", NULL, NULL},
    {"force_upcast", NULL, NULL}, /* everything is float32 here */
    {NULL, NULL, NULL},
};

/* diffusers' defaults where the key is absent: four levels of 64. */
static bool read_channels(Json config, const char *key, size_t *channels, size_t *levels, Error *err)
{
    const Json j = json_get(config, key);
    *levels = 4;
    for (size_t i = 0; i < *levels; i++) channels[i] = 64;
    if (j.node && !config_size_list(config, key, channels, levels, err)) return false;
    for (size_t i = 0; i < *levels; i++)
        if (channels[i] != channels[0]) return json_fail(j, err, "all levels must have as many channels");
    return true;
}

static bool read_blocks(Json config, const char *key, size_t levels, const size_t otherwise[4], size_t *blocks,
                        Error *err)
{
    if (json_get(config, key).node) return config_layers(config, key, levels, 1, blocks, err);
    if (levels != 4) return json_fail(config, err, "%s is missing", key);
    for (size_t i = 0; i < levels; i++) blocks[i] = otherwise[i];
    return true;
}

bool tiny_vae_config(Json config, VaeConfig *k, Error *err)
{
    static const size_t encoder_blocks[4] = {1, 3, 3, 3}, decoder_blocks[4] = {3, 3, 3, 1};
    *k = (VaeConfig){.is_tiny = true};
    if (!config_check_keys(config, read_keys, fixed_keys, err) ||
        !config_size(config, "in_channels", 3, &k->in_channels, err) ||
        !config_size(config, "out_channels", 3, &k->out_channels, err) ||
        !config_size(config, "latent_channels", 4, &k->latent_channels, err) ||
        !config_size(config, "upsampling_scaling_factor", 2, &k->upscale, err) ||
        !config_real(config, "scaling_factor", 1, &k->scaling_factor, err) ||
        !config_real(config, "shift_factor", 0, &k->shift_factor, err) ||
        !read_channels(config, "encoder_block_out_channels", k->channels, &k->levels, err) ||
        !read_channels(config, "decoder_block_out_channels", k->decoder_channels, &k->decoder_levels, err) ||
        !read_blocks(config, "num_encoder_blocks", k->levels, encoder_blocks, k->encoder_blocks, err) ||
        !read_blocks(config, "num_decoder_blocks", k->decoder_levels, decoder_blocks, k->decoder_blocks, err))
        return false;
    k->factor = (size_t)1 << (k->levels - 1);
    if (k->decoder_levels != k->levels || (k->upscale != 2 && k->levels > 1))
        return json_fail(config, err, "encoder and decoder must have as many levels, each a factor of 2");
    return true;
}

/* ---- weights ---- */

static void block_weights(WeightSet *set, const char *half, size_t place, size_t channels)
{
    for (size_t i = 0; i < 3; i++)
        weights_need_conv(set, NAME("%s.layers.%zu.conv.%zu", half, place, 2 * i), channels, channels, 3, true);
}

static void encoder_weights(const VaeConfig *k, WeightSet *set)
{
    const size_t c = k->channels[0];
    size_t place = 0;
    for (size_t level = 0; level < k->levels; level++) {
        weights_need_conv(set, NAME("encoder.layers.%zu", place++), level ? c : k->in_channels, c, 3, level == 0);
        for (size_t i = 0; i < k->encoder_blocks[level]; i++) block_weights(set, "encoder", place++, c);
    }
    weights_need_conv(set, NAME("encoder.layers.%zu", place), c, k->latent_channels, 3, true);
}

static void decoder_weights(const VaeConfig *k, WeightSet *set)
{
    const size_t c = k->decoder_channels[0];
    weights_need_conv(set, "decoder.layers.0", k->latent_channels, c, 3, true);
    size_t place = 2; /* 1 is the activation */
    for (size_t level = 0; level < k->levels; level++) {
        const bool last = level + 1 == k->levels;
        for (size_t i = 0; i < k->decoder_blocks[level]; i++) block_weights(set, "decoder", place++, c);
        place += !last; /* the up-sampling */
        weights_need_conv(set, NAME("decoder.layers.%zu", place++), c, last ? k->out_channels : c, 3, last);
    }
}

void tiny_vae_weights(const VaeConfig *k, WeightSet *set)
{
    encoder_weights(k, set);
    decoder_weights(k, set);
}

/* ---- graphs ---- */

static Node *layer(Graph *g, const Vae *vae, const char *half, size_t place, Node *x, int stride)
{
    return conv_layer(g, &vae->set, NAME("%s.layers.%zu", half, place), x,
                      (ConvOptions){.stride = stride, .padding = 1});
}

/* AutoencoderTinyBlock: three convolutions and what came in. */
static Node *block(Graph *g, const Vae *vae, const char *half, size_t place, Node *x)
{
    const ConvOptions same = {.padding = 1};
    Node *h = relu(g, conv_layer(g, &vae->set, NAME("%s.layers.%zu.conv.0", half, place), x, same));
    h = relu(g, conv_layer(g, &vae->set, NAME("%s.layers.%zu.conv.2", half, place), h, same));
    return relu(g, add(g, x, conv_layer(g, &vae->set, NAME("%s.layers.%zu.conv.4", half, place), h, same)));
}

/* 3 tanh(x / 3) = 6 sigmoid(2 x / 3) - 3 keeps odd latents within reach. */
static Node *soft_clip(Graph *g, Node *x)
{
    return add(g, scale(g, sigmoid(g, scale(g, x, 2.0f / 3)), 6), constant_scalar(g, -3));
}

Node *tiny_vae_decoder(Graph *g, const Vae *vae, Node *latents)
{
    const VaeConfig *k = &vae->config;
    Node *x = relu(g, layer(g, vae, "decoder", 0, soft_clip(g, latents), 1));
    size_t place = 2;
    for (size_t level = 0; level < k->levels; level++) {
        const bool last = level + 1 == k->levels;
        for (size_t i = 0; i < k->decoder_blocks[level]; i++) x = block(g, vae, "decoder", place++, x);
        if (!last) x = upsample_nearest(g, x, 2);
        place += !last;
        x = layer(g, vae, "decoder", place++, x, 1);
    }
    return add(g, scale(g, x, 2), constant_scalar(g, -1)); /* [0, 1] to [-1, 1] */
}

Node *tiny_vae_encoder(Graph *g, const Vae *vae, Node *picture)
{
    const VaeConfig *k = &vae->config;
    Node *x = scale(g, add(g, picture, constant_scalar(g, 1)), 0.5f);
    size_t place = 0;
    for (size_t level = 0; level < k->levels; level++) {
        x = layer(g, vae, "encoder", place++, x, level ? 2 : 1);
        for (size_t i = 0; i < k->encoder_blocks[level]; i++) x = block(g, vae, "encoder", place++, x);
    }
    return layer(g, vae, "encoder", place, x, 1);
}
