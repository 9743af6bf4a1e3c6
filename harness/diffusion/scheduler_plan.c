/* What several samplers need for their plan and their settings. */
#include "harness/diffusion/scheduler_kind.h"

#include <math.h>

void plan_allocate(Scheduler *s, size_t calls)
{
    s->calls = calls;
    s->timesteps = xcalloc(calls, sizeof(float));
    s->sigmas = xcalloc(calls + 1, sizeof(float));
}

float plan_fractional_timestep(const Scheduler *s, size_t i)
{
    const size_t n = s->steps, timesteps = s->schedule.timesteps;
    switch (s->spacing) {
    case SPACING_LEADING:
        return (float)(spacing_leading(i, n, timesteps) + (double)s->offset);
    case SPACING_TRAILING:
        return (float)spacing_trailing(i, n, timesteps, timesteps);
    default:
        return (float)spacing_linear(n - 1 - i, n, (double)(timesteps - 1));
    }
}

double plan_timestep(const Scheduler *s, size_t i)
{
    const size_t n = s->steps;
    if (s->spacing != SPACING_LINSPACE) return plan_fractional_timestep(s, i);
    return nearbyint(spacing_linear(n - 1 - i, n, (double)(s->schedule.timesteps - 1)));
}

bool plan_check_timesteps(const Scheduler *s, Error *err)
{
    const size_t timesteps = s->schedule.timesteps;
    for (size_t i = 0; i < s->calls; i++) {
        const float t = s->timesteps[i];
        if (!(t >= 0 && t <= (float)(timesteps - 1)))
            return fail_usage(err,
                              "%s: with %zu steps one is at timestep %g, the model was trained at 0 to %zu; use fewer "
                              "steps or a smaller steps_offset",
                              s->file, s->steps, (double)t, timesteps - 1);
    }
    return true;
}

bool plan_check_signal(const Scheduler *s, Error *err)
{
    for (size_t i = 0; i < s->calls; i++)
        if (s->prediction == PREDICTS_NOISE && !(s->schedule.signal[(size_t)s->timesteps[i]] > 0))
            return fail_usage(err,
                              "%s: timestep %g holds no signal (rescale_betas_zero_snr), so that a model of epsilon "
                              "says nothing there; use another timestep_spacing or prediction_type",
                              s->file, (double)s->timesteps[i]);
    return true;
}

float signal_at(const Scheduler *s, int64_t timestep)
{
    return timestep >= 0 ? s->schedule.signal[timestep] : s->first_signal;
}

bool read_final_signal(Scheduler *s, Json config, bool otherwise, Error *err)
{
    bool one;
    if (!json_bool_or(config, "set_alpha_to_one", otherwise, &one, err)) return false;
    s->first_signal = one ? 1 : s->schedule.signal[0];
    return true;
}

bool read_clipping(Scheduler *s, Json config, bool otherwise, Error *err)
{
    return config_refuse_flag(config, "thresholding", err) && read_clip_range(s, config, otherwise, err);
}

bool read_clip_range(Scheduler *s, Json config, bool otherwise, Error *err)
{
    bool clip;
    double range;
    if (!json_bool_or(config, "clip_sample", otherwise, &clip, err) ||
        !json_number_or(config, "clip_sample_range", 1, &range, err))
        return false;
    if (clip && !(range > 0)) return json_fail(json_get(config, "clip_sample_range"), err, "it must be above 0");
    s->clip = clip ? (float)range : 0;
    return true;
}

float clipped(float x, float bound)
{
    return x > bound ? bound : x < -bound ? -bound : x;
}
