/* How much noise a training timestep holds: the betas of a diffusers scheduler_config.json and their products.
 *
 *   x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) noise,   abar_t = prod_{s <= t} (1 - beta_s)      (Ho et al. 2020, eq. 4)
 *
 * Everything is rounded to float32 where the models' own code rounds it: 1 - abar_t is small at small t, and its
 * rounding is what a trajectory's last steps see. */
#pragma once

#include "harness/base/error.h"
#include "harness/io/json.h"

#include <stddef.h>

typedef enum BetaSchedule {
    BETAS_LINEAR,        /* evenly spaced from start to end (Ho et al. 2020) */
    BETAS_SCALED_LINEAR, /* the square roots are evenly spaced (Rombach et al. 2022) */
    BETAS_COSINE,        /* squaredcos_cap_v2: abar_t = cos^2 (Nichol and Dhariwal 2021), beta at most 0.999 */
    BETA_SCHEDULES
} BetaSchedule;

typedef struct NoiseSchedule {
    size_t timesteps;
    float *signal; /* [timesteps] abar_t, strictly falling, from below 1 to above or, at zero SNR, equal to 0 */
    bool cosine;   /* beta_schedule is squaredcos_cap_v2, also where trained_betas take its place */
    bool zero_snr; /* betas were rescaled so that the last abar is 0 (Lin et al. 2024, algorithm 1) */
} NoiseSchedule;

/* Reads num_train_timesteps, beta_start, beta_end, beta_schedule, trained_betas and, when `may_rescale`,
 * rescale_betas_zero_snr. The last three arguments take the place of absent keys. Fails on: betas outside (0, 1),
 * trained_betas of another length, a schedule that float32 cannot hold. */
bool noise_schedule_read(NoiseSchedule *schedule, Json config, bool may_rescale, BetaSchedule kind, double start,
                         double end, Error *err);
void noise_schedule_free(NoiseSchedule *schedule);

/* sqrt((1 - abar_t) / abar_t): the noise beside a signal of size 1. `signal` above 0. */
float noise_to_signal(float signal);
