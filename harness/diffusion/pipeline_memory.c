/* A budget for the whole program: what weights and activations leave of it goes to transformed convolution weights. */
#include "harness/diffusion/diffusion_memory.h"
#include "harness/diffusion/pipeline_internal.h"

static double fixed_bytes(const Pipeline *p)
{
    const size_t places = p->settings.batch * (p->guided ? 2 : 1);
    double bytes = unet_fixed_bytes(p->unet, places, p->latent_height, p->latent_width) +
                   decoder_fixed_bytes(p->vae, p->decoder_batch, p->pixels);
    for (size_t i = 0; i < p->clip->count; i++) bytes += sizeof(float) * (double)shape_size(p->clip->weights[i].shape);
    return bytes;
}

/* When nothing is said: 6.8 GB for everything, so that Stable Diffusion at 512x512 leaves room beside it on a machine of 8; larger
 * pictures and models still get a gigabyte of transformed weights. */
static double usual_memory(double fixed)
{
    const double usual = 6.8e9, least = fixed + 1e9;
    return usual > least ? usual : least;
}

bool pipeline_budgets(const Pipeline *p, GraphOptions *unet, GraphOptions *decoder, Error *err)
{
    *unet = *decoder = p->settings.graph;
    const double fixed = fixed_bytes(p);
    const double left = (p->settings.memory ? (double)p->settings.memory : usual_memory(fixed)) - fixed;
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
