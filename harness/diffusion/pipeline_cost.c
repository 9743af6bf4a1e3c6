/* Two operations a weight and position. How many positions a weight meets follows from the level that its name tells;
 * what attention multiplies beside its weights is left out. */
#include "harness/diffusion/pipeline_cost.h"

#include "harness/diffusion/pipeline_internal.h"

#include <stdlib.h>
#include <string.h>

/* The number behind a prefix, "down_blocks." of "down_blocks.2.resnets.0": true if the name begins so. */
static bool level_of(const char *name, const char *prefix, size_t *level)
{
    const size_t length = strlen(prefix);
    if (strncmp(name, prefix, length) != 0) return false;
    *level = (size_t)strtoul(name + length, NULL, 10);
    return true;
}

/* Positions that a U-Net's weight meets: those of its level; the time's and the text's embeddings are computed once. */
static double unet_positions(const UNetConfig *c, const char *name, double positions)
{
    static const char *const once[] = {"time_", "add_", "attn2.to_k", "attn2.to_v"};
    size_t level = 0;
    for (size_t i = 0; i < sizeof once / sizeof *once; i++)
        if (strstr(name, once[i])) return 0;
    if (level_of(name, "up_blocks.", &level)) level = c->levels > level ? c->levels - 1 - level : 0;
    if (!strncmp(name, "mid_block", 9)) level = c->levels - 1;
    level_of(name, "down_blocks.", &level);
    for (; level; level--) positions /= 4;
    return positions;
}

/* Positions that a decoder's weight meets: latents at first, four times as many a level; of a tiny one, some in between. */
static double decoder_positions(const VaeConfig *c, const char *name, double positions)
{
    size_t level = 0;
    if (strncmp(name, "decoder.", 8) != 0) return 0;
    if (c->is_tiny) return positions * (double)(c->factor * c->factor) / 4;
    if (!strncmp(name, "decoder.conv_out", 16)) level = c->levels - 1;
    level_of(name, "decoder.up_blocks.", &level);
    for (; level && level < LEVELS_MAX; level--) positions *= 4;
    return positions;
}

void pipeline_cost(const Pipeline *p, double *call, double *decoding)
{
    const UNetConfig *u = &p->unet->config;
    const VaeConfig *v = &p->vae->config;
    const double positions = 1 / (double)(v->factor * v->factor); /* latents a pixel */
    *call = *decoding = 0;
    for (size_t i = 0; i < p->unet->set.count; i++) {
        const Parameter *w = &p->unet->set.weights[i];
        if (w->shape.rank >= 2) *call += 2 * (double)shape_size(w->shape) * unet_positions(u, w->name, positions);
    }
    for (size_t i = 0; i < p->vae->set.count; i++) {
        const Parameter *w = &p->vae->set.weights[i];
        if (w->shape.rank >= 2)
            *decoding += 2 * (double)shape_size(w->shape) * decoder_positions(v, w->name, positions);
    }
}
