/* Order statistics by sorting each image's few compound scores; fusing by the first principal axis of these and the
 * single score, found by squaring the covariance until it is a projector, which needs no start vector and no gap
 * between eigenvalues. Sums go over the images in order, so that the bits do not depend on threads. */
#include "methods/sparc/sparc_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const fusion_choices[] = {"pca", "max", "second", "third", "mean", NULL};

/* By insertion: rows are short. */
static void sort_ascending(float *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const float value = values[i];
        size_t j = i;
        for (; j > 0 && values[j - 1] > value; j--) values[j] = values[j - 1];
        values[j] = value;
    }
}

/* Covariance, up to its factor, of the columns of (order, single): [k + 1, k + 1]. */
static void covariance(const float *order, size_t images, size_t k, const float *single, size_t stride, double *out)
{
    const size_t size = k + 1;
    double *mean = xcalloc(size, sizeof *mean), *d = xcalloc(size, sizeof *d);
    for (size_t n = 0; n < images; n++)
        for (size_t i = 0; i < size; i++)
            mean[i] += (double)(i < k ? order[n * k + i] : single[n * stride]) / (double)images;
    for (size_t n = 0; n < images; n++) {
        for (size_t i = 0; i < size; i++) d[i] = (double)(i < k ? order[n * k + i] : single[n * stride]) - mean[i];
        for (size_t i = 0; i < size; i++) {
#pragma omp simd
            for (size_t j = 0; j < size; j++) out[i * size + j] += d[i] * d[j];
        }
    }
    free(mean);
    free(d);
}

/* b <- a a for a symmetric a; returns b's trace. */
static double multiply_itself(const double *a, size_t size, double *b)
{
    double trace = 0;
    memset(b, 0, size * size * sizeof *b);
    for (size_t i = 0; i < size; i++) {
        for (size_t m = 0; m < size; m++) {
            const double factor = a[i * size + m];
#pragma omp simd
            for (size_t j = 0; j < size; j++) b[i * size + j] += factor * a[m * size + j];
        }
        trace += b[i * size + i];
    }
    return trace;
}

/* The first principal axis of a covariance [size, size] (overwritten), absolute values summing to 1, mean positive; all equal
 * when nothing varies. A covariance with trace 1, squared and scaled to trace 1 again, tends to the projector on its first axis,
 * and quadratically: 2^SQUARINGS steps of the power iteration, which no gap between eigenvalues in doubles withstands. */
static void first_axis(double *a, size_t size, double *axis)
{
    enum { SQUARINGS = 60 };
    double *b = xcalloc(size * size, sizeof *b), trace = 0, sum = 0, absolute = 0;
    for (size_t i = 0; i < size; i++) trace += a[i * size + i];
    if (!(trace > 0)) {
        for (size_t i = 0; i < size; i++) axis[i] = 1 / (double)size;
        free(b);
        return;
    }
    for (size_t i = 0; i < size * size; i++) a[i] /= trace;
    for (size_t round = 0; round < SQUARINGS; round++) {
        trace = multiply_itself(a, size, b);
        for (size_t i = 0; i < size * size; i++) a[i] = b[i] / trace;
        if (trace >= 1 - 1e-15) break; /* the trace of a projector's square is that of the projector */
    }
    size_t longest = 0; /* the projector's column with the largest diagonal: the least rounded */
    for (size_t i = 0; i < size; i++) longest = a[i * size + i] > a[longest * size + longest] ? i : longest;
    for (size_t i = 0; i < size; i++) {
        axis[i] = a[i * size + longest];
        sum += axis[i];
        absolute += fabs(axis[i]);
    }
    for (size_t i = 0; i < size; i++) axis[i] /= sum < 0 ? -absolute : absolute;
    free(b);
}

static void fuse_by_axis(const float *order, size_t images, size_t k, const float *single, size_t stride, float *r)
{
    double *a = xcalloc((k + 1) * (k + 1), sizeof *a), *axis = xcalloc(k + 1, sizeof *axis);
    covariance(order, images, k, single, stride, a);
    first_axis(a, k + 1, axis);
    for (size_t n = 0; n < images; n++) {
        double sum = axis[k] * (double)single[n * stride];
        for (size_t i = 0; i < k; i++) sum += axis[i] * (double)order[n * k + i];
        r[n] = (float)sum;
    }
    free(a);
    free(axis);
}

void sparc_fuse(Fusion fusion, float *compound, size_t images, size_t k, const float *single, size_t stride, float *r)
{
#pragma omp parallel for schedule(static)
    for (size_t n = 0; n < images; n++) sort_ascending(compound + n * k, k);
    if (fusion == FUSE_PCA) {
        fuse_by_axis(compound, images, k, single, stride, r);
        return;
    }
    const size_t wanted = (size_t)(fusion - FUSE_MAX), place = k - 1 - (wanted < k ? wanted : k - 1);
    for (size_t n = 0; n < images; n++) {
        double sum = 0;
        for (size_t i = 0; i < k; i++) sum += (double)compound[n * k + i];
        r[n] = fusion == FUSE_MEAN ? (float)(sum / (double)k) : compound[n * k + place];
    }
}
