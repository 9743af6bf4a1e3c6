/* Means first, then squares of what is left: one pass would lose digits where the mean is large. */
#include "methods/shared/standardise.h"

#include "harness/base/memory.h"

#include <math.h>
#include <stdlib.h>

Moments moments_of(const float *z, size_t count)
{
    double mean = 0, square = 0;
    for (size_t c = 0; c < count; c++) mean += (double)z[c] / (double)count;
    for (size_t c = 0; c < count; c++) square += ((double)z[c] - mean) * ((double)z[c] - mean);
    return (Moments){mean, square > 0 ? 1 / sqrt(square / (double)(count - 1)) : 0};
}

void standardise(float *z, size_t count, Moments m)
{
    for (size_t c = 0; c < count; c++) z[c] = (float)(((double)z[c] - m.mean) * m.inverse);
}

void standardise_columns(float *x, size_t rows, size_t columns)
{
    double *mean = xcalloc(columns, sizeof *mean), *square = xcalloc(columns, sizeof *square);
    for (size_t n = 0; n < rows; n++)
        for (size_t c = 0; c < columns; c++) mean[c] += (double)x[n * columns + c];
    for (size_t c = 0; c < columns; c++) mean[c] /= (double)rows;
    for (size_t n = 0; n < rows; n++)
        for (size_t c = 0; c < columns; c++) {
            const double d = (double)x[n * columns + c] - mean[c];
            square[c] += d * d;
        }
    for (size_t c = 0; c < columns; c++) square[c] = square[c] > 0 ? 1 / sqrt(square[c] / (double)(rows - 1)) : 0;
    for (size_t n = 0; n < rows; n++)
        for (size_t c = 0; c < columns; c++)
            x[n * columns + c] = (float)(((double)x[n * columns + c] - mean[c]) * square[c]);
    free(mean);
    free(square);
}
