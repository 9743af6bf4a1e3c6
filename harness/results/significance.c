/* Percentiles as numpy's default computes them; p counts one resample more than there were, so that it is never 0;
 * Holm's step-down takes the running maximum, as a larger p must not be corrected to a smaller one. */
#include "harness/results/significance.h"

#include "harness/base/memory.h"
#include "harness/score/metrics.h"

#include <math.h>
#include <stdlib.h>

static int upwards(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* values [count] sorted; share in [0, 1]. a + (b - a) t for the lower half of the way and b - (b - a) (1 - t) for the upper one, as
 * numpy computes it, so that both round alike. */
static double quantile(const double *values, size_t count, double share)
{
    const double place = share * (double)(count - 1);
    const size_t below = place >= (double)(count - 1) ? count - 1 : (size_t)place;
    const size_t above = below + 1 < count ? below + 1 : below;
    const double t = place - (double)below, step = values[above] - values[below];
    return t < 0.5 ? values[below] + step * t : values[above] - step * (1 - t);
}

Verdict verdict_of(const double *values, size_t count, double level)
{
    Verdict v = {.low = NAN, .high = NAN, .p = NAN, .error = NAN};
    double *sorted = xmalloc((count ? count : 1) * sizeof *sorted);
    size_t at_least = 0, at_most = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(values[i])) continue;
        sorted[v.used++] = values[i];
        at_least += values[i] >= 0;
        at_most += values[i] <= 0;
    }
    if (v.used) {
        qsort(sorted, v.used, sizeof *sorted, upwards);
        const double tail = (100 - level) / 2;
        v.low = quantile(sorted, v.used, tail / 100);
        v.high = quantile(sorted, v.used, (100 - tail) / 100);
        if (v.used > 1) v.error = spread_of(sorted, v.used).std;
        v.p = fmin(1, 2 * (1 + (double)(at_least < at_most ? at_least : at_most)) / (1 + (double)v.used));
    }
    free(sorted);
    return v;
}

typedef struct Numbered {
    double p;
    size_t place;
} Numbered;

static int smallest_first(const void *a, const void *b)
{
    const Numbered *x = a, *y = b;
    if (x->p != y->p) return x->p > y->p ? 1 : -1;
    return (x->place > y->place) - (x->place < y->place);
}

void holm(const double *p, size_t count, double *corrected)
{
    Numbered *sorted = xmalloc((count ? count : 1) * sizeof *sorted);
    for (size_t i = 0; i < count; i++) sorted[i] = (Numbered){p[i], i};
    qsort(sorted, count, sizeof *sorted, smallest_first);
    double highest = 0;
    for (size_t i = 0; i < count; i++) {
        highest = fmax(highest, fmin(1, (double)(count - i) * sorted[i].p));
        corrected[sorted[i].place] = highest;
    }
    free(sorted);
}
