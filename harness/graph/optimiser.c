/* One pass over each parameter, its moments in arrays beside it. Factors of a step (bias corrections, decay) are
 * computed in double and rounded once, where PyTorch does so: the curves are compared with it step by step. */
#include "harness/graph/optimiser.h"
#include "harness/graph/parallel.h"
#include "harness/graph/sums.h"

#include <math.h>
#include <stdlib.h>

typedef struct Slot { /* what the optimiser holds for one parameter */
    Parameter *parameter;
    size_t size;
    double weight_decay;
    float *moment[2];
} Slot;

struct Optimiser {
    OptimiserOptions options;
    Slot *slots;
    size_t count;
    uint64_t steps;
};

Optimiser *optimiser_new(OptimiserOptions options, Parameter *const *parameters, size_t count)
{
    Optimiser *o = xcalloc(1, sizeof *o);
    if (options.beta1 == 0) options.beta1 = 0.9;
    if (options.beta2 == 0) options.beta2 = 0.999;
    if (options.eps == 0) options.eps = 1e-8;
    o->options = options;
    o->count = count;
    o->slots = xcalloc(count, sizeof *o->slots);
    for (size_t i = 0; i < count; i++) {
        Slot *slot = &o->slots[i];
        slot->parameter = parameters[i];
        slot->size = shape_size(parameters[i]->shape);
        slot->weight_decay = options.weight_decay;
        slot->moment[0] = xcalloc(slot->size, sizeof(float));
        if (options.kind != OPTIMISER_SGD) slot->moment[1] = xcalloc(slot->size, sizeof(float));
    }
    return o;
}

void optimiser_free(Optimiser *o)
{
    if (!o) return;
    for (size_t i = 0; i < o->count; i++) {
        free(o->slots[i].moment[0]);
        free(o->slots[i].moment[1]);
    }
    free(o->slots);
    free(o);
}

void optimiser_set_decay(Optimiser *o, size_t parameter, double weight_decay)
{
    o->slots[parameter].weight_decay = weight_decay;
}

/* The first step takes the gradient as the buffer: 0 times momentum plus gradient is the same. */
static void sgd_step(const Optimiser *o, Slot *slot, float lr)
{
    const float momentum = (float)o->options.momentum, decay = (float)slot->weight_decay;
    float *value = slot->parameter->value, *buffer = slot->moment[0];
    const float *gradient = slot->parameter->gradient;
    PARALLEL_FOR(slot->size)
    for (size_t i = 0; i < slot->size; i++) {
        buffer[i] = momentum * buffer[i] + (gradient[i] + decay * value[i]);
        value[i] -= lr * buffer[i];
    }
}

/* m = m + (1 - beta1) (g - m), v = beta2 v + (1 - beta2) g^2,
 * value -= lr / (1 - beta1^t) m / (sqrt(v) / sqrt(1 - beta2^t) + eps)   (Kingma and Ba 2015; Loshchilov and Hutter 2019) */
static void adam_step(const Optimiser *o, Slot *slot, double lr)
{
    const OptimiserOptions *p = &o->options;
    const bool decoupled = p->kind == OPTIMISER_ADAMW;
    const double t = (double)o->steps;
    const float step = (float)(lr / (1 - pow(p->beta1, t))), root = (float)sqrt(1 - pow(p->beta2, t));
    const float take1 = (float)(1 - p->beta1), keep2 = (float)p->beta2, take2 = (float)(1 - p->beta2);
    const float eps = (float)p->eps, decay = decoupled ? 0 : (float)slot->weight_decay;
    const float shrink = decoupled ? (float)(1 - lr * slot->weight_decay) : 1;
    float *value = slot->parameter->value, *m = slot->moment[0], *v = slot->moment[1];
    const float *gradient = slot->parameter->gradient;
    PARALLEL_PIECES(slot->size) /* sqrtf is no vector code where it must set errno */
    for (size_t i = 0; i < slot->size; i++) {
        const float old = value[i] * shrink, g = gradient[i] + decay * old;
        m[i] += take1 * (g - m[i]);
        v[i] = keep2 * v[i] + take2 * g * g;
        value[i] = old - step * m[i] / (sqrtf(v[i]) / root + eps);
    }
}

void optimiser_step(Optimiser *o, double lr)
{
    o->steps++;
    for (size_t i = 0; i < o->count; i++) {
        if (o->slots[i].parameter->frozen) continue;
        if (o->options.kind == OPTIMISER_SGD)
            sgd_step(o, &o->slots[i], (float)lr);
        else
            adam_step(o, &o->slots[i], lr);
    }
}

uint64_t optimiser_steps(const Optimiser *o)
{
    return o->steps;
}

void optimiser_set_steps(Optimiser *o, uint64_t steps)
{
    o->steps = steps;
}

float *optimiser_moment(Optimiser *o, size_t parameter, int slot)
{
    return o->slots[parameter].moment[slot];
}

double clip_gradient_norm(Parameter *const *parameters, size_t count, double limit)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        if (!parameters[i]->frozen)
            squares += array_square_sum(parameters[i]->gradient, shape_size(parameters[i]->shape));
    const double norm = sqrt(squares), factor = limit / (norm + 1e-6);
    for (size_t i = 0; i < count && factor < 1; i++) {
        if (parameters[i]->frozen) continue;
        const size_t size = shape_size(parameters[i]->shape);
        float *gradient = parameters[i]->gradient;
        PARALLEL_FOR(size)
        for (size_t k = 0; k < size; k++) gradient[k] *= (float)factor;
    }
    return norm;
}
