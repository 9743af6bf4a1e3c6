/* Denoising diffusion implicit models (Song, Meng and Ermon 2021, arXiv 2010.02502, eq. 12 and 16). */
#include "harness/diffusion/scheduler_kind.h"

#include <math.h>

/* With a = abar_t and p = abar of the timestep floor(T / n) below:
 *
 *   x_0 and noise from the model's output;  x_0 is cut to the clip range
 *   sigma = eta sqrt((1 - p) / (1 - a)) sqrt(1 - a / p)
 *   next  = sqrt(p) x_0 + sqrt(1 - p - sigma^2) noise + sigma randn
 *
 * eta is a key of ours beside diffusers' (there it is an argument of the pipeline); 0 when absent. With eta above 0 every
 * step draws. */

static bool ddim_read(Scheduler *s, Json config, Error *err)
{
    double eta;
    if (!read_final_signal(s, config, true, err) || !read_clipping(s, config, true, err) ||
        !json_number_or(config, "eta", 0, &eta, err))
        return false;
    if (!(eta >= 0 && eta <= 1)) return json_fail(json_get(config, "eta"), err, "it must be from 0 to 1");
    s->eta = (float)eta;
    return true;
}

static bool ddim_plan(Scheduler *s, Error *err)
{
    plan_allocate(s, s->steps);
    for (size_t i = 0; i < s->steps; i++) s->timesteps[i] = (float)plan_timestep(s, i);
    return plan_check_timesteps(s, err) && plan_check_signal(s, err);
}

static bool ddim_draws(const Scheduler *s, size_t i)
{
    (void)i;
    return s->eta > 0;
}

static void ddim_step(Scheduler *s, const StepCall *c)
{
    const int64_t t = (int64_t)s->timesteps[c->index];
    const int64_t before = t - (int64_t)(s->schedule.timesteps / s->steps);
    const float a = signal_at(s, t), p = signal_at(s, before);
    const float signal = sqrtf(a), noise = sqrtf(1 - a), next_signal = sqrtf(p);
    const float sigma = s->eta * sqrtf((1 - p) / (1 - a) * (1 - a / p));
    const float direction = sqrtf(fmaxf(1 - p - sigma * sigma, 0)); /* rounding may leave less than nothing */
    for (size_t k = 0; k < c->count; k++) {
        const float x = c->sample[k], out = c->output[k];
        float x0, e;
        if (s->prediction == PREDICTS_NOISE)
            x0 = (x - noise * out) / signal, e = out;
        else if (s->prediction == PREDICTS_V)
            x0 = signal * x - noise * out, e = signal * out + noise * x;
        else
            x0 = out, e = (x - signal * out) / noise;
        if (s->clip > 0) x0 = clipped(x0, s->clip);
        const float next = next_signal * x0 + direction * e;
        c->next[k] = c->noise ? next + sigma * c->noise[k] : next;
    }
}

const SchedulerKind scheduler_ddim = {
    .name = "ddim",
    .class_name = "DDIMScheduler",
    .summary = "denoising diffusion implicit models (Song et al. 2021, arXiv 2010.02502)",
    .betas = BETAS_LINEAR,
    .beta_start = 1e-4,
    .beta_end = 0.02,
    .spacing = SPACING_LEADING,
    .may_rescale = true,
    .predictions = 1u << PREDICTS_NOISE | 1u << PREDICTS_V | 1u << PREDICTS_SAMPLE,
    .read = ddim_read,
    .plan = ddim_plan,
    .draws = ddim_draws,
    .step = ddim_step,
};
