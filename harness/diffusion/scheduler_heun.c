/* Heun's method on the ordinary differential equation of sampling (Karras et al. 2022, arXiv 2206.00364, algorithm 1):
 * a step of Euler's, the model's slope at its end, and the step again along the mean of both slopes. */
#include "harness/diffusion/sigmas.h"

#include <stdlib.h>
#include <string.h>

/* With x of noise sigma:
 *
 *   d = (x - x_0) / sigma,   y = x + d (sigma' - sigma),   d' = (y - y_0) / sigma',   next = x + (d + d') / 2 (sigma' - sigma)
 *
 * The last step, to sigma' = 0, stays Euler's. So n steps are 2n - 1 calls: 0 looks at the beginning of a step, 1 at its end, 2 at
 * the same place again, where the corrected sample stands, and so on; the plan of Euler's with every place but the first twice.
 * As in diffusers' HeunDiscreteScheduler the noise ends at 0 always, and zero terminal SNR is not known. */

enum { ORIGIN, SLOPE, KEPT };

static bool heun_read(Scheduler *s, Json config, Error *err)
{
    if (!sigmas_read(s, config, err) || !read_clip_range(s, config, false, err)) return false;
    s->sigma.to_sigma_min = false; /* final_sigmas_type is no key of its */
    return true;
}

static bool heun_plan(Scheduler *s, Error *err)
{
    if (!sigmas_plan(s, err)) return false;
    float *timesteps = s->timesteps, *sigmas = s->sigmas;
    const size_t steps = s->steps;
    plan_allocate(s, 2 * steps - 1);
    for (size_t i = 0; i < s->calls; i++) {
        s->timesteps[i] = timesteps[(i + 1) / 2];
        s->sigmas[i] = sigmas[(i + 1) / 2];
    }
    s->sigmas[s->calls] = sigmas[steps];
    free(timesteps);
    free(sigmas);
    return true;
}

/* An even call begins a step at its sample; an odd one, at the end of that step, does it again. */
static void heun_step(Scheduler *s, const StepCall *c)
{
    const bool again = c->index % 2;
    const size_t begin = c->index - again;
    const float sigma = s->sigmas[c->index], length = s->sigmas[begin + 1] - s->sigmas[begin];
    float *origin = s->kept[ORIGIN], *slope = s->kept[SLOPE];
    if (!again) memcpy(origin, c->sample, c->count * sizeof *origin);
    for (size_t k = 0; k < c->count; k++) {
        float clean = sigma_clean(s, sigma, c->sample[k], c->output[k]);
        if (s->clip > 0) clean = clipped(clean, s->clip);
        const float here = (c->sample[k] - clean) / sigma;
        slope[k] = again ? (slope[k] + here) / 2 : here;
        c->next[k] = origin[k] + slope[k] * length;
    }
}

const SchedulerKind scheduler_heun = {
    .name = "heun",
    .summary = "Heun's method, second order, two calls a step (Karras et al. 2022, arXiv 2206.00364)",
    .class_name = "HeunDiscreteScheduler",
    .betas = BETAS_LINEAR,
    .beta_start = 0.00085,
    .beta_end = 0.012,
    .spacing = SPACING_LINSPACE,
    .predictions = 1u << PREDICTS_NOISE | 1u << PREDICTS_V | 1u << PREDICTS_SAMPLE,
    .kept = KEPT,
    .read = heun_read,
    .plan = heun_plan,
    .input_divisor = sigmas_input_divisor,
    .step = heun_step,
};
