/* Two products and a softmax over positions, the same kernel as the local score (aggregate.c), which gives its weights
 * along with its sum. */
#include "methods/shared/heat_map.h"

#include "harness/graph/onednn.h"
#include "methods/shared/aggregate.h"

#include <math.h>
#include <string.h>

void heat_map_similarity(const float *positions, size_t count, size_t width, const float *class_features,
                         size_t classes, float *maps)
{
    onednn_sgemm(false, true, classes, count, width, 1, class_features, width, positions, width, 0, maps, count);
}

void heat_map(const float *positions, size_t count, size_t width, const float *class_features, size_t classes,
              float tau, float *weights, float *scratch)
{
    float *m = scratch, *z = scratch + count * classes;
    onednn_sgemm(false, true, count, classes, width, 1, positions, width, class_features, width, 0, m, classes);
    aggregate_rows(m, count, classes, tau, z, weights, z + classes);
}

void heat_map_pool(const float *positions, size_t count, size_t width, const float *weights, size_t classes, size_t c,
                   float *u)
{
    memset(u, 0, width * sizeof *u);
    for (size_t j = 0; j < count; j++)
        for (size_t i = 0; i < width; i++) u[i] += weights[j * classes + c] * positions[j * width + i];
    double square = 0;
    for (size_t i = 0; i < width; i++) square += (double)u[i] * (double)u[i];
    const float inverse = square > 0 ? (float)(1 / sqrt(square)) : 0;
    for (size_t i = 0; i < width; i++) u[i] *= inverse;
}
