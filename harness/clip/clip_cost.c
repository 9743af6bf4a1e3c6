/* Operations of a tower: two a weight and a place that the weight meets, all tokens of a text or a ViT, the pixels of
 * its stage in a ResNet. Attention's products among tokens are left out: they are few beside the weights' at CLIP's
 * lengths. */
#include "harness/clip/clip_cost.h"

#include <stdlib.h>
#include <string.h>

double clip_token_flop(const Clip *clip)
{
    double weights = 0;
    for (size_t i = 0; i < clip->count; i++)
        if (strncmp(clip->weights[i].name, "transformer.", 12) == 0)
            weights += (double)shape_size(clip->weights[i].shape);
    return 2 * weights;
}

/* How many positions a weight of the image tower meets in a picture of `size`: all tokens of a ViT; of a ResNet the
 * pixels of its stage, a quarter of those before. */
static double positions_of(const ClipConfig *c, const char *name, double size)
{
    if (!c->is_resnet) return c->patch ? size / (double)c->patch * (size / (double)c->patch) + 1 : 0;
    double side = size / 2; /* the stem */
    if (strncmp(name, "visual.layer", 12) == 0) side = size / 4 / (double)(1 << (atoi(name + 12) - 1));
    if (strncmp(name, "visual.attnpool", 15) == 0) side = size / 4 / (double)(1 << (c->stages ? c->stages - 1 : 0));
    return side * side;
}

double clip_picture_flop(const Clip *clip, double size)
{
    double flop = 0;
    for (size_t i = 0; i < clip->count; i++) {
        const Parameter *w = &clip->weights[i];
        if (strncmp(w->name, "visual.", 7) == 0 && w->shape.rank >= 2)
            flop += 2 * (double)shape_size(w->shape) * positions_of(&clip->config, w->name, size);
    }
    return flop;
}

double clip_positions(const Clip *clip, double size)
{
    const ClipConfig *c = &clip->config;
    const double step = c->is_resnet ? 4.0 * (double)(1 << (c->stages ? c->stages - 1 : 0)) : (double)c->patch;
    return step > 0 ? size / step * (size / step) : 0;
}
