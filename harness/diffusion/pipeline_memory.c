/* What a pipeline takes as prepared, against what it may take. */
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

bool pipeline_fits(const Pipeline *p, Error *err)
{
    const double bytes = fixed_bytes(p);
    if (p->settings.memory == 0 || bytes <= (double)p->settings.memory) return true;
    return fail_usage(err,
                      "%s: pictures of %zux%zu in batches of %zu take about %.1f GB, %.1f GB are allowed; "
                      "allow more, or make batch or size smaller",
                      p->folder, p->settings.width, p->settings.height, p->settings.batch, bytes / 1e9,
                      (double)p->settings.memory / 1e9);
}
