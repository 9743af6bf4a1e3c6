/* Samples are sorted by confidence once; bins of equal count are then pieces of the list, bins of equal width are found
 * sample by sample. Pool and classes go through the same function. */
#include "harness/score/calibration.h"

#include "harness/base/memory.h"

#include <math.h>
#include <stdlib.h>

typedef struct Sample {
    double p, y; /* y: 1 or 0, after tie_outcomes the mean of all of this p */
} Sample;

static int least_first(const void *a, const void *b)
{
    const double x = ((const Sample *)a)->p, y = ((const Sample *)b)->p;
    return (x > y) - (x < y);
}

static bool all_probabilities(const double *scores, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(scores[i] >= 0 && scores[i] <= 1)) return false;
    return true;
}

/* The entries that the rule counts, `stride` apart. Returns their number. */
static size_t collect(Sample *samples, const double *scores, const int8_t *labels, size_t count, size_t stride,
                      DifficultRule rule, bool sigmoid)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const int label = label_under(rule, labels[i * stride]);
        const double score = scores[i * stride];
        if (label) samples[kept++] = (Sample){sigmoid ? 1 / (1 + exp(-score)) : score, label > 0};
    }
    return kept;
}

static void tie_outcomes(Sample *samples, size_t count)
{
    for (size_t first = 0, end; first < count; first = end) {
        double sum = 0;
        for (end = first; end < count && samples[end].p == samples[first].p; end++) sum += samples[end].y;
        for (size_t i = first; i < end; i++) samples[i].y = sum / (double)(end - first);
    }
}

/* |acc - conf| of samples that follow one another. */
static double gap_of(const Sample *samples, size_t count)
{
    double p = 0, y = 0;
    for (size_t i = 0; i < count; i++) p += samples[i].p, y += samples[i].y;
    return count ? fabs(y - p) / (double)count : 0;
}

/* The boundaries are the doubles b / B, whatever p * B is rounded to. */
static bool in_bin(double p, size_t b, size_t bins)
{
    return b + 1 == bins || p < (double)(b + 1) / (double)bins;
}

/* Sorted samples, their bins of equal width and of equal count; `reliability` [bins] may be NULL. */
static CalibrationErrors errors_of(const Sample *samples, size_t count, size_t bins, ReliabilityBin *reliability)
{
    CalibrationErrors e = {0};
    const double n = (double)count;
    for (size_t b = 0, first = 0, end = 0, even = 0; b < bins; b++, first = end) {
        while (end < count && in_bin(samples[end].p, b, bins)) end++;
        const double gap = gap_of(samples + first, end - first), share = (double)(end - first) / n;
        e.ece += share * gap;
        e.mce = fmax(e.mce, gap);
        e.mce_weighted = fmax(e.mce_weighted, share * gap);

        const size_t size = count / bins + (b < count % bins);
        e.ace += (double)size / n * gap_of(samples + even, size);
        even += size;
        if (!reliability) continue;

        ReliabilityBin *r = &reliability[b];
        *r = (ReliabilityBin){(double)b / (double)bins, (double)(b + 1) / (double)bins, 0, 0, end - first};
        for (size_t i = first; i < end; i++) r->confidence += samples[i].p, r->positives += samples[i].y;
        r->confidence /= (double)r->count, r->positives /= (double)r->count; /* 0 / 0 of an empty one is NaN */
    }
    return e;
}

static CalibrationErrors measure(Sample *samples, size_t count, size_t bins, ReliabilityBin *reliability)
{
    double squares = 0;
    for (size_t i = 0; i < count; i++) squares += (samples[i].p - samples[i].y) * (samples[i].p - samples[i].y);
    qsort(samples, count, sizeof *samples, least_first);
    tie_outcomes(samples, count);
    CalibrationErrors e = errors_of(samples, count, bins, reliability);
    e.brier = squares / (double)count;
    return (CalibrationErrors){100 * e.ece, 100 * e.ace, 100 * e.mce, 100 * e.mce_weighted, 100 * e.brier};
}

static void add_errors(CalibrationErrors *sum, const CalibrationErrors *e)
{
    sum->ece += e->ece, sum->ace += e->ace, sum->mce += e->mce, sum->mce_weighted += e->mce_weighted,
        sum->brier += e->brier;
}

bool calibration_compute(Calibration *c, const double *scores, const int8_t *labels, size_t images, size_t classes,
                         DifficultRule rule, size_t bins, Error *err)
{
    *c = (Calibration){.sigmoid = !all_probabilities(scores, images * classes), .bins = bins};
    Sample *samples;
    if (!big_alloc(&samples, images * classes + 1, sizeof *samples, "confidences", err)) return false;
    double scored = 0;
    for (size_t k = 0; k < classes; k++) {
        const size_t count = collect(samples, scores + k, labels + k, images, classes, rule, c->sigmoid);
        if (!count) continue;
        const CalibrationErrors e = measure(samples, count, bins, NULL);
        add_errors(&c->classwise, &e);
        scored++;
    }
    CalibrationErrors *mean = &c->classwise;
    mean->ece /= scored, mean->ace /= scored, mean->mce /= scored, mean->mce_weighted /= scored, mean->brier /= scored;
    c->reliability = xcalloc(bins, sizeof *c->reliability);
    const size_t count = collect(samples, scores, labels, images * classes, 1, rule, c->sigmoid);
    c->pooled = measure(samples, count, bins, c->reliability);
    free(samples);
    return true;
}

void calibration_free(Calibration *c)
{
    free(c->reliability);
    *c = (Calibration){0};
}
