/* Pseudo numerical methods for diffusion models (Liu et al. 2022, arXiv 2202.09778), fourth order. */
#include "harness/diffusion/scheduler_kind.h"

#include <math.h>
#include <string.h>

/* A move from timestep t to u along the noise e, with a = abar_t and p = abar_u (eq. 11):
 *
 *   next = sqrt(p / a) x - (p - a) e / (a sqrt(1 - p) + sqrt(a (1 - a) p))
 *
 * Linear multistep (eq. 12): e = (55 e_0 - 59 e_1 + 37 e_2 - 9 e_3) / 24 of the last four outputs. How the first ones are
 * found:
 *   skip_prk_steps   Adams-Bashforth of rising order, and the first step is done twice, the second time with the mean of
 *                    the outputs at its two ends (Heun): n + 1 calls, as Stable Diffusion has it
 *   otherwise        three steps of Runge and Kutta's method with four calls each (eq. 13): n + 9 calls */

enum { ORDER = 4, START_CALLS = 12, ORIGIN = ORDER, MIXED = ORDER + 1, KEPT };

static bool pndm_read(Scheduler *s, Json config, Error *err)
{
    return read_final_signal(s, config, false, err) && json_bool_or(config, "skip_prk_steps", false, &s->skip_prk, err);
}

static int64_t step_length(const Scheduler *s)
{
    return (int64_t)(s->schedule.timesteps / s->steps);
}

/* The second call is a repetition of the first step, which begins a step length above its timestep. */
static bool plan_multistep(Scheduler *s, Error *err)
{
    plan_allocate(s, s->steps > 1 ? s->steps + 1 : 1);
    for (size_t i = 0; i < s->calls; i++) s->timesteps[i] = (float)plan_timestep(s, i > 1 ? i - 1 : i);
    if (!plan_check_timesteps(s, err)) return false;
    if (s->calls > 1 && (int64_t)s->timesteps[1] + step_length(s) >= (int64_t)s->schedule.timesteps)
        return fail_usage(err,
                          "%s: with %zu steps the second one would start at a timestep that the model was not trained "
                          "at; use another timestep_spacing or steps_offset",
                          s->file, s->steps);
    return true;
}

/* Runge and Kutta's calls of the step from timestep a to b: a, the middle twice, b; b again begins the next step. */
static bool plan_runge_kutta(Scheduler *s, Error *err)
{
    if (s->steps < ORDER)
        return fail_usage(err, "%s: %zu steps were asked for, PNDM without skip_prk_steps needs at least %d", s->file,
                          s->steps, ORDER);
    plan_allocate(s, s->steps + START_CALLS - (ORDER - 1));
    const double half = (double)(step_length(s) / 2);
    for (size_t i = 0; i < START_CALLS; i++) {
        const size_t step = i / 4, call = i % 4;
        const double end = plan_timestep(s, step + 1);
        s->timesteps[i] = (float)(call == 0 ? plan_timestep(s, step) : call == 3 ? end : end + half);
    }
    for (size_t i = START_CALLS; i < s->calls; i++)
        s->timesteps[i] = (float)plan_timestep(s, i - START_CALLS + ORDER - 1);
    return plan_check_timesteps(s, err);
}

static bool pndm_plan(Scheduler *s, Error *err)
{
    return s->skip_prk ? plan_multistep(s, err) : plan_runge_kutta(s, err);
}

/* Moves `x` along the noise (or v) in `e`. */
static void move(const Scheduler *s, const StepCall *c, const float *x, const float *e, int64_t from, int64_t to)
{
    const float a = signal_at(s, from), p = signal_at(s, to);
    const float signal = sqrtf(a), noise = sqrtf(1 - a), of_x = sqrtf(p / a);
    const float divisor = a * sqrtf(1 - p) + sqrtf(a * (1 - a) * p);
    for (size_t k = 0; k < c->count; k++) {
        const float along = s->prediction == PREDICTS_V ? signal * e[k] + noise * x[k] : e[k];
        c->next[k] = of_x * x[k] - (p - a) * along / divisor;
    }
}

static void keep_output(Scheduler *s, const StepCall *c)
{
    memcpy(s->kept[s->outputs++ % ORDER], c->output, c->count * sizeof(float));
}

/* Output 1 is the newest. */
static const float *kept_output(const Scheduler *s, size_t age)
{
    return s->kept[(s->outputs - age) % ORDER];
}

static void runge_kutta_step(Scheduler *s, const StepCall *c)
{
    static const float weights[] = {1 / 6.0f, 1 / 3.0f, 1 / 3.0f, 1 / 6.0f};
    const size_t call = c->index % 4;
    float *origin = s->kept[ORIGIN], *mixed = s->kept[MIXED];
    if (call == 0) {
        keep_output(s, c);
        memcpy(origin, c->sample, c->count * sizeof(float));
        memset(mixed, 0, c->count * sizeof(float));
    }
    for (size_t k = 0; k < c->count; k++) mixed[k] += weights[call] * c->output[k];
    const int64_t half = call % 2 ? 0 : step_length(s) / 2;
    const int64_t from = (int64_t)s->timesteps[c->index - call], to = (int64_t)s->timesteps[c->index] - half;
    move(s, c, origin, call == 3 ? mixed : c->output, from, to);
}

static void mix_outputs(const Scheduler *s, size_t count, float *mixed)
{
    const size_t known = s->outputs < ORDER ? s->outputs : ORDER;
    const float *e0 = kept_output(s, 1), *e1 = known > 1 ? kept_output(s, 2) : NULL;
    const float *e2 = known > 2 ? kept_output(s, 3) : NULL, *e3 = known > 3 ? kept_output(s, 4) : NULL;
    for (size_t k = 0; k < count; k++) {
        if (known == 1)
            mixed[k] = e0[k];
        else if (known == 2)
            mixed[k] = (3 * e0[k] - e1[k]) / 2;
        else if (known == 3)
            mixed[k] = (23 * e0[k] - 16 * e1[k] + 5 * e2[k]) / 12;
        else
            mixed[k] = (1 / 24.0f) * (55 * e0[k] - 59 * e1[k] + 37 * e2[k] - 9 * e3[k]);
    }
}

static void multistep_step(Scheduler *s, const StepCall *c)
{
    const int64_t t = (int64_t)s->timesteps[c->index], length = step_length(s);
    float *origin = s->kept[ORIGIN], *mixed = s->kept[MIXED];
    if (s->skip_prk && c->index == 1) {
        const float *e0 = kept_output(s, 1);
        for (size_t k = 0; k < c->count; k++) mixed[k] = (c->output[k] + e0[k]) / 2;
        move(s, c, origin, mixed, t + length, t);
        return;
    }
    if (c->index == 0) memcpy(origin, c->sample, c->count * sizeof(float));
    keep_output(s, c);
    mix_outputs(s, c->count, mixed);
    move(s, c, c->sample, mixed, t, t - length);
}

static void pndm_step(Scheduler *s, const StepCall *c)
{
    if (!s->skip_prk && c->index < START_CALLS)
        runge_kutta_step(s, c);
    else
        multistep_step(s, c);
}

const SchedulerKind scheduler_pndm = {
    .name = "pndm",
    .class_name = "PNDMScheduler",
    .summary = "pseudo numerical methods, fourth order (Liu et al. 2022, arXiv 2202.09778)",
    .betas = BETAS_LINEAR,
    .beta_start = 1e-4,
    .beta_end = 0.02,
    .spacing = SPACING_LEADING,
    .predictions = 1u << PREDICTS_NOISE | 1u << PREDICTS_V,
    .kept = KEPT,
    .read = pndm_read,
    .plan = pndm_plan,
    .step = pndm_step,
};
