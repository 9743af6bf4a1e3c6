/* Latent consistency models (Luo et al. 2023, arXiv 2310.04378; consistency functions: Song et al. 2023, arXiv
 * 2303.01469). The timesteps are n of the original_inference_steps (k = floor(T / original): k - 1, 2k - 1, ...) that
 * the model was distilled at, evenly taken from the noisy end. */
#include "harness/diffusion/scheduler_kind.h"

#include <math.h>

/* With s = timestep_scaling t, d = 0.5, p = abar of the next timestep:
 *
 *   f    = s / sqrt(s^2 + d^2) x_0 + d^2 / (s^2 + d^2) x
 *   next = sqrt(p) f + sqrt(1 - p) randn,   f itself after the last step, which draws nothing */

static bool lcm_read(Scheduler *s, Json config, Error *err)
{
    if (!read_clipping(s, config, false, err) ||
        !json_integer_or(config, "original_inference_steps", 50, &s->lcm.original_steps, err) ||
        !json_number_or(config, "timestep_scaling", 10, &s->lcm.timestep_scaling, err))
        return false;
    if (s->lcm.original_steps < 1 || s->lcm.original_steps > (int64_t)s->schedule.timesteps)
        return json_fail(json_get(config, "original_inference_steps"), err,
                         "it must be from 1 to num_train_timesteps (%zu)", s->schedule.timesteps);
    return s->lcm.timestep_scaling > 0 || json_fail(json_get(config, "timestep_scaling"), err, "it must be above 0");
}

static bool lcm_plan(Scheduler *s, Error *err)
{
    const size_t original = (size_t)s->lcm.original_steps, spread = s->schedule.timesteps / original;
    if (s->steps > original)
        return fail_usage(err,
                          "%s: %zu steps were asked for, LCM takes at most original_inference_steps, %zu; use fewer "
                          "steps",
                          s->file, s->steps, original);
    plan_allocate(s, s->steps);
    for (size_t i = 0; i < s->steps; i++) {
        const size_t skipped = (size_t)floor((double)i * ((double)original / (double)s->steps));
        s->timesteps[i] = (float)((original - skipped) * spread - 1);
    }
    return plan_check_timesteps(s, err) && plan_check_signal(s, err);
}

static bool lcm_draws(const Scheduler *s, size_t i)
{
    return i + 1 < s->calls;
}

static void lcm_step(Scheduler *s, const StepCall *c)
{
    const float t = s->timesteps[c->index], a = signal_at(s, (int64_t)t);
    const float signal = sqrtf(a), noise = sqrtf(1 - a);
    const float scaled = t * (float)s->lcm.timestep_scaling, width = 0.25f;
    const float keep = width / (scaled * scaled + width), take = scaled / sqrtf(scaled * scaled + width);
    const float p = c->noise ? signal_at(s, (int64_t)s->timesteps[c->index + 1]) : 1;
    const float next_signal = sqrtf(p), next_noise = sqrtf(1 - p);
    for (size_t k = 0; k < c->count; k++) {
        const float x = c->sample[k], out = c->output[k];
        float x0 = out;
        if (s->prediction == PREDICTS_NOISE)
            x0 = (x - noise * out) / signal;
        else if (s->prediction == PREDICTS_V)
            x0 = signal * x - noise * out;
        if (s->clip > 0) x0 = clipped(x0, s->clip);
        const float clean = take * x0 + keep * x;
        c->next[k] = c->noise ? next_signal * clean + next_noise * c->noise[k] : clean;
    }
}

const SchedulerKind scheduler_lcm = {
    .name = "lcm",
    .class_name = "LCMScheduler",
    .summary = "latent consistency models, few steps (Luo et al. 2023, arXiv 2310.04378)",
    .betas = BETAS_SCALED_LINEAR,
    .beta_start = 0.00085,
    .beta_end = 0.012,
    .spacing = SPACING_LEADING,
    .may_rescale = true,
    .predictions = 1u << PREDICTS_NOISE | 1u << PREDICTS_V | 1u << PREDICTS_SAMPLE,
    .read = lcm_read,
    .plan = lcm_plan,
    .draws = lcm_draws,
    .step = lcm_step,
};
