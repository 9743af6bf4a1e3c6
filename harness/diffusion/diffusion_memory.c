/* Weights are counted as graphs keep them, activations guessed: they grow with the map at the widest level, so a fixed number of such maps
 * stands for all of them (measured once; see the constants). */
#include "harness/diffusion/diffusion_memory.h"

#include "harness/graph/lanes.h"

#include <string.h>

/* Activations in maps of the widest level, as graph_cost gives them for sd15 and smaller models. */
static const double unet_maps = 24, decoder_maps = 7;

static double weight_bytes(const WeightSet *set, const char *but)
{
    double bytes = 0;
    for (size_t i = 0; i < set->count; i++) {
        const Parameter *p = &set->weights[i];
        const bool half = HALVES_ARE_QUICK && weights_stand_as_half(p);
        if (!but || strncmp(p->name, but, strlen(but)) != 0) bytes += (half ? 2 : 4) * (double)shape_size(p->shape);
    }
    return bytes;
}

double unet_fixed_bytes(const UNet *unet, size_t batch, size_t height, size_t width)
{
    const double map = sizeof(float) * (double)(batch * height * width) * (double)unet->config.channels[0];
    return weight_bytes(&unet->set, NULL) + unet_maps * map;
}

double decoder_fixed_bytes(const Vae *vae, size_t batch, size_t pixels)
{
    const double map = sizeof(float) * (double)(batch * pixels) * (double)vae->config.channels[0];
    return weight_bytes(&vae->set, "encoder.") + decoder_maps * map;
}
