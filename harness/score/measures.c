/* Calls what measures, and takes back what ranks cannot say. */
#include "harness/score/measures.h"

#include "harness/base/memory.h"

#include <math.h>
#include <stdlib.h>

static void forget_rates(Measures *m)
{
    const Rates none = {NAN, NAN, NAN, NAN, NAN, NAN};
    m->metrics.above = m->metrics.top3 = m->metrics.top5 = none;
    m->metrics.threshold = NAN;
    m->calibration.pooled = m->calibration.classwise = (CalibrationErrors){NAN, NAN, NAN, NAN, NAN};
}

bool measures_compute(Measures *m, const double *scores, const int8_t *labels, size_t images, size_t classes,
                      const MeasureOptions *o, Error *err)
{
    *m = (Measures){.harmonic = NAN};
    const double threshold = o->best ? best_threshold(scores, labels, images, classes, o->rule) : o->threshold;
    if (!metrics_compute(&m->metrics, scores, labels, images, classes, o->rule, threshold, err)) return false;
    const size_t count = o->subsets ? o->subsets->count : 0;
    m->subsets = xcalloc(count + 1, sizeof *m->subsets);
    for (size_t i = 0; i < count; i++) m->subsets[i] = subset_map(&o->subsets->items[i], m->metrics.ap, classes);
    if (count) m->harmonic = subsets_harmonic(o->subsets, m->metrics.ap);
    if (o->ranks) forget_rates(m);
    const bool good =
        (o->ranks || calibration_compute(&m->calibration, scores, labels, images, classes, o->rule, o->bins, err)) &&
        label_groups_compute(m->groups, scores, labels, images, classes, o->rule, err);
    if (!good) measures_free(m);
    return good;
}

void measures_free(Measures *m)
{
    metrics_free(&m->metrics);
    calibration_free(&m->calibration);
    free(m->subsets);
    *m = (Measures){0};
}
