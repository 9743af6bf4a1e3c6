/* A few vectors more than are asked for are iterated together, orthonormalised in every round, and turned to the axes
 * by the eigenvectors of the small matrix between them. It ends when the variances stand still three times; signs are
 * fixed at the end, as an axis has none. */
#include "reports/pca.h"

#include "harness/base/memory.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_MAX = PCA_PARTS_MAX + 4, ITERATIONS = 300, SWEEPS = 60 };

typedef struct Block { /* the centred rows and the vectors that are iterated */
    double *rows;      /* [count, width] */
    double *vectors;   /* [size, width] */
    double *images;    /* [size, width] C times them */
    size_t count, width, size;
} Block;

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* images = C vectors, one vector after the other: C v = sum over rows of (x . v) x / (n - 1) */
static void apply(Block *b)
{
    memset(b->images, 0, b->size * b->width * sizeof *b->images);
    for (size_t k = 0; k < b->size; k++) {
        double *image = b->images + k * b->width;
        for (size_t i = 0; i < b->count; i++) {
            const double *x = b->rows + i * b->width;
            const double weight = dot(x, b->vectors + k * b->width, b->width) / (double)(b->count - 1);
            for (size_t d = 0; d < b->width; d++) image[d] += weight * x[d];
        }
    }
}

/* A fixed sequence of Knuth's linear congruential generator (MMIX), in [-0.5, 0.5). */
static double next_value(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0 - 0.5;
}

/* Gram-Schmidt, twice for accuracy. A vector that vanishes (fewer directions than vectors) is replaced by a fresh one. */
static void orthonormalise(Block *b, uint64_t *state)
{
    for (size_t k = 0; k < b->size; k++) {
        double *v = b->vectors + k * b->width;
        for (int attempt = 0;; attempt++) {
            const double before = sqrt(dot(v, v, b->width));
            for (int pass = 0; pass < 2; pass++)
                for (size_t j = 0; j < k; j++) {
                    const double *u = b->vectors + j * b->width, along = dot(u, v, b->width);
                    for (size_t d = 0; d < b->width; d++) v[d] -= along * u[d];
                }
            const double length = sqrt(dot(v, v, b->width));
            if (length > 1e-12 * before && length > 1e-300) {
                for (size_t d = 0; d < b->width; d++) v[d] /= length;
                break;
            }
            if (attempt == 8) break; /* cannot be: size <= width */
            for (size_t d = 0; d < b->width; d++) v[d] = next_value(state);
        }
    }
}

/* Eigenvectors of the symmetric s [n, n] by cyclic Jacobi rotations: s becomes diagonal, q [n, n] holds them as columns. */
static void jacobi(double *s, double *q, size_t n)
{
    for (size_t i = 0; i < n * n; i++) q[i] = i % (n + 1) == 0;
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        double off = 0, diagonal = 0;
        for (size_t i = 0; i < n * n; i++) *(i % (n + 1) ? &off : &diagonal) += s[i] * s[i];
        if (off <= 1e-30 * diagonal) return;
        for (size_t a = 0; a < n; a++)
            for (size_t b = a + 1; b < n; b++) {
                if (fabs(s[a * n + b]) < 1e-300) continue;
                const double theta = (s[b * n + b] - s[a * n + a]) / (2 * s[a * n + b]);
                const double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1));
                const double cosine = 1 / sqrt(t * t + 1), sine = t * cosine;
                for (size_t i = 0; i < n; i++) { /* columns, of both */
                    const double x = s[i * n + a], y = s[i * n + b], u = q[i * n + a], v = q[i * n + b];
                    s[i * n + a] = cosine * x - sine * y, s[i * n + b] = sine * x + cosine * y;
                    q[i * n + a] = cosine * u - sine * v, q[i * n + b] = sine * u + cosine * v;
                }
                for (size_t i = 0; i < n; i++) { /* rows */
                    const double x = s[a * n + i], y = s[b * n + i];
                    s[a * n + i] = cosine * x - sine * y, s[b * n + i] = sine * x + cosine * y;
                }
            }
    }
}

/* Turns the vectors to the eigenvectors within their span; values [size], falling. */
static void rotate(Block *b, double *values)
{
    double s[BLOCK_MAX * BLOCK_MAX], q[BLOCK_MAX * BLOCK_MAX];
    const size_t n = b->size;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            s[i * n + j] = (dot(b->vectors + i * b->width, b->images + j * b->width, b->width) +
                            dot(b->vectors + j * b->width, b->images + i * b->width, b->width)) /
                           2;
    jacobi(s, q, n);
    double *turned = xcalloc(n * b->width, sizeof *turned);
    bool taken[BLOCK_MAX] = {false};
    for (size_t k = 0; k < n; k++) {
        size_t best = n;
        for (size_t i = 0; i < n; i++)
            if (!taken[i] && (best == n || s[i * n + i] > s[best * n + best])) best = i;
        taken[best] = true;
        values[k] = fmax(s[best * n + best], 0);
        for (size_t i = 0; i < n; i++)
            for (size_t d = 0; d < b->width; d++)
                turned[k * b->width + d] += q[i * n + best] * b->vectors[i * b->width + d];
    }
    memcpy(b->vectors, turned, n * b->width * sizeof *turned);
    free(turned);
}

static void iterate(Block *b, size_t parts, double *values)
{
    uint64_t state = 1;
    double before[BLOCK_MAX] = {0};
    for (size_t i = 0; i < b->size * b->width; i++) b->vectors[i] = next_value(&state);
    orthonormalise(b, &state);
    for (int i = 0, still = 0; i < ITERATIONS && still < 3; i++) {
        double moved = 0;
        apply(b);
        memcpy(b->vectors, b->images, b->size * b->width * sizeof *b->vectors);
        orthonormalise(b, &state);
        apply(b);
        rotate(b, values);
        for (size_t k = 0; k < parts; k++) moved = fmax(moved, fabs(values[k] - before[k]));
        still = moved <= 1e-14 * values[0] ? still + 1 : 0; /* a vector is as good as the root of its value */
        memcpy(before, values, sizeof before);
    }
}

/* The sign of an eigenvector is free; this one does not depend on the way it was found. */
static void fix_sign(double *v, size_t width)
{
    size_t largest = 0;
    for (size_t d = 1; d < width; d++)
        if (fabs(v[d]) > fabs(v[largest])) largest = d;
    for (size_t d = 0; v[largest] < 0 && d < width; d++) v[d] = -v[d];
}

void pca_fit(Pca *p, const float *rows, size_t count, size_t width, size_t parts)
{
    if (count < 2 || width < parts || parts > PCA_PARTS_MAX)
        die("pca: %zu parts of %zu rows of width %zu", parts, count, width);
    *p = (Pca){.width = width, .parts = parts, .mean = xcalloc(width, sizeof(double))};
    for (size_t i = 0; i < count * width; i++) p->mean[i % width] += (double)rows[i] / (double)count;
    Block b = {.count = count, .width = width, .size = parts + 4 < width ? parts + 4 : width};
    b.rows = xmalloc(count * width * sizeof *b.rows);
    b.vectors = xmalloc(b.size * width * sizeof *b.vectors);
    b.images = xmalloc(b.size * width * sizeof *b.images);
    for (size_t i = 0; i < count * width; i++) b.rows[i] = (double)rows[i] - p->mean[i % width];
    p->total = dot(b.rows, b.rows, count * width) / (double)(count - 1);
    double values[BLOCK_MAX] = {0};
    iterate(&b, parts, values);
    p->axes = xmalloc(parts * width * sizeof *p->axes);
    memcpy(p->axes, b.vectors, parts * width * sizeof *p->axes);
    memcpy(p->variance, values, parts * sizeof *values);
    for (size_t k = 0; k < parts; k++) fix_sign(p->axes + k * width, width);
    free(b.rows), free(b.vectors), free(b.images);
}

void pca_project(const Pca *p, const float *row, double *out)
{
    for (size_t k = 0; k < p->parts; k++) {
        out[k] = 0;
        for (size_t d = 0; d < p->width; d++) out[k] += ((double)row[d] - p->mean[d]) * p->axes[k * p->width + d];
    }
}

void pca_free(Pca *p)
{
    free(p->mean), free(p->axes);
    *p = (Pca){0};
}
