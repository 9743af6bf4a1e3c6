/* Ensemble of two stored results' scores:  s = (1 - r) n(A) + r n(B),  n the min-max normalisation over all entries of a matrix
 * [images, classes]; r = `ratio`. Published (PVP's code, beside DualCoOp's scores as B): 0.9 with partial labels, 0.6 few-shot.
 * Nothing is drawn and nothing is trained. */
#include "methods/ensemble/ensemble.h"

#include "methods/shared/method.h"

static const Option options[] = {
    OPTION_REAL_AT_TEST("ratio", 0.9, 0, 1, "weight of the second member; the first has the rest"),
    OPTION_END,
};

static unsigned needs(const Options *o)
{
    (void)o;
    return 0;
}

static void range_of(const float *values, size_t count, double *low, double *high)
{
    *low = *high = count ? (double)values[0] : 0;
    for (size_t i = 1; i < count; i++) {
        const double value = (double)values[i];
        if (value < *low) *low = value;
        if (value > *high) *high = value;
    }
}

void ensemble_mix(const float *a, const float *b, size_t count, double ratio, float *out)
{
    double low_a, high_a, low_b, high_b;
    range_of(a, count, &low_a, &high_a);
    range_of(b, count, &low_b, &high_b);
    const double span_a = high_a > low_a ? high_a - low_a : 1, span_b = high_b > low_b ? high_b - low_b : 1;
    for (size_t i = 0; i < count; i++) {
        const double first = ((double)a[i] - low_a) / span_a, second = ((double)b[i] - low_b) / span_b;
        out[i] = (float)((1 - ratio) * first + ratio * second);
    }
}

static bool rescore(Run *run, const float *const *of, size_t images, float *scores, Error *err)
{
    (void)err; /* nothing can go wrong */
    ensemble_mix(of[0], of[1], images * run->classes, option_real(run->options, "ratio"), scores);
    return true;
}

const Method method_ensemble = {
    .name = "ensemble",
    .summary = "the scores of two experiments, each normalised to 0 ... 1, mixed",
    .options = options,
    .version = 1,
    .settings = ZERO_SHOT | LABELLED, /* its members' */
    .needs = needs,
    .members = 2,
    .rescore = rescore,
};
