/* Samplers that count in sigma = sqrt((1 - abar) / abar), the noise beside a signal of size 1 (Karras et al. 2022). */
#pragma once

#include "harness/diffusion/scheduler_kind.h"

#include <math.h>

/* use_karras_sigmas, sigma_min, sigma_max, final_sigmas_type; the other ways to space sigmas are refused. */
bool sigmas_read(Scheduler *s, Json config, Error *err);

/* [timesteps] sigma of every training timestep; caller frees. Where abar ends at 0, it is 2^-24 there: the noise of the
 * first step must be finite. */
float *sigmas_of_training(const NoiseSchedule *schedule);

/* sigma at a timestep between two training timesteps, linear. */
double sigma_at(const float *training, size_t timesteps, double timestep);

/* The timestep, with fraction, at which the training noise is sigma; linear in log sigma. */
double timestep_of_sigma(const float *training, size_t timesteps, double sigma);

/* sigma i of `count`: (max^(1/7) + i / (count - 1) (min^(1/7) - max^(1/7)))^7   (Karras et al. 2022, eq. 5, rho 7) */
double karras_sigma(size_t i, size_t count, double max, double min);

/* The sigma after the last step: 0, or that of the first training timestep. */
float final_sigma(const Scheduler *s, const float *training);

/* Sigmas must fall from step to step, or a step has no length. */
bool sigmas_check(const Scheduler *s, Error *err);

/* The plan of samplers that call the model once a step: timesteps by spacing, or at Karras sigmas; noise_scale. */
bool sigmas_plan(Scheduler *s, Error *err);

/* The model is shown the sample divided by sqrt(sigma^2 + 1), which has variance 1. */
float sigmas_input_divisor(const Scheduler *s, size_t i);

/* x_0 of a sample x with noise sigma:  x - sigma noise,  x / (sigma^2 + 1) - sigma / sqrt(sigma^2 + 1) v,  or the output. */
static inline float sigma_clean(const Scheduler *s, float sigma, float x, float output)
{
    const float square = sigma * sigma + 1;
    if (s->prediction == PREDICTS_NOISE) return x - sigma * output;
    return s->prediction == PREDICTS_V ? output * (-sigma / sqrtf(square)) + x / square : output;
}
