/* Optimisers over Parameters, schedules of the learning rate, gradient clipping. As PyTorch defines them (torch.optim), so
 * that training curves can be compared step by step. */
#pragma once

#include "harness/graph/graph.h"

typedef enum OptimiserKind { OPTIMISER_SGD, OPTIMISER_ADAM, OPTIMISER_ADAMW } OptimiserKind;

typedef struct OptimiserOptions {
    OptimiserKind kind;
    double momentum;     /* SGD: buf = momentum buf + grad (first step: buf = grad); value -= lr buf */
    double beta1, beta2; /* Adam, AdamW; 0 means 0.9 and 0.999 */
    double eps;          /* Adam, AdamW; 0 means 1e-8 */
    double weight_decay; /* SGD, Adam: added to the gradient; AdamW: value *= 1 - lr * weight_decay, before the step */
} OptimiserOptions;

typedef struct Optimiser Optimiser;

/* One optimiser holds the state (moments) of its parameters. Parameters are borrowed. */
Optimiser *optimiser_new(OptimiserOptions options, Parameter *const *parameters, size_t count);
void optimiser_free(Optimiser *o);
/* Another weight decay for one parameter (0 for biases and gains, say). */
void optimiser_set_decay(Optimiser *o, size_t parameter, double weight_decay);
/* One step with this learning rate from the parameters' gradients. Frozen parameters stay. */
void optimiser_step(Optimiser *o, double lr);

/* The state as plain arrays, for checkpoints: step number and per parameter up to two moment arrays of its size. */
uint64_t optimiser_steps(const Optimiser *o);
void optimiser_set_steps(Optimiser *o, uint64_t steps);
/* slot 0: momentum buffer or first moment; slot 1: second moment, NULL for SGD. */
float *optimiser_moment(Optimiser *o, size_t parameter, int slot);

/* Scales the gradients of all parameters that are not frozen so that their joint Euclidean norm is at most `limit`; returns the norm before
 * (torch.nn.utils.clip_grad_norm_, factor limit / (norm + 1e-6) if that is below 1). */
double clip_gradient_norm(Parameter *const *parameters, size_t count, double limit);

typedef enum ScheduleKind { SCHEDULE_CONSTANT, SCHEDULE_COSINE, SCHEDULE_WARMUP_COSINE } ScheduleKind;
typedef struct Schedule {
    ScheduleKind kind;
    double lr;          /* the peak */
    double warmup;      /* units (epochs or steps) at warmup_lr (constant) before the cosine */
    double warmup_lr;   /* lr(e) = warmup_lr while e < warmup, then lr (1 + cos(pi (e - warmup) / total)) / 2 */
    double total;       /* units of the whole schedule */
    bool linear_warmup; /* instead: lr * (e + 1) / warmup while e < warmup, then the cosine over total - warmup, to 0 */
} Schedule;
double schedule_lr(const Schedule *s, double unit);
