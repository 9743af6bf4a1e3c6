/* From timesteps to sigmas by linear interpolation, back by interpolation between logarithms: the two do not undo each
 * other, and diffusers does it so. Kept in double or float where diffusers has it so, since steps divide differences
 * of neighbours. */
#include "harness/diffusion/sigmas.h"

#include <stdlib.h>

bool sigmas_read(Scheduler *s, Json config, Error *err)
{
    static const char *const ends[] = {"zero", "sigma_min", NULL};
    int end;
    if (!config_refuse_flag(config, "use_exponential_sigmas", err) ||
        !config_refuse_flag(config, "use_beta_sigmas", err) ||
        !config_choice(config, "final_sigmas_type", ends, 0, &end, err) ||
        !json_bool_or(config, "use_karras_sigmas", false, &s->sigma.karras, err) ||
        !json_number_or(config, "sigma_min", 0, &s->sigma.min, err) ||
        !json_number_or(config, "sigma_max", 0, &s->sigma.max, err))
        return false;
    s->sigma.to_sigma_min = end == 1;
    if (s->sigma.min < 0) return json_fail(json_get(config, "sigma_min"), err, "it must be above 0");
    if (s->sigma.max < 0) return json_fail(json_get(config, "sigma_max"), err, "it must be above 0");
    return true;
}

float *sigmas_of_training(const NoiseSchedule *schedule)
{
    float *sigmas = xmalloc(schedule->timesteps * sizeof *sigmas);
    for (size_t i = 0; i < schedule->timesteps; i++) sigmas[i] = noise_to_signal(schedule->signal[i]);
    /* The last signal is 0 and its sigma would be infinite; diffusers puts float16's smallest positive number in its place. */
    if (schedule->zero_snr) sigmas[schedule->timesteps - 1] = noise_to_signal(0x1p-24f);
    return sigmas;
}

double sigma_at(const float *training, size_t timesteps, double timestep)
{
    const size_t low = (size_t)timestep;
    if (low + 1 >= timesteps) return training[timesteps - 1];
    const double a = training[low], b = training[low + 1];
    return (b - a) * (timestep - (double)low) + a;
}

double timestep_of_sigma(const float *training, size_t timesteps, double sigma)
{
    if (timesteps == 1) return 0;
    const double wanted = log(fmax(sigma, 1e-10));
    size_t low = 0; /* the last timestep whose sigma is at most the one wanted, as far as a neighbour above is left */
    for (size_t i = 1; i + 1 < timesteps && wanted >= (double)logf(training[i]); i++) low = i;
    const float a = logf(training[low]), b = logf(training[low + 1]);
    const double share = fmin(fmax(((double)a - wanted) / (double)(a - b), 0), 1);
    return (1 - share) * (double)low + share * (double)(low + 1);
}

double karras_sigma(size_t i, size_t count, double max, double min)
{
    const double rho = 7, first = pow(max, 1 / rho), last = pow(min, 1 / rho);
    return pow(first + spacing_linear(i, count, 1) * (last - first), rho);
}

float final_sigma(const Scheduler *s, const float *training)
{
    return s->sigma.to_sigma_min ? training[0] : 0;
}

bool sigmas_check(const Scheduler *s, Error *err)
{
    for (size_t i = 0; i < s->calls; i++) {
        const bool stays =
            i + 1 == s->calls && s->sigmas[i + 1] == s->sigmas[i]; /* a last step of no length is harmless */
        if (!(isfinite(s->sigmas[i]) && s->sigmas[i] > 0 && (stays || s->sigmas[i + 1] < s->sigmas[i])))
            return fail_usage(
                err, "%s: with %zu steps the noise goes from %g to %g in step %zu, it must fall; use fewer steps",
                s->file, s->steps, (double)s->sigmas[i], (double)s->sigmas[i + 1], i + 1);
    }
    return true;
}

/* At leading spacing the first sigma is not the largest one of training, so that noise of variance sigma^2 + 1 stands for
 * noise plus a signal. */
static float noise_scale(const Scheduler *s)
{
    const float first = s->sigmas[0];
    return s->spacing == SPACING_LEADING ? sqrtf(first * first + 1) : first;
}

bool sigmas_plan(Scheduler *s, Error *err)
{
    const size_t timesteps = s->schedule.timesteps;
    plan_allocate(s, s->steps);
    for (size_t i = 0; i < s->steps; i++) s->timesteps[i] = plan_fractional_timestep(s, i);
    if (!plan_check_timesteps(s, err)) return false;

    float *training = sigmas_of_training(&s->schedule);
    const double first = sigma_at(training, timesteps, s->timesteps[0]);
    const double last = sigma_at(training, timesteps, s->timesteps[s->steps - 1]);
    const double max = s->sigma.max > 0 ? s->sigma.max : first, min = s->sigma.min > 0 ? s->sigma.min : last;
    for (size_t i = 0; i < s->steps; i++) {
        if (s->sigma.karras) {
            const double sigma = karras_sigma(i, s->steps, max, min);
            s->timesteps[i] = (float)timestep_of_sigma(training, timesteps, sigma);
            s->sigmas[i] = (float)sigma;
        } else {
            s->sigmas[i] = (float)sigma_at(training, timesteps, s->timesteps[i]);
        }
    }
    s->sigmas[s->steps] = final_sigma(s, training);
    free(training);
    s->noise_scale = noise_scale(s);
    return sigmas_check(s, err);
}

float sigmas_input_divisor(const Scheduler *s, size_t i)
{
    return sqrtf(s->sigmas[i] * s->sigmas[i] + 1);
}
