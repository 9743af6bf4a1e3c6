/* Names of the weights in a single-file checkpoint. CompVis numbers the blocks of the U-Net in one row each way (ldm/modules/
 * diffusionmodules/openaimodel.py): input block 0 is the first convolution, then each level has its layers and, but for the last, one
 * block that only halves the map; output blocks have one layer more a level and carry the doubling in their last block. Inside a block,
 * part 0 is the residual block, part 1 the attention. */
#include "harness/diffusion/single_names.h"
#include "harness/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Piece {
    const char *theirs, *ours;
} Piece;

/* The first piece that `name` begins with is replaced; false when there is none. */
static bool replace(const Piece *table, const char *before, const char *name, char *renamed)
{
    for (; table->theirs; table++) {
        if (!text_begins(name, table->theirs)) continue;
        snprintf(renamed, TENSOR_NAME_BYTES, "%s%s%s", before, table->ours, name + strlen(table->theirs));
        return true;
    }
    return false;
}

/* "12.rest" -> 12, and where the rest begins; false when it is no number. */
static bool number(const char **text, size_t *value)
{
    char *end;
    if (**text < '0' || **text > '9') return false;
    *value = strtoul(*text, &end, 10);
    if (*end != '.' || *value > 1000) return false;
    *text = end + 1;
    return true;
}

static void keep(const char *name, char *renamed)
{
    snprintf(renamed, TENSOR_NAME_BYTES, "%s", name);
}

/* ---- U-Net ---- */

static const Piece unet_outside[] = {
    {"time_embed.0.", "time_embedding.linear_1."},
    {"time_embed.2.", "time_embedding.linear_2."},
    {"input_blocks.0.0.", "conv_in."},
    {"out.0.", "conv_norm_out."},
    {"out.2.", "conv_out."},
    {"middle_block.1.", "mid_block.attentions.0."},
    {NULL, NULL},
};

static const Piece resnet_inside[] = {
    {"in_layers.0.", "norm1."},
    {"in_layers.2.", "conv1."},
    {"emb_layers.1.", "time_emb_proj."},
    {"out_layers.0.", "norm2."},
    {"out_layers.3.", "conv2."},
    {"skip_connection.", "conv_shortcut."},
    {NULL, NULL},
};

static bool down_name(const SingleShape *s, const char *rest, char *renamed)
{
    char before[64];
    size_t block, part;
    if (!number(&rest, &block) || !number(&rest, &part) || block < 1) return false;
    const size_t level = (block - 1) / (s->layers + 1), layer = (block - 1) % (s->layers + 1);
    if (layer == s->layers) {
        if (part != 0 || !text_begins(rest, "op.")) return false;
        snprintf(renamed, TENSOR_NAME_BYTES, "down_blocks.%zu.downsamplers.0.conv.%s", level, rest + 3);
        return true;
    }
    snprintf(before, sizeof before, "down_blocks.%zu.resnets.%zu.", level, layer);
    if (part == 0) return replace(resnet_inside, before, rest, renamed);
    snprintf(renamed, TENSOR_NAME_BYTES, "down_blocks.%zu.attentions.%zu.%s", level, layer, rest);
    return part == 1;
}

static bool up_name(const SingleShape *s, const char *rest, char *renamed)
{
    char before[64];
    size_t block, part;
    if (!number(&rest, &block) || !number(&rest, &part)) return false;
    const size_t level = block / (s->layers + 1), layer = block % (s->layers + 1);
    if (part > 0 && text_begins(rest, "conv.")) { /* behind the attention, where there is one */
        snprintf(renamed, TENSOR_NAME_BYTES, "up_blocks.%zu.upsamplers.0.%s", level, rest);
        return layer == s->layers;
    }
    snprintf(before, sizeof before, "up_blocks.%zu.resnets.%zu.", level, layer);
    if (part == 0) return replace(resnet_inside, before, rest, renamed);
    snprintf(renamed, TENSOR_NAME_BYTES, "up_blocks.%zu.attentions.%zu.%s", level, layer, rest);
    return part == 1;
}

static bool unet_known(const SingleShape *s, const char *name, char *renamed)
{
    if (replace(unet_outside, "", name, renamed)) return true;
    if (text_begins(name, "middle_block.0.")) return replace(resnet_inside, "mid_block.resnets.0.", name + 15, renamed);
    if (text_begins(name, "middle_block.2.")) return replace(resnet_inside, "mid_block.resnets.1.", name + 15, renamed);
    if (text_begins(name, "input_blocks.")) return down_name(s, name + 13, renamed);
    return text_begins(name, "output_blocks.") && up_name(s, name + 14, renamed);
}

bool single_unet_name(const void *shape, const char *name, char renamed[TENSOR_NAME_BYTES])
{
    const SingleShape *s = shape;
    if (!text_begins(name, s->prefix)) return false;
    if (!unet_known(s, name + strlen(s->prefix), renamed)) keep(name, renamed);
    return true;
}

/* ---- autoencoder ---- */

static const Piece attention_inside[] = {
    {"norm.", "group_norm."},   {"q.", "to_q."}, {"k.", "to_k."}, {"v.", "to_v."},
    {"proj_out.", "to_out.0."}, {NULL, NULL},
};

static const Piece half_outside[] = {
    {"norm_out.", "conv_norm_out."}, {"conv_in.", "conv_in."}, {"conv_out.", "conv_out."}, {NULL, NULL}};

static const Piece vae_resnet_inside[] = {
    {"nin_shortcut.", "conv_shortcut."},
    {"norm1.", "norm1."},
    {"norm2.", "norm2."},
    {"conv1.", "conv1."},
    {"conv2.", "conv2."},
    {NULL, NULL},
};

/* "LEVEL.block.LAYER.rest", "LEVEL.downsample.conv.rest", "LEVEL.upsample.conv.rest" */
static bool level_name(const char *half, const char *side, size_t level, const char *rest, char *renamed)
{
    char before[64];
    size_t layer;
    if (text_begins(rest, side) && text_begins(rest + strlen(side), "sample.conv.")) {
        snprintf(renamed, TENSOR_NAME_BYTES, "%s%s_blocks.%zu.%ssamplers.0.conv.%s", half, side, level, side,
                 rest + strlen(side) + 12);
        return true;
    }
    if (!text_begins(rest, "block.")) return false;
    rest += 6;
    if (!number(&rest, &layer)) return false;
    snprintf(before, sizeof before, "%s%s_blocks.%zu.resnets.%zu.", half, side, level, layer);
    return replace(vae_resnet_inside, before, rest, renamed);
}

/* half: "encoder." or "decoder.", which the name begins with. */
static bool half_name(const SingleShape *s, const char *half, const char *rest, char *renamed)
{
    char before[64];
    size_t level;
    const bool down = half[0] == 'e';
    snprintf(before, sizeof before, "%smid_block.attentions.0.", half);
    if (replace(half_outside, half, rest, renamed)) return true;
    if (text_begins(rest, "mid.attn_1.")) return replace(attention_inside, before, rest + 11, renamed);
    for (size_t i = 0; i < 2; i++) {
        snprintf(before, sizeof before, "mid.block_%zu.", i + 1);
        if (!text_begins(rest, before)) continue;
        snprintf(before, sizeof before, "%smid_block.resnets.%zu.", half, i);
        return replace(vae_resnet_inside, before, rest + 12, renamed);
    }
    const char *side = down ? "down" : "up";
    if (!text_begins(rest, side) || rest[strlen(side)] != '.') return false;
    rest += strlen(side) + 1;
    if (!number(&rest, &level) || level >= s->levels) return false;
    return level_name(half, side, down ? level : s->levels - 1 - level, rest, renamed);
}

bool single_vae_name(const void *shape, const char *name, char renamed[TENSOR_NAME_BYTES])
{
    const SingleShape *s = shape;
    if (!text_begins(name, s->prefix)) return false;
    const char *inner = name + strlen(s->prefix);
    if (text_begins(inner, "loss.") || text_begins(inner, "model_ema.")) return false;
    bool known = false;
    if (text_begins(inner, "encoder.")) known = half_name(s, "encoder.", inner + 8, renamed);
    if (text_begins(inner, "decoder.")) known = half_name(s, "decoder.", inner + 8, renamed);
    if (!known) keep(inner, renamed); /* quant_conv, post_quant_conv */
    return true;
}

bool single_plain_name(const void *prefix, const char *name, char renamed[TENSOR_NAME_BYTES])
{
    if (!text_begins(name, prefix)) return false;
    keep(name + strlen(prefix), renamed);
    return true;
}
