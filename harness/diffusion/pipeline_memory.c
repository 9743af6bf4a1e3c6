/* A budget for the whole program: what weights and activations leave of it goes to transformed convolution weights. */
#include "harness/diffusion/pipeline_internal.h"

#include <string.h>

static double bytes_of(const Parameter *weights, size_t count)
{
    double bytes = 0;
    for (size_t i = 0; i < count; i++) bytes += 4.0 * (double)shape_size(weights[i].shape);
    return bytes;
}

static double decoder_bytes(const WeightSet *set)
{
    double bytes = 0;
    for (size_t i = 0; i < set->count; i++)
        if (strncmp(set->weights[i].name, "encoder.", 8) != 0) bytes += bytes_of(&set->weights[i], 1);
    return bytes;
}

/* What is kept beside Winograd weights: the U-Net's and the decoder's weights as float32, the text tower's, activations. A
 * convolution that becomes a Winograd one keeps nothing else, so this errs on the high side. Activations, as graph_cost
 * gives them for sd15 and the mini model: below 24 maps of the U-Net's first level and 7 of the decoder's last. */
static double fixed_bytes(const Pipeline *p)
{
    double bytes = bytes_of(p->unet->set.weights, p->unet->set.count) + decoder_bytes(&p->vae->set) +
                   bytes_of(p->clip->weights, p->clip->count);
    const double places = (double)(p->settings.batch * (p->guided ? 2 : 1));
    bytes += 24 * 4.0 * places * (double)(p->latent_height * p->latent_width * p->unet->config.channels[0]);
    bytes += 7 * 4.0 * (double)(p->decoder_batch * p->pixels * p->vae->config.channels[0]);
    return bytes;
}

bool pipeline_budgets(const Pipeline *p, GraphOptions *unet, GraphOptions *decoder, Error *err)
{
    *unet = *decoder = p->settings.graph;
    if (!p->settings.memory) return true;
    const double fixed = fixed_bytes(p), left = (double)p->settings.memory - fixed;
    if (left < 0)
        return fail_usage(err,
                          "%s: pictures of %zux%zu in batches of %zu take about %.1f GB, %.1f GB are allowed; "
                          "allow more, or make batch or size smaller",
                          p->folder, p->settings.width, p->settings.height, p->settings.batch, fixed / 1e9,
                          (double)p->settings.memory / 1e9);
    /* The U-Net runs once a step, the decoder once a picture. A budget of 0 would mean the usual one. */
    unet->winograd_budget = 1 + (size_t)(left * 0.75);
    decoder->winograd_budget = 1 + (size_t)(left * 0.25);
    return true;
}
