/* Rows are brought to unit length once and their mean kept: mean cosines between two sets are then the product of two
 * means, in time linear in the rows instead of quadratic. */
#include "reports/modality_gap.h"

#include "harness/base/memory.h"

#include <math.h>
#include <stdlib.h>

void feature_set_measure(FeatureSet *s)
{
    s->mean = xcalloc(s->width, sizeof *s->mean);
    for (size_t i = 0; i < s->count; i++) {
        float *row = s->rows + i * s->width;
        double square = 0;
        for (size_t d = 0; d < s->width; d++) square += (double)row[d] * (double)row[d];
        const double scale = square > 0 ? 1 / sqrt(square) : 0;
        for (size_t d = 0; d < s->width; d++) {
            row[d] = (float)((double)row[d] * scale);
            s->mean[d] += (double)row[d] / (double)s->count;
        }
    }
}

void feature_set_free(FeatureSet *s)
{
    free(s->rows), free(s->mean);
    *s = (FeatureSet){0};
}

static double product(const FeatureSet *a, const FeatureSet *b)
{
    double sum = 0;
    for (size_t d = 0; d < a->width; d++) sum += a->mean[d] * b->mean[d];
    return sum;
}

double gap_distance(const FeatureSet *a, const FeatureSet *b)
{
    double sum = 0;
    for (size_t d = 0; d < a->width; d++) sum += (a->mean[d] - b->mean[d]) * (a->mean[d] - b->mean[d]);
    return sqrt(sum);
}

double gap_cosine_of_means(const FeatureSet *a, const FeatureSet *b)
{
    return product(a, b) / sqrt(product(a, a) * product(b, b));
}

double gap_mean_cosine(const FeatureSet *a, const FeatureSet *b)
{
    if (a != b) return product(a, b);
    const double n = (double)a->count; /* the n pairs of a row with itself have cosine 1 */
    return (n * product(a, a) - 1) / (n - 1);
}
