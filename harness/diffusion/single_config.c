/* Configurations for a single file's parts: counts and widths are read off the tensors, block by block in CompVis' numbering; they are
 * written as diffusers' config.json, so that one reader checks and understands both. */
#include "harness/base/text.h"
#include "harness/diffusion/single_file_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS_MAX = LEVELS_MAX * (LAYERS_MAX + 1), HEAD_WIDTH = 64, HEADS = 8 };

static const TensorView *find(const SingleFile *f, const char *prefix, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static const TensorView *find(const SingleFile *f, const char *prefix, const char *format, ...)
{
    char name[TENSOR_NAME_BYTES], inner[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(inner, sizeof inner, format, arguments);
    va_end(arguments);
    snprintf(name, sizeof name, "%s%s", prefix, inner);
    return tensor_file_find(f->tensors, name);
}

/* A dimension of a tensor that must be there. */
static bool dim(const SingleFile *f, const char *prefix, const char *inner, int axis, size_t *value, Error *err)
{
    const TensorView *view = find(f, prefix, "%s", inner);
    if (!view || view->rank <= axis)
        return fail(err, "%s: the tensor \"%s%s\" is missing or has too few axes; no Stable Diffusion 1 or 2", f->path,
                    prefix, inner);
    *value = view->dim[axis];
    return true;
}

/* What the walk through the blocks finds. */
typedef struct Levels {
    size_t count, layers, channels[LEVELS_MAX], depth, context;
    bool down_attends[LEVELS_MAX], up_attends[LEVELS_MAX], linear;
} Levels;

static void note_attention(const SingleFile *f, const char *way, size_t block, Levels *l)
{
    const TensorView *key = find(f, f->unet_prefix, "%s.%zu.1.transformer_blocks.0.attn2.to_k.weight", way, block);
    const TensorView *in = find(f, f->unet_prefix, "%s.%zu.1.proj_in.weight", way, block);
    if (key && key->rank == 2) l->context = key->dim[1];
    if (in) l->linear = in->rank == 2;
    l->depth = 0;
    while (find(f, f->unet_prefix, "%s.%zu.1.transformer_blocks.%zu.norm1.weight", way, block, l->depth)) l->depth++;
}

/* Down: a level ends with the block that halves the map. */
static bool walk_down(const SingleFile *f, Levels *l, Error *err)
{
    size_t layers = 0;
    for (size_t block = 1; block < BLOCKS_MAX; block++) {
        const TensorView *conv = find(f, f->unet_prefix, "input_blocks.%zu.0.in_layers.2.weight", block);
        if (conv && l->count < LEVELS_MAX) {
            l->channels[l->count] = conv->dim[0];
            l->down_attends[l->count] = find(f, f->unet_prefix, "input_blocks.%zu.1.proj_in.weight", block) != NULL;
            if (l->down_attends[l->count]) note_attention(f, "input_blocks", block, l);
            layers++;
            continue;
        }
        const bool halves = find(f, f->unet_prefix, "input_blocks.%zu.0.op.weight", block) != NULL;
        if (l->layers == 0) l->layers = layers;
        if (layers != l->layers || layers == 0 || l->count == LEVELS_MAX)
            return fail(err, "%s: levels of the U-Net with different numbers of blocks; no Stable Diffusion 1 or 2",
                        f->path);
        l->count++;
        if (!halves) return true;
        layers = 0;
    }
    return fail(err, "%s: a U-Net without end; damaged", f->path);
}

static void walk_up(const SingleFile *f, Levels *l)
{
    for (size_t i = 0; i < l->count; i++)
        l->up_attends[i] = find(f, f->unet_prefix, "output_blocks.%zu.1.proj_in.weight", i * (l->layers + 1)) != NULL;
    note_attention(f, "input_blocks", 1, l); /* unless only deeper levels attend */
    for (size_t i = 0; l->depth == 0 && i < l->count; i++)
        if (l->up_attends[i]) note_attention(f, "output_blocks", i * (l->layers + 1), l);
}

static void list_types(Text *out, const char *key, const bool *attends, size_t count, const char *side)
{
    text_addf(out, ", \"%s\": [", key);
    for (size_t i = 0; i < count; i++)
        text_addf(out, "%s\"%s%sBlock2D\"", i ? ", " : "", attends[i] ? "CrossAttn" : "", side);
    text_add(out, "]");
}

/* A number that the .yaml says, or another. */
static size_t yaml_number(const SingleFile *f, const char *path, size_t otherwise)
{
    const char *text = f->yaml ? yaml_file_value(f->yaml, path) : NULL;
    const long value = text ? strtol(text, NULL, 10) : 0;
    return value > 0 ? (size_t)value : otherwise;
}

/* "attention_head_dim" is the number of heads there (diffusers issue 2011). */
static void list_heads(const SingleFile *f, const Levels *l, Text *out)
{
    static const char unet[] = "model.params.unet_config.params.";
    char heads_key[64], width_key[64];
    snprintf(heads_key, sizeof heads_key, "%snum_heads", unet);
    snprintf(width_key, sizeof width_key, "%snum_head_channels", unet);
    const size_t width = yaml_number(f, width_key, l->linear ? HEAD_WIDTH : 0),
                 heads = yaml_number(f, heads_key, HEADS);
    text_add(out, ", \"attention_head_dim\": [");
    for (size_t i = 0; i < l->count; i++)
        text_addf(out, "%s%zu", i ? ", " : "", width && l->channels[i] >= width ? l->channels[i] / width : heads);
    text_add(out, "]");
}

char *single_unet_config(SingleFile *f, Error *err)
{
    Levels l = {0};
    size_t in = 0, out = 0, time = 0;
    if (!dim(f, f->unet_prefix, "input_blocks.0.0.weight", 1, &in, err) ||
        !dim(f, f->unet_prefix, "out.2.weight", 0, &out, err) ||
        !dim(f, f->unet_prefix, "time_embed.0.weight", 0, &time, err) || !walk_down(f, &l, err))
        return NULL;
    walk_up(f, &l);
    f->unet_shape = (SingleShape){.prefix = f->unet_prefix, .layers = l.layers};
    Text text = {0};
    text_addf(&text,
              "{\"_class_name\": \"UNet2DConditionModel\", \"in_channels\": %zu, \"out_channels\": %zu, "
              "\"time_embedding_dim\": %zu, \"layers_per_block\": %zu, \"cross_attention_dim\": %zu, "
              "\"transformer_layers_per_block\": %zu, \"use_linear_projection\": %s, \"sample_size\": %d, "
              "\"block_out_channels\": [",
              in, out, time, l.layers, l.context, l.depth ? l.depth : 1, l.linear ? "true" : "false",
              strcmp(f->prediction, "epsilon") == 0 ? 64 : 96);
    for (size_t i = 0; i < l.count; i++) text_addf(&text, "%s%zu", i ? ", " : "", l.channels[i]);
    text_add(&text, "]");
    list_types(&text, "down_block_types", l.down_attends, l.count, "Down");
    list_types(&text, "up_block_types", l.up_attends, l.count, "Up");
    list_heads(f, &l, &text);
    text_add(&text, "}");
    return text.data;
}

char *single_vae_config(SingleFile *f, Error *err)
{
    size_t in = 0, out = 0, latent = 0, layers = 0, levels = 0;
    if (!dim(f, f->vae_prefix, "encoder.conv_in.weight", 1, &in, err) ||
        !dim(f, f->vae_prefix, "decoder.conv_out.weight", 0, &out, err) ||
        !dim(f, f->vae_prefix, "decoder.conv_in.weight", 1, &latent, err))
        return NULL;
    while (layers < LAYERS_MAX && find(f, f->vae_prefix, "encoder.down.0.block.%zu.norm1.weight", layers)) layers++;
    const char *scale = f->yaml ? yaml_file_value(f->yaml, "model.params.scale_factor") : NULL;
    Text text = {0};
    text_addf(
        &text,
        "{\"_class_name\": \"AutoencoderKL\", \"in_channels\": %zu, \"out_channels\": %zu, \"latent_channels\": %zu, "
        "\"layers_per_block\": %zu, \"scaling_factor\": %.8g, \"use_quant_conv\": %s, \"use_post_quant_conv\": %s, "
        "\"block_out_channels\": [",
        in, out, latent, layers, scale && strtod(scale, NULL) > 0 ? strtod(scale, NULL) : 0.18215,
        find(f, f->vae_prefix, "quant_conv.weight") ? "true" : "false",
        find(f, f->vae_prefix, "post_quant_conv.weight") ? "true" : "false");
    for (const TensorView *conv;
         levels < LEVELS_MAX && (conv = find(f, f->vae_prefix, "encoder.down.%zu.block.0.conv1.weight", levels));
         levels++)
        text_addf(&text, "%s%zu", levels ? ", " : "", conv->dim[0]);
    text_add(&text, "], \"down_block_types\": [");
    for (size_t i = 0; i < levels; i++) text_addf(&text, "%s\"DownEncoderBlock2D\"", i ? ", " : "");
    text_add(&text, "], \"up_block_types\": [");
    for (size_t i = 0; i < levels; i++) text_addf(&text, "%s\"UpDecoderBlock2D\"", i ? ", " : "");
    text_add(&text, "]}");
    f->vae_shape = (SingleShape){.prefix = f->vae_prefix, .levels = levels};
    return text.data;
}

/* As the published folders have it: PNDM, and DDIM where velocities are predicted. */
char *single_scheduler_config(const SingleFile *f)
{
    const char *start = f->yaml ? yaml_file_value(f->yaml, "model.params.linear_start") : NULL;
    const char *end = f->yaml ? yaml_file_value(f->yaml, "model.params.linear_end") : NULL;
    return xformat(
        "{\"_class_name\": \"%s\", \"beta_start\": %.8g, \"beta_end\": %.8g, \"beta_schedule\": \"scaled_linear\", "
        "\"num_train_timesteps\": %zu, \"prediction_type\": \"%s\", \"set_alpha_to_one\": false, "
        "\"skip_prk_steps\": true, \"steps_offset\": 1, \"clip_sample\": false}",
        strcmp(f->prediction, "epsilon") == 0 ? "PNDMScheduler" : "DDIMScheduler",
        start && strtod(start, NULL) > 0 ? strtod(start, NULL) : 0.00085,
        end && strtod(end, NULL) > 0 ? strtod(end, NULL) : 0.012, yaml_number(f, "model.params.timesteps", 1000),
        f->prediction);
}
