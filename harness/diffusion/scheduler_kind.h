/* What a sampler is made of; inside harness/diffusion only. A sampler is a file that defines a SchedulerKind `scheduler_NAME`,
 * and a line of the table in scheduler.c. */
#pragma once

#include "harness/diffusion/noise_schedule.h"
#include "harness/diffusion/scheduler.h"
#include "harness/diffusion/scheduler_config.h"
#include "harness/diffusion/step_spacing.h"

/* What the model's output is: the noise, v = sqrt(abar) noise - sqrt(1 - abar) x_0 (Salimans and Ho 2022), or x_0. */
typedef enum Prediction { PREDICTS_NOISE, PREDICTS_V, PREDICTS_SAMPLE, PREDICTIONS } Prediction;

/* One call of a sampler's step. */
typedef struct StepCall {
    size_t index;
    const float *output, *sample; /* [count] */
    float *next;                  /* [count], may be sample */
    const float *noise;           /* [count] unit normal when the sampler draws in this step, else NULL */
    size_t count;
} StepCall;

typedef struct SchedulerKind {
    const char *name, *class_name; /* what users call it; diffusers' class in a scheduler_config.json */
    const char *summary;           /* what it is and whose, for `palbench ls schedulers` */
    BetaSchedule betas;            /* for keys that the file lacks: */
    double beta_start, beta_end;
    StepSpacing spacing;
    bool may_rescale;     /* takes rescale_betas_zero_snr */
    unsigned predictions; /* bit set of Prediction */
    size_t kept;          /* arrays of a batch that live from step to step */

    bool (*read)(Scheduler *s, Json config, Error *err);  /* keys of its own; NULL: none */
    bool (*plan)(Scheduler *s, Error *err);               /* s->steps -> calls, timesteps, sigmas, noise_scale */
    float (*input_divisor)(const Scheduler *s, size_t i); /* NULL: the model sees the sample as it is */
    bool (*draws)(const Scheduler *s, size_t i);          /* NULL: never */
    void (*step)(Scheduler *s, const StepCall *call);
} SchedulerKind;

enum { KEPT_MAX = 6 };

struct Scheduler {
    const SchedulerKind *kind;
    char *file;       /* named in messages */
    char *written_by; /* its _class_name, or NULL */
    NoiseSchedule schedule;
    Prediction prediction;
    StepSpacing spacing;
    int64_t offset;
    bool says_offset, says_clip; /* whether the file has steps_offset, clip_sample */

    /* Keys that some kinds take. */
    float first_signal; /* abar beyond the last step: 1, or abar_0 without set_alpha_to_one */
    float clip;         /* x_0 is cut to [-clip, clip]; 0: not at all */
    float eta;          /* DDIM */
    bool skip_prk;      /* PNDM */
    struct {
        bool karras, to_sigma_min;
        double min, max; /* 0: the schedule's own */
    } sigma;             /* Euler, Heun, DPM-Solver */
    struct {
        int64_t order;
        bool sde, heun, lower_order_final, euler_at_final;
        double lambda_min;
    } dpm;
    struct {
        int64_t original_steps;
        double timestep_scaling;
    } lcm;

    /* The plan, from set_steps. */
    size_t steps, calls;
    float *timesteps; /* [calls] */
    float *sigmas;    /* [calls + 1], kinds that count in noise-to-signal ratios */
    float noise_scale;

    /* The batch. */
    size_t images, values;
    float *kept[KEPT_MAX]; /* [images * values] */
    float *noise;          /* [images * values] */
    size_t outputs;        /* how many outputs are kept */
};

/* Room for the plan of `calls` calls. */
void plan_allocate(Scheduler *s, size_t calls);

/* The timesteps of DDIM and PNDM: value i of s->steps, from the noisy end, rounded. */
double plan_timestep(const Scheduler *s, size_t i);

/* The same for samplers that put linspace values between timesteps, float32 without rounding. */
float plan_fractional_timestep(const Scheduler *s, size_t i);

/* Every timestep must be one that the model was trained at. */
bool plan_check_timesteps(const Scheduler *s, Error *err);

/* x_0 cannot be told from the noise at a timestep without signal. */
bool plan_check_signal(const Scheduler *s, Error *err);

/* abar of a timestep, or the one beyond the end for a negative one. */
float signal_at(const Scheduler *s, int64_t timestep);

/* set_alpha_to_one; clip_sample and clip_sample_range, with their defaults; read_clipping also refuses thresholding. */
bool read_final_signal(Scheduler *s, Json config, bool otherwise, Error *err);
bool read_clip_range(Scheduler *s, Json config, bool otherwise, Error *err);
bool read_clipping(Scheduler *s, Json config, bool otherwise, Error *err);

float clipped(float x, float bound); /* to [-bound, bound]; a NaN stays one */
