/* L-BFGS (Liu and Nocedal 1989) for every class at once: the classes descend each for itself, but each round evaluates
 * all that are not done by two matrix products. Halved steps until the objective falls (Armijo), and the end is where
 * float32 products no longer tell a direction from noise. */
#include "methods/linear_probe/logistic_internal.h"

#include "harness/base/memory.h"
#include "harness/graph/onednn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY = 12, ROUNDS_MAX = 5000, BACKTRACKS_MAX = 40 };

/* Gradients come from float32 products: below this share of the first gradient they are rounding noise. */
static const double gradient_tolerance = 2e-7, value_noise = 1e-7, armijo = 1e-4;

/* One class's descent. Vectors have width + 1 values, the bias last. */
typedef struct Descent {
    size_t class;
    double *at, *gradient, *direction, *trial, *trial_gradient;
    double *steps, *changes;     /* [MEMORY][dim] differences of points and of gradients, a ring */
    double curvature[MEMORY];    /* <step, change> */
    size_t kept;                 /* how many were ever kept */
    double value, slope, length; /* objective, <gradient, direction>, step length being tried */
    double first_norm;
    int backtracks;
    bool started, done;
} Descent;

typedef struct Work {
    const LogisticProblem *p;
    size_t dim;
    int8_t *labels;                       /* [classes, count], transposed */
    float *weights, *margins, *gradients; /* [active, width], [active, count], [active, width] */
    double *values, *bias_gradients;      /* [active] */
    Descent *descents;
    Descent **active;
    size_t active_count;
    Arena arena;
} Work;

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* log(1 + exp(-m)) and its slope -1 / (1 + exp(m)), without overflow on either side. */
static double loss_and_slope(double m, double *slope)
{
    const double e = exp(-fabs(m));
    *slope = -(m >= 0 ? e : 1) / (1 + e);
    return (m >= 0 ? 0 : -m) + log1p(e);
}

/* Objective and gradient of every active class at its trial point. */
static void evaluate(Work *w)
{
    const LogisticProblem *p = w->p;
    const size_t active = w->active_count, width = p->width, count = p->count;
    for (size_t a = 0; a < active; a++)
        for (size_t i = 0; i < width; i++) w->weights[a * width + i] = (float)w->active[a]->trial[i];
    onednn_sgemm(false, true, active, count, width, 1, w->weights, width, p->x, width, 0, w->margins, count);
#pragma omp parallel for schedule(static)
    for (size_t a = 0; a < active; a++) {
        const int8_t *labels = w->labels + w->active[a]->class * count;
        float *row = w->margins + a * count;
        double value = 0, bias_gradient = 0;
        for (size_t i = 0; i < count; i++) {
            double slope = 0;
            if (labels[i]) value += loss_and_slope(labels[i] * ((double)row[i] + w->active[a]->trial[width]), &slope);
            row[i] = (float)(slope * labels[i]);
            bias_gradient += slope * labels[i];
        }
        w->values[a] = p->cost * value + 0.5 * dot(w->active[a]->trial, w->active[a]->trial, width);
        w->bias_gradients[a] = p->cost * bias_gradient;
    }
    onednn_sgemm(false, false, active, width, count, (float)p->cost, w->margins, count, p->x, width, 0, w->gradients,
                 width);
    for (size_t a = 0; a < active; a++) {
        Descent *d = w->active[a];
        for (size_t i = 0; i < width; i++) d->trial_gradient[i] = d->trial[i] + (double)w->gradients[a * width + i];
        d->trial_gradient[width] = w->bias_gradients[a];
    }
}

/* direction = -H gradient by the two-loop recursion over what is kept. */
static void choose_direction(Descent *d, size_t dim)
{
    const size_t stored = d->kept < MEMORY ? d->kept : MEMORY;
    double factor[MEMORY];
    for (size_t i = 0; i < dim; i++) d->direction[i] = -d->gradient[i];
    for (size_t k = 0; k < stored; k++) {
        const size_t slot = (d->kept - 1 - k) % MEMORY;
        factor[slot] = dot(d->steps + slot * dim, d->direction, dim) / d->curvature[slot];
        for (size_t i = 0; i < dim; i++) d->direction[i] -= factor[slot] * d->changes[slot * dim + i];
    }
    if (stored) {
        const double *change = d->changes + (d->kept - 1) % MEMORY * dim;
        const double size = d->curvature[(d->kept - 1) % MEMORY] / dot(change, change, dim);
        for (size_t i = 0; i < dim; i++) d->direction[i] *= size;
    }
    for (size_t k = stored; k-- > 0;) {
        const size_t slot = (d->kept - 1 - k) % MEMORY;
        const double back = dot(d->changes + slot * dim, d->direction, dim) / d->curvature[slot];
        for (size_t i = 0; i < dim; i++) d->direction[i] += (factor[slot] - back) * d->steps[slot * dim + i];
    }
    d->slope = dot(d->gradient, d->direction, dim);
    d->length = stored ? 1 : 1 / fmax(1, sqrt(dot(d->gradient, d->gradient, dim)));
    d->backtracks = 0;
}

static void next_trial(Descent *d, size_t dim)
{
    for (size_t i = 0; i < dim; i++) d->trial[i] = d->at[i] + d->length * d->direction[i];
}

/* Keeps the step and the change of the gradient if they tell of positive curvature, and moves to the trial point. */
static void accept(Descent *d, size_t dim, double value)
{
    const size_t slot = d->kept % MEMORY;
    double *step = d->steps + slot * dim, *change = d->changes + slot * dim;
    for (size_t i = 0; i < dim; i++) {
        step[i] = d->trial[i] - d->at[i];
        change[i] = d->trial_gradient[i] - d->gradient[i];
    }
    d->curvature[slot] = dot(step, change, dim);
    if (d->started && d->curvature[slot] > 1e-12 * dot(change, change, dim)) d->kept++;
    memcpy(d->at, d->trial, dim * sizeof *d->at);
    memcpy(d->gradient, d->trial_gradient, dim * sizeof *d->gradient);
    d->value = value;
}

/* What follows from the evaluation at the trial point: move on, or try a shorter step. */
static void advance(Descent *d, size_t dim, double value)
{
    const bool lower = value <= d->value + armijo * d->length * d->slope + value_noise * fabs(d->value);
    if (d->started && !lower) {
        d->length *= 0.5;
        d->done = ++d->backtracks > BACKTRACKS_MAX; /* nothing lower in float32: this is the minimum */
        next_trial(d, dim);
        return;
    }
    accept(d, dim, value);
    const double norm = sqrt(dot(d->gradient, d->gradient, dim));
    if (!d->started) d->first_norm = norm;
    d->started = true;
    d->done = norm <= gradient_tolerance * d->first_norm;
    choose_direction(d, dim);
    if (d->slope >= 0) d->done = true; /* noise has eaten the direction */
    next_trial(d, dim);
}

static bool has_both_kinds(const int8_t *labels, size_t count)
{
    bool positive = false, negative = false;
    for (size_t i = 0; i < count; i++) {
        positive = positive || labels[i] > 0;
        negative = negative || labels[i] < 0;
    }
    return positive && negative;
}

static void start(Work *w)
{
    const LogisticProblem *p = w->p;
    for (size_t c = 0; c < p->classes; c++) {
        for (size_t i = 0; i < p->count; i++) w->labels[c * p->count + i] = p->labels[i * p->classes + c];
        Descent *d = &w->descents[c];
        d->class = c;
        double **vectors[] = {&d->at, &d->gradient, &d->direction, &d->trial, &d->trial_gradient};
        for (size_t v = 0; v < 5; v++) *vectors[v] = arena_alloc(&w->arena, w->dim * sizeof(double));
        d->steps = arena_alloc(&w->arena, MEMORY * w->dim * sizeof(double));
        d->changes = arena_alloc(&w->arena, MEMORY * w->dim * sizeof(double));
        if (has_both_kinds(w->labels + c * p->count, p->count)) w->active[w->active_count++] = d;
    }
}

static bool descend(Work *w, Error *err)
{
    for (size_t round = 0; w->active_count; round++) {
        if (round == ROUNDS_MAX)
            return fail(err, "the logistic regression of %zu classes has not converged in %d rounds; use a smaller C",
                        w->active_count, ROUNDS_MAX);
        evaluate(w);
        size_t left = 0;
#pragma omp parallel for schedule(static)
        for (size_t a = 0; a < w->active_count; a++) advance(w->active[a], w->dim, w->values[a]);
        for (size_t a = 0; a < w->active_count; a++)
            if (!w->active[a]->done) w->active[left++] = w->active[a];
        w->active_count = left;
    }
    return true;
}

static bool allocate(Work *w, Error *err)
{
    const LogisticProblem *p = w->p;
    w->dim = p->width + 1;
    w->descents = xcalloc(p->classes, sizeof *w->descents);
    w->active = xcalloc(p->classes, sizeof *w->active);
    w->values = xcalloc(p->classes, sizeof *w->values);
    w->bias_gradients = xcalloc(p->classes, sizeof *w->bias_gradients);
    return big_alloc(&w->labels, p->classes * p->count, 1, "labels", err) &&
           big_alloc(&w->margins, p->classes * p->count, sizeof(float), "margins", err) &&
           big_alloc(&w->weights, p->classes * p->width, sizeof(float), "weights", err) &&
           big_alloc(&w->gradients, p->classes * p->width, sizeof(float), "gradients", err);
}

static void release(Work *w)
{
    free(w->descents);
    free(w->active);
    free(w->values);
    free(w->bias_gradients);
    free(w->labels);
    free(w->margins);
    free(w->weights);
    free(w->gradients);
    arena_free(&w->arena);
}

bool logistic_fit(const LogisticProblem *p, float *weight, float *bias, size_t *skipped, Error *err)
{
    Work w = {.p = p};
    bool good = allocate(&w, err);
    if (good) {
        start(&w);
        *skipped = p->classes - w.active_count;
        good = descend(&w, err);
    }
    for (size_t c = 0; c < p->classes && good; c++) {
        for (size_t i = 0; i < p->width; i++) weight[c * p->width + i] = (float)w.descents[c].at[i];
        bias[c] = (float)w.descents[c].at[p->width];
    }
    release(&w);
    return good;
}
