/* config.json of a UNet2DConditionModel -> sizes of every block. */
#include "harness/diffusion/unet.h"

#include <stdio.h>
#include <string.h>

static const char *const read_keys[] = {"sample_size",
                                        "in_channels",
                                        "out_channels",
                                        "flip_sin_to_cos",
                                        "freq_shift",
                                        "down_block_types",
                                        "mid_block_type",
                                        "up_block_types",
                                        "only_cross_attention",
                                        "block_out_channels",
                                        "layers_per_block",
                                        "downsample_padding",
                                        "norm_num_groups",
                                        "norm_eps",
                                        "cross_attention_dim",
                                        "transformer_layers_per_block",
                                        "attention_head_dim",
                                        "use_linear_projection",
                                        "time_embedding_dim",
                                        "time_cond_proj_dim",
                                        "conv_in_kernel",
                                        "conv_out_kernel",
                                        NULL};

static const ConfigFixed fixed_keys[] = {
    {"mid_block_scale_factor", "1", NULL},
    {"act_fn", "\"silu\"", "\"swish\""},
    {"resnet_time_scale_shift", "\"default\"", NULL},
    {"resnet_out_scale_factor", "1", NULL},
    {"time_embedding_type", "\"positional\"", NULL},
    {"attention_type", "\"default\"", NULL},
    {"upcast_attention", NULL, NULL},               /* everything is float32 here */
    {"dropout", NULL, NULL},                        /* of training */
    {"mid_block_only_cross_attention", NULL, NULL}, /* only UNetMidBlock2DSimpleCrossAttn reads it */
    {"addition_embed_type_num_heads", NULL, NULL},  /* of an embedding that is refused by its own key */
    {NULL, NULL, NULL},
};

/* Lists of one value a level, before they are dealt out to blocks. */
typedef struct Levels {
    size_t layers[LEVELS_MAX], heads[LEVELS_MAX], depth[LEVELS_MAX], text_width[LEVELS_MAX];
    bool only_cross[LEVELS_MAX], down_attends[LEVELS_MAX], up_attends[LEVELS_MAX];
} Levels;

/* Block types: whether each attends. */
static bool read_types(Json config, const char *key, size_t count, const char *plain, const char *attending,
                       bool *attends, Error *err)
{
    Json list;
    if (!json_array(config, key, &list, err)) return false;
    if (json_count(list) != count)
        return json_fail(list, err, "one type a level is needed, %zu, these are %zu", count, json_count(list));
    for (size_t i = 0; i < count; i++) {
        const Json j = json_at(list, i);
        const char *type;
        if (!json_as_string(j, &type, err)) return false;
        attends[i] = !strcmp(type, attending);
        if (!attends[i] && strcmp(type, plain))
            return json_fail(j, err, "the block type %s is not supported; only %s and %s are", type, plain, attending);
    }
    return true;
}

static bool read_levels(Json config, const UNetConfig *k, Levels *l, Error *err)
{
    const size_t n = k->levels;
    return read_types(config, "down_block_types", n, "DownBlock2D", "CrossAttnDownBlock2D", l->down_attends, err) &&
           read_types(config, "up_block_types", n, "UpBlock2D", "CrossAttnUpBlock2D", l->up_attends, err) &&
           config_layers(config, "layers_per_block", n, 2, l->layers, err) &&
           config_sizes(config, "attention_head_dim", n, 8, l->heads, err) &&
           config_layers(config, "transformer_layers_per_block", n, 1, l->depth, err) &&
           config_sizes(config, "cross_attention_dim", n, 1280, l->text_width, err) &&
           config_flags(config, "only_cross_attention", n, l->only_cross, err);
}

/* diffusers computes with a lone null here: no middle block; an absent key: the default. */
static bool read_middle(Json config, bool *has_middle, Error *err)
{
    const Json j = json_get(config, "mid_block_type");
    const char *type;
    *has_middle = !j.node || !cJSON_IsNull(j.node);
    if (!j.node || cJSON_IsNull(j.node)) return true;
    if (!json_as_string(j, &type, err)) return false;
    return !strcmp(type, "UNetMidBlock2DCrossAttn") ||
           json_fail(j, err, "the block type %s is not supported; only UNetMidBlock2DCrossAttn is", type);
}

static bool read_kernel(Json config, const char *key, size_t *size, Error *err)
{
    return config_size(config, key, 3, size, err) &&
           ((*size % 2 && *size <= 15) || json_fail(json_get(config, key), err, "an odd size up to 15 is needed"));
}

static bool read_padding(Json config, size_t *padding, Error *err)
{
    int64_t number;
    if (!json_integer_or(config, "downsample_padding", 1, &number, err)) return false;
    *padding = (size_t)number;
    return number == 0 || number == 1 || json_fail(json_get(config, "downsample_padding"), err, "0 or 1 is needed");
}

/* "0.8.0", "0.7.0.dev0"; what is no version is not old. */
static bool before_0_9(Json config)
{
    const Json version = json_get(config, "_diffusers_version");
    unsigned major, minor;
    return json_is_string(version) && sscanf(version.node->valuestring, "%3u.%3u", &major, &minor) == 2 && major == 0 &&
           minor < 9;
}

/* sample_size only says what the model was trained at; a pair says it for height and width. */
static bool read_sample_size(Json config, UNetConfig *k, Error *err)
{
    size_t both[2];
    k->sample_size = 0;
    const Json j = json_get(config, "sample_size");
    if (!j.node || cJSON_IsNull(j.node)) return true;
    if (!config_sizes(config, "sample_size", 2, 64, both, err)) return false;
    k->sample_size = both[0];
    k->old_sample_size = json_is_number(j) && both[0] < 64 && before_0_9(config);
    return true;
}

static bool read_scalars(Json config, UNetConfig *k, Error *err)
{
    const Json groups = json_get(config, "norm_num_groups");
    if (groups.node && cJSON_IsNull(groups.node))
        return json_fail(groups, err, "a model without normalisation is not supported");
    return config_size(config, "in_channels", 4, &k->in_channels, err) &&
           config_size(config, "out_channels", 4, &k->out_channels, err) &&
           config_size_list(config, "block_out_channels", k->channels, &k->levels, err) &&
           config_size(config, "norm_num_groups", 32, &k->groups, err) &&
           config_real(config, "norm_eps", 1e-5, &k->eps, err) &&
           json_bool_or(config, "flip_sin_to_cos", true, &k->flip_sin_to_cos, err) &&
           config_real(config, "freq_shift", 0, &k->freq_shift, err) &&
           config_size(config, "time_embedding_dim", 4 * k->channels[0], &k->time_width, err) &&
           config_size(config, "time_cond_proj_dim", 0, &k->condition_width, err) &&
           json_bool_or(config, "use_linear_projection", false, &k->linear_projection, err) &&
           read_kernel(config, "conv_in_kernel", &k->conv_in_kernel, err) &&
           read_kernel(config, "conv_out_kernel", &k->conv_out_kernel, err) &&
           read_padding(config, &k->downsample_padding, err) && read_sample_size(config, k, err) &&
           read_middle(config, &k->has_middle, err);
}

/* What levels say, as blocks: down in order, up in reverse. */
static void deal_out(UNetConfig *k, const Levels *l)
{
    const size_t n = k->levels;
    for (size_t i = 0; i < n; i++) {
        const UNetBlock level = {.out = k->channels[i],
                                 .layers = l->layers[i],
                                 .heads = l->heads[i],
                                 .depth = l->depth[i],
                                 .only_cross = l->only_cross[i],
                                 .text_width = l->text_width[i],
                                 .resamples = i + 1 < n};
        k->down[i] = level;
        k->down[i].in = k->channels[i ? i - 1 : 0];
        k->down[i].attends = l->down_attends[i];

        UNetBlock *up = &k->up[n - 1 - i];
        *up = level;
        up->in = k->down[i].in;
        up->previous = k->channels[i + 1 < n ? i + 1 : i];
        up->layers++;
        up->attends = l->up_attends[n - 1 - i];
        up->resamples = i > 0;
    }
    k->middle = k->down[n - 1];
    k->middle.in = k->middle.out;
    k->middle.only_cross = false;
    k->middle.attends = true;
}

static bool divides(Json config, const char *key, size_t divisor, size_t channels, Error *err)
{
    return channels % divisor == 0 ||
           json_fail(json_get(config, key), err, "%zu does not divide %zu channels", divisor, channels);
}

static bool check(Json config, const UNetConfig *k, Error *err)
{
    if (k->channels[0] % 2 || k->freq_shift >= (float)k->channels[0] / 2)
        return json_fail(json_get(config, "block_out_channels"), err, "the first level must be even and wider");
    for (size_t i = 0; i < k->levels; i++) {
        const UNetBlock *d = &k->down[i], *u = &k->up[k->levels - 1 - i];
        const bool attends = d->attends || u->attends || (i + 1 == k->levels && k->has_middle);
        if (!divides(config, "norm_num_groups", k->groups, d->out, err) ||
            (attends && !divides(config, "attention_head_dim", d->heads, d->out, err)))
            return false;
        if (d->text_width != k->down[0].text_width)
            return json_fail(json_get(config, "cross_attention_dim"), err,
                             "texts of different widths a level are not supported");
    }
    return true;
}

/* Blocks of the up path normalise what comes and a skip connection side by side; both are multiples of the groups. */
bool unet_config(Json config, UNetConfig *k, Error *err)
{
    Levels levels;
    *k = (UNetConfig){0};
    if (!config_check_keys(config, read_keys, fixed_keys, err) || !read_scalars(config, k, err) ||
        !read_levels(config, k, &levels, err))
        return false;
    deal_out(k, &levels);
    return check(config, k, err);
}
