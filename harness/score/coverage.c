/* Distances are never stored: each row's own neighbours are found by keeping its k least distances, and then one pass over
 * all pairs of real and generated counts. Sums of squares of differences in doubles, so that no order of rows matters. */
#include "harness/score/coverage.h"

#include "harness/base/memory.h"

#include <math.h>
#include <stdlib.h>

void coverage_unit_rows(float *rows, size_t count, size_t width)
{
    for (size_t i = 0; i < count; i++) {
        float *row = rows + i * width;
        double square = 0;
        for (size_t d = 0; d < width; d++) square += (double)row[d] * (double)row[d];
        const double scale = square > 0 ? 1 / sqrt(square) : 0;
        for (size_t d = 0; d < width; d++) row[d] = (float)((double)row[d] * scale);
    }
}

static double squared_distance(const float *a, const float *b, size_t width)
{
    double sum = 0;
    for (size_t i = 0; i < width; i++) {
        const double d = (double)a[i] - (double)b[i];
        sum += d * d;
    }
    return sum;
}

/* The squared distance to the k-th nearest other row. `least` is room for [k]. */
static double reach_of(const float *rows, size_t count, size_t width, size_t row, size_t k, double *least)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == row) continue;
        const double d = squared_distance(rows + row * width, rows + i * width, width);
        if (kept == k && d >= least[k - 1]) continue;
        size_t at = kept < k ? kept++ : k - 1;
        for (; at && least[at - 1] > d; at--) least[at] = least[at - 1];
        least[at] = d;
    }
    return least[k - 1];
}

/* reach [count] of every row; NULL when memory is short. Caller frees. */
static double *reaches(const float *rows, size_t count, size_t width, size_t k, Error *err)
{
    double *reach;
    if (!big_alloc(&reach, count, sizeof *reach, "distances", err)) return NULL;
#pragma omp parallel
    {
        double *least = xmalloc(k * sizeof *least);
#pragma omp for schedule(dynamic, 16)
        for (size_t i = 0; i < count; i++) reach[i] = reach_of(rows, count, width, i, k, least);
        free(least);
    }
    return reach;
}

typedef struct Held { /* of all pairs */
    size_t balls;     /* (real ball, generated row in it) */
    size_t covered;   /* real balls with a generated row in them */
    size_t recalled;  /* real rows in any generated ball */
} Held;

/* inside [generateds] is set for the generated rows that lie in any real ball. */
static Held count_pairs(const float *real, size_t reals, const double *real_reach, const float *generated,
                        size_t generateds, const double *generated_reach, size_t width, char *inside)
{
    size_t balls = 0, covered = 0, recalled = 0;
#pragma omp parallel for schedule(dynamic, 16) reduction(+ : balls, covered, recalled)
    for (size_t i = 0; i < reals; i++) {
        size_t held = 0;
        bool found = false;
        for (size_t k = 0; k < generateds; k++) {
            const double d = squared_distance(real + i * width, generated + k * width, width);
            found = found || d < generated_reach[k];
            if (d >= real_reach[i]) continue;
            held++;
#pragma omp atomic write
            inside[k] = 1;
        }
        balls += held, covered += held > 0, recalled += found;
    }
    return (Held){balls, covered, recalled};
}

bool coverage_compute(Coverage *c, const float *real, size_t reals, const float *generated, size_t generateds,
                      size_t width, size_t nearest, Error *err)
{
    if (reals <= nearest || generateds <= nearest)
        return fail(err, "%zu real and %zu generated pictures: the %zu nearest neighbours take more than %zu of each",
                    reals, generateds, nearest, nearest);
    double *real_reach = reaches(real, reals, width, nearest, err),
           *generated_reach = real_reach ? reaches(generated, generateds, width, nearest, err) : NULL;
    if (generated_reach) {
        char *inside = xcalloc(generateds, 1);
        const Held held = count_pairs(real, reals, real_reach, generated, generateds, generated_reach, width, inside);
        size_t precise = 0;
        for (size_t k = 0; k < generateds; k++) precise += inside[k] != 0;
        *c = (Coverage){.density = (double)held.balls / (double)(nearest * generateds),
                        .coverage = (double)held.covered / (double)reals,
                        .precision = (double)precise / (double)generateds,
                        .recall = (double)held.recalled / (double)reals};
        free(inside);
    }
    const bool good = generated_reach != NULL;
    free(real_reach), free(generated_reach);
    return good;
}
