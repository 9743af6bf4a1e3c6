/* Linear probe: one logistic regression a class on the frozen global features of labelled images, an upper anchor for methods
 * that see no labelled image. Features are standardised with mean and deviation (of the population) of the training images;
 * what is stored is folded back, so that the score is w x + b on the features as they are. */
#include "methods/linear_probe/logistic_internal.h"
#include "methods/shared/branches.h"

#include <math.h>
#include <stdlib.h>

static const Option options[] = {
    OPTION_REAL("C", 0.1, 1e-8, 1e8, "weight of the data against the penalty, as scikit-learn has it"),
    OPTION_END,
};

static unsigned needs(const Options *o)
{
    (void)o;
    return NEED_TRAIN_IMAGES;
}

/* mean and 1/sd of every feature; 1 where all images are equal. */
static void measure(const ImageFeatures *f, double *mean, double *inverse)
{
    for (size_t n = 0; n < f->count; n++)
        for (size_t i = 0; i < f->width; i++) mean[i] += (double)f->global[n * f->width + i] / (double)f->count;
    for (size_t n = 0; n < f->count; n++)
        for (size_t i = 0; i < f->width; i++) {
            const double d = (double)f->global[n * f->width + i] - mean[i];
            inverse[i] += d * d / (double)f->count;
        }
    for (size_t i = 0; i < f->width; i++) inverse[i] = inverse[i] > 0 ? 1 / sqrt(inverse[i]) : 1;
}

/* w (x - mean) / sd + b  =  (w / sd) x + (b - sum w mean / sd) */
static void fold(const Run *run, const double *mean, const double *inverse, float *weight, float *bias)
{
    for (size_t c = 0; c < run->classes; c++) {
        double b = (double)bias[c];
        for (size_t i = 0; i < run->width; i++) {
            const double w = (double)weight[c * run->width + i] * inverse[i];
            b -= w * mean[i];
            weight[c * run->width + i] = (float)w;
        }
        bias[c] = (float)b;
    }
}

static bool fit_standardised(Run *run, float *x, double *mean, double *inverse, Error *err)
{
    const ImageFeatures *f = run->images.features;
    Parameter *weight = run_learn(run, "weight", shape(run->classes, f->width), err);
    Parameter *bias = weight ? run_learn(run, "bias", shape(run->classes), err) : NULL;
    if (!bias) return false;
    measure(f, mean, inverse);
    for (size_t n = 0; n < f->count; n++)
        for (size_t i = 0; i < f->width; i++)
            x[n * f->width + i] = (float)(((double)f->global[n * f->width + i] - mean[i]) * inverse[i]);
    const LogisticProblem problem = {.count = f->count,
                                     .width = f->width,
                                     .classes = run->classes,
                                     .x = x,
                                     .labels = run->images.labels,
                                     .cost = option_real(run->options, "C")};
    size_t skipped = 0;
    if (!logistic_fit(&problem, weight->value, bias->value, &skipped, err)) return false;
    if (skipped)
        progress_note(run->progress,
                      "%zu classes have no positive or no negative training image; the linear probe scores them 0",
                      skipped);
    fold(run, mean, inverse, weight->value, bias->value);
    return true;
}

static bool train(Run *run, Error *err)
{
    const ImageFeatures *f = run->images.features;
    if (f->count == 0) return fail(err, "the linear probe needs labelled training images, and there are none");
    float *x;
    if (!big_alloc(&x, f->count * f->width, sizeof *x, "standardised features", err)) return false;
    double *mean = xcalloc(f->width, sizeof *mean), *inverse = xcalloc(f->width, sizeof *inverse);
    const bool good = fit_standardised(run, x, mean, inverse, err);
    free(x);
    free(mean);
    free(inverse);
    return good;
}

static bool score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    const Parameter *weight = run_learned(run, "weight"), *bias = run_learned(run, "bias");
    if (test->width != weight->shape.dim[1])
        return fail(err, "the test features have %zu values, the probe was trained on %zu", test->width,
                    weight->shape.dim[1]);
    if (!scores_init(scores, test->count, run->classes, false, err)) return false;
    score_global(test, weight->value, run->classes, 1, scores->combined);
    for (size_t i = 0; i < test->count * run->classes; i++) scores->combined[i] += bias->value[i % run->classes];
    return true;
}

/* A logistic regression a class: a hundred or so passes over the images, there and back. */
static void cost(const Workload *work, Cost *cost)
{
    const double weights = work->classes * (double)work->clip->config.embed;
    cost->train_flop = 100 * 2 * 2 * work->labelled * weights;
    cost->learned = weights;
}

extern const Method method_linear_probe;
const Method method_linear_probe = {
    .name = "linear_probe",
    .summary = "logistic regression on labelled images' features: what the frozen features hold",
    .options = options,
    .version = 1,
    .settings = LABELLED,
    .position = POOL_POSITION_GLOBAL,
    .needs = needs,
    .train = train,
    .score = score,
    .cost = cost,
};
