/* A budget for the whole program: what weights and activations leave of it goes to transformed convolution weights. */
#include "harness/diffusion/memory.h"
#include "harness/diffusion/pipeline_internal.h"

static double fixed_bytes(const Pipeline *p)
{
    const size_t places = p->settings.batch * (p->guided ? 2 : 1);
    double bytes = unet_fixed_bytes(p->unet, places, p->latent_height, p->latent_width) +
                   decoder_fixed_bytes(p->vae, p->decoder_batch, p->pixels);
    for (size_t i = 0; i < p->clip->count; i++) bytes += sizeof(float) * (double)shape_size(p->clip->weights[i].shape);
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
