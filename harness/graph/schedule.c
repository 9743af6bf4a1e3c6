/* Learning rates as closed formulas of the epoch or step: no state, so that a training that goes on from a file has
 * the rate that it would have had. */
#include "harness/graph/optimiser.h"

#include <math.h>

static double cosine(double lr, double unit, double total)
{
    return 0.5 * lr * (1 + cos(3.14159265358979323846 * unit / total));
}

double schedule_lr(const Schedule *s, double unit)
{
    switch (s->kind) {
    case SCHEDULE_CONSTANT:
        return s->lr;
    case SCHEDULE_COSINE:
        return cosine(s->lr, unit, s->total);
    case SCHEDULE_WARMUP_COSINE:
        if (unit < s->warmup) return s->linear_warmup ? s->lr * (unit + 1) / s->warmup : s->warmup_lr;
        return cosine(s->lr, unit - s->warmup, s->linear_warmup ? s->total - s->warmup : s->total);
    }
    die("a schedule of unknown kind %d", (int)s->kind);
}
