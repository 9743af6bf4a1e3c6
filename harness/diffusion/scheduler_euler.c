/* Euler's method on the ordinary differential equation of sampling, and its ancestral form that puts noise back (Karras
 * et al. 2022, arXiv 2206.00364, algorithm 2 without churn; Song et al. 2021, arXiv 2011.13456). The sample carries a
 * signal of size 1 and noise sigma; the model is shown sample / sqrt(sigma^2 + 1). */
#include "harness/diffusion/sigmas.h"

#include <math.h>

/* From noise sigma to sigma':
 *
 *   euler    next = x + (x - x_0) / sigma (sigma' - sigma)
 *   euler_a  up   = sqrt(sigma'^2 (sigma^2 - sigma'^2) / sigma^2),  down = sqrt(sigma'^2 - up^2)
 *            next = x + (x - x_0) / sigma (down - sigma) + up randn;   every step draws, the last one too
 *
 * with x_0 of sigmas.h. */

static bool euler_read(Scheduler *s, Json config, Error *err)
{
    static const char *const interpolations[] = {"linear", NULL}, *const types[] = {"discrete", "continuous", NULL};
    int interpolation, type;
    if (!sigmas_read(s, config, err) ||
        !config_choice(config, "interpolation_type", interpolations, 0, &interpolation, err) ||
        !config_choice(config, "timestep_type", types, 0, &type, err))
        return false;
    return type == 0 || s->prediction != PREDICTS_V ||
           json_fail(json_get(config, "timestep_type"), err,
                     "continuous timesteps of a v-prediction are not supported");
}

static void euler_move(const Scheduler *s, const StepCall *c, float to, float up)
{
    const float sigma = s->sigmas[c->index], length = to - sigma;
    for (size_t k = 0; k < c->count; k++) {
        const float x = c->sample[k], x0 = sigma_clean(s, sigma, x, c->output[k]);
        const float next = x + (x - x0) / sigma * length;
        c->next[k] = c->noise ? next + c->noise[k] * up : next;
    }
}

static void euler_step(Scheduler *s, const StepCall *c)
{
    euler_move(s, c, s->sigmas[c->index + 1], 0);
}

static void euler_a_step(Scheduler *s, const StepCall *c)
{
    const float from = s->sigmas[c->index], to = s->sigmas[c->index + 1];
    const float up = sqrtf(to * to * (from * from - to * to) / (from * from));
    euler_move(s, c, sqrtf(fmaxf(to * to - up * up, 0)), up);
}

static bool euler_a_draws(const Scheduler *s, size_t i)
{
    (void)s, (void)i;
    return true;
}

const SchedulerKind scheduler_euler = {
    .name = "euler",
    .class_name = "EulerDiscreteScheduler",
    .summary = "Euler's method on the sampling equation (Karras et al. 2022, arXiv 2206.00364)",
    .betas = BETAS_LINEAR,
    .beta_start = 1e-4,
    .beta_end = 0.02,
    .spacing = SPACING_LINSPACE,
    .may_rescale = true,
    .predictions = 1u << PREDICTS_NOISE | 1u << PREDICTS_V | 1u << PREDICTS_SAMPLE,
    .read = euler_read,
    .plan = sigmas_plan,
    .input_divisor = sigmas_input_divisor,
    .step = euler_step,
};

/* Takes no sigma settings: always the training's sigmas, down to 0. */
const SchedulerKind scheduler_euler_a = {
    .name = "euler_a",
    .class_name = "EulerAncestralDiscreteScheduler",
    .summary = "Euler's method that puts noise back (Song et al. 2021, arXiv 2011.13456)",
    .betas = BETAS_LINEAR,
    .beta_start = 1e-4,
    .beta_end = 0.02,
    .spacing = SPACING_LINSPACE,
    .may_rescale = true,
    .predictions = 1u << PREDICTS_NOISE | 1u << PREDICTS_V,
    .plan = sigmas_plan,
    .input_divisor = sigmas_input_divisor,
    .draws = euler_a_draws,
    .step = euler_a_step,
};
