/* DPM-Solver++ with the last two outputs (Lu et al. 2022, arXiv 2211.01095, algorithm 2), also as a stochastic
 * equation. */
#include "harness/diffusion/sigmas.h"

#include <math.h>
#include <stdlib.h>

/* With alpha = 1 / sqrt(sigma^2 + 1), sigma := sigma alpha, lambda = log(alpha / sigma), h = lambda' - lambda, and the
 * clean images D_0 now and D_1 = (x_0 - x_0 before) h / h_before:
 *
 *   dpmsolver++       next = sigma' / sigma x - alpha' (e^-h - 1) D_0 + A D_1
 *     midpoint        A = -alpha' (e^-h - 1) / 2          heun   A = alpha' ((e^-h - 1) / h + 1)
 *   sde-dpmsolver++   next = sigma' / sigma e^-h x + alpha' (1 - e^-2h) D_0 + A D_1 + sigma' sqrt(1 - e^-2h) randn
 *     midpoint        A = alpha' (1 - e^-2h) / 2          heun   A = alpha' ((1 - e^-2h) / (-2h) + 1)
 *
 * The first step knows no earlier output and leaves D_1 out, and so does the last one when it ends at sigma 0, or under 15
 * steps with lower_order_final, or with euler_at_final. Every step of the stochastic form draws. */

enum { FEW_STEPS = 15 };

static bool dpm_read(Scheduler *s, Json config, Error *err)
{
    /* deis, logrho, bh1, bh2: what other solvers' configs say, read as this solver's own. */
    static const char *const algorithms[] = {"dpmsolver++", "sde-dpmsolver++", "deis", NULL};
    static const char *const types[] = {"midpoint", "heun", "logrho", "bh1", "bh2", NULL};
    static const char *const learned[] = {"none", NULL};
    int algorithm, type, variance;
    if (!sigmas_read(s, config, err) || !config_refuse_flag(config, "thresholding", err) ||
        !config_refuse_flag(config, "use_lu_lambdas", err) || !config_refuse_flag(config, "use_flow_sigmas", err) ||
        !config_choice(config, "algorithm_type", algorithms, 0, &algorithm, err) ||
        !config_choice(config, "solver_type", types, 0, &type, err) ||
        !config_choice(config, "variance_type", learned, 0, &variance, err) ||
        !json_integer_or(config, "solver_order", 2, &s->dpm.order, err) ||
        !json_bool_or(config, "lower_order_final", true, &s->dpm.lower_order_final, err) ||
        !json_bool_or(config, "euler_at_final", false, &s->dpm.euler_at_final, err) ||
        !json_number_or(config, "lambda_min_clipped", -HUGE_VAL, &s->dpm.lambda_min, err))
        return false;
    if (s->dpm.order != 1 && s->dpm.order != 2)
        return json_fail(json_get(config, "solver_order"), err, "orders 1 and 2 are supported");
    s->dpm.sde = algorithm == 1;
    s->dpm.heun = type == 1;
    return true;
}

/* Timesteps below lambda_min_clipped are left out; the number of those that stay. */
static size_t usable_timesteps(const Scheduler *s)
{
    size_t count = s->schedule.timesteps;
    for (; count; count--) {
        const bool last_of_zero_snr = s->schedule.zero_snr && count == s->schedule.timesteps;
        const float signal = last_of_zero_snr ? 0x1p-24f : s->schedule.signal[count - 1];
        if ((double)(logf(sqrtf(signal)) - logf(sqrtf(1 - signal))) >= s->dpm.lambda_min) break;
    }
    return count;
}

static double dpm_timestep(const Scheduler *s, size_t i, size_t usable)
{
    const size_t n = s->steps;
    switch (s->spacing) {
    case SPACING_LEADING:
        return spacing_leading(i, n + 1, usable) + (double)s->offset;
    case SPACING_TRAILING:
        return spacing_trailing(i, n, s->schedule.timesteps, usable);
    default:
        return nearbyint(spacing_linear(n - i, n + 1, (double)(usable - 1)));
    }
}

/* Trailing timesteps keep their distance, so that fewer fit below a lowered end. */
static size_t dpm_calls(const Scheduler *s, size_t usable)
{
    const size_t timesteps = s->schedule.timesteps;
    if (s->sigma.karras || s->spacing != SPACING_TRAILING) return s->steps;
    return (usable * s->steps + timesteps - 1) / timesteps;
}

static void plan_karras(Scheduler *s, const float *training, bool rounded)
{
    const size_t timesteps = s->schedule.timesteps;
    const double max = s->sigma.max > 0 ? s->sigma.max : training[timesteps - 1];
    const double min = s->sigma.min > 0 ? s->sigma.min : training[0];
    for (size_t i = 0; i < s->calls; i++) {
        const double sigma = karras_sigma(i, s->calls, max, min), t = timestep_of_sigma(training, timesteps, sigma);
        s->timesteps[i] = (float)(rounded ? nearbyint(t) : floor(t));
        s->sigmas[i] = (float)sigma;
    }
}

static bool dpm_plan(Scheduler *s, Error *err)
{
    const size_t usable = usable_timesteps(s);
    if (usable == 0) return fail_usage(err, "%s: lambda_min_clipped leaves no timestep", s->file);
    plan_allocate(s, dpm_calls(s, usable));
    float *training = sigmas_of_training(&s->schedule);
    if (s->sigma.karras) {
        plan_karras(s, training, !s->schedule.cosine);
    } else {
        for (size_t i = 0; i < s->calls; i++) {
            s->timesteps[i] = (float)dpm_timestep(s, i, usable);
            s->sigmas[i] = (float)sigma_at(training, s->schedule.timesteps, s->timesteps[i]);
        }
    }
    s->sigmas[s->calls] = final_sigma(s, training);
    free(training);
    return plan_check_timesteps(s, err) && sigmas_check(s, err);
}

typedef struct Level {
    float alpha, sigma, lambda;
} Level;

static Level level(const Scheduler *s, size_t i)
{
    const float alpha = 1 / sqrtf(s->sigmas[i] * s->sigmas[i] + 1), sigma = s->sigmas[i] * alpha;
    return (Level){alpha, sigma, logf(alpha) - logf(sigma)};
}

static void clean_image(const Scheduler *s, const StepCall *c, Level l, float *x0)
{
    for (size_t k = 0; k < c->count; k++) {
        const float x = c->sample[k], out = c->output[k];
        x0[k] = s->prediction == PREDICTS_NOISE ? (x - l.sigma * out) / l.alpha
                : s->prediction == PREDICTS_V   ? l.alpha * x - l.sigma * out
                                                : out;
    }
}

static bool first_order(const Scheduler *s, size_t i)
{
    const bool few = s->dpm.lower_order_final && s->calls < FEW_STEPS;
    const bool last = i + 1 == s->calls;
    return i == 0 || s->dpm.order == 1 || (last && (s->dpm.euler_at_final || few || !s->sigma.to_sigma_min));
}

/* The factor A above; 0 for a step of no length, where the formula is 0 / 0. */
static float second_factor(const Scheduler *s, float alpha, float h)
{
    if (h == 0) return 0;
    const float rate = s->dpm.sde ? 1 - expf(-2 * h) : expf(-h) - 1;
    if (!s->dpm.heun) return (s->dpm.sde ? 0.5f : -0.5f) * (alpha * rate);
    return alpha * (rate / (s->dpm.sde ? -2 * h : h) + 1);
}

static void dpm_step(Scheduler *s, const StepCall *c)
{
    float *x0 = s->kept[c->index % 2], *earlier = s->kept[(c->index + 1) % 2];
    const Level from = level(s, c->index), to = level(s, c->index + 1);
    clean_image(s, c, from, x0);
    const float h = to.lambda - from.lambda;
    const float of_x = s->dpm.sde ? to.sigma / from.sigma * expf(-h) : to.sigma / from.sigma;
    const float of_x0 = s->dpm.sde ? to.alpha * (1 - expf(-2 * h)) : -(to.alpha * (expf(-h) - 1));
    const float of_noise = s->dpm.sde ? to.sigma * sqrtf(fmaxf(1 - expf(-2 * h), 0)) : 0;
    float of_change = 0, inverse = 0;
    const bool first = first_order(s, c->index);
    if (!first) {
        inverse = 1 / ((from.lambda - level(s, c->index - 1).lambda) / h);
        of_change = second_factor(s, to.alpha, h);
    }
    for (size_t k = 0; k < c->count; k++) {
        float next = of_x * c->sample[k] + of_x0 * x0[k];
        if (!first) next += of_change * (inverse * (x0[k] - earlier[k]));
        c->next[k] = c->noise ? next + of_noise * c->noise[k] : next;
    }
}

static bool dpm_draws(const Scheduler *s, size_t i)
{
    (void)i;
    return s->dpm.sde;
}

const SchedulerKind scheduler_dpmpp2m = {
    .name = "dpmpp2m",
    .class_name = "DPMSolverMultistepScheduler",
    .summary = "DPM-Solver++ with two outputs, also stochastic (Lu et al. 2022, arXiv 2211.01095)",
    .betas = BETAS_LINEAR,
    .beta_start = 1e-4,
    .beta_end = 0.02,
    .spacing = SPACING_LINSPACE,
    .may_rescale = true,
    .predictions = 1u << PREDICTS_NOISE | 1u << PREDICTS_V | 1u << PREDICTS_SAMPLE,
    .kept = 2,
    .read = dpm_read,
    .plan = dpm_plan,
    .draws = dpm_draws,
    .step = dpm_step,
};
