/* An entrant at a time goes through the bootstrap, always with the same resamples, and leaves one mAP a resample; pairs are
 * then differences of two such rows. */
#include "harness/results/grouping.h"

#include "harness/base/memory.h"
#include "harness/results/letters.h"
#include "harness/results/significance.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double images_for_one_map(double error, size_t images)
{
    const double reach = (1.959963984540054 + 0.8416212335729143) * error;
    return reach * reach * (double)images;
}

double normal_p(double difference, double error)
{
    if (error > 0) return erfc(fabs(difference) / error / sqrt(2));
    return fabs(difference) > 0 ? 0 : 1;
}

/* maps [resamples]: mean over seeds of the mAP on each resample, NaN where no class has a positive. */
static bool resample(const Entrant *e, size_t resamples, double *maps, Error *err)
{
    const Resampling how = {.count = resamples, .images = e->sheet.images, .seed = GROUPING_SEED};
    const size_t classes = e->sheet.classes;
    double *ap;
    if (!bootstrap_ap(e->rankings, e->seeds, &how, NULL, &ap, err)) return false;
    for (size_t r = 0; r < resamples; r++) {
        maps[r] = 0;
        for (size_t s = 0; s < e->seeds; s++) maps[r] += mean_ap(ap + (s * resamples + r) * classes, classes);
        maps[r] /= (double)e->seeds;
    }
    free(ap);
    return true;
}

/* Standard deviation of the differences a - b; NaN ones are left out. */
static double error_of(const double *a, const double *b, size_t resamples)
{
    double *values = xmalloc(resamples * sizeof *values);
    size_t used = 0;
    for (size_t r = 0; r < resamples; r++)
        if (!isnan(a[r]) && !isnan(b[r])) values[used++] = a[r] - b[r];
    const double error = used > 1 ? spread_of(values, used).std : NAN;
    free(values);
    return error;
}

static int upwards(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    if (!count) return NAN;
    qsort(values, count, sizeof *values, upwards);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

void grouping_of(Grouping *g, const double *means, const bool *apart, size_t count)
{
    *g = (Grouping){.count = count, .error = NAN};
    g->letters = xcalloc(count + 1, sizeof *g->letters);
    g->top = xcalloc(count + 1, sizeof *g->top);
    letters_make(means, apart, count, g->letters);
    size_t best = 0;
    for (size_t e = 1; e < count; e++)
        if (means[e] > means[best]) best = e;
    for (size_t e = 0; e < count; e++) g->top[e] = strpbrk(g->letters[e], g->letters[best]) != NULL;
}

/* maps [count, resamples]. False when a pair has no resample that both can be judged by. */
static bool judge_pairs(Grouping *g, const double *means, const double *maps, size_t count, size_t resamples)
{
    const size_t pairs = count * (count - 1) / 2;
    double *p = xcalloc(pairs + 1, sizeof *p), *corrected = xcalloc(pairs + 1, sizeof *corrected),
           *errors = xcalloc(pairs + 1, sizeof *errors);
    bool *apart = xcalloc(count * count + 1, sizeof *apart), good = true;
    for (size_t a = 0, i = 0; a < count; a++)
        for (size_t b = a + 1; b < count; b++, i++) {
            errors[i] = error_of(maps + a * resamples, maps + b * resamples, resamples);
            p[i] = normal_p(means[a] - means[b], errors[i]);
            good = good && !isnan(errors[i]);
        }
    holm(p, pairs, corrected);
    for (size_t a = 0, i = 0; a < count; a++)
        for (size_t b = a + 1; b < count; b++, i++) apart[a * count + b] = apart[b * count + a] = corrected[i] < 0.05;
    if (good) {
        grouping_of(g, means, apart, count);
        g->error = median(errors, pairs);
    }
    free(p), free(corrected), free(errors), free(apart);
    return good;
}

bool grouping_make(Grouping *g, const Entrant *entrants, size_t count, size_t resamples, Progress *progress, Error *err)
{
    *g = (Grouping){0};
    double *maps, *means = xcalloc(count + 1, sizeof *means);
    bool good = big_alloc(&maps, count * resamples + 1, sizeof *maps, "mAPs of the resamples", err);
    progress_begin(progress, "resample the test images to group rows", count, "rows");
    for (size_t e = 0; good && e < count; e++) {
        means[e] = entrants[e].spread.mean;
        good = resample(&entrants[e], resamples, maps + e * resamples, err);
        progress_step(progress, e + 1);
    }
    progress_end(progress);
    if (good && !judge_pairs(g, means, maps, count, resamples))
        good =
            fail(err, "%s: no class has a positive label in most resamples; nothing can be compared", entrants[0].name);
    if (good) g->images = entrants[0].sheet.images, g->resamples = resamples;
    free(maps), free(means);
    return good;
}

bool grouping_of_results(Grouping *g, const StoredResult **const *results, const size_t *seeds, size_t count,
                         Progress *progress, Error *err)
{
    Entrant *entrants = xcalloc(count + 1, sizeof *entrants);
    size_t opened = 0;
    bool good = true;
    *g = (Grouping){0};
    while (good && opened < count) {
        good = entrant_of_results(&entrants[opened], results[opened], seeds[opened], err);
        if (good && opened++) good = entrants_agree(&entrants[0], &entrants[opened - 1], err);
    }
    good = good && grouping_make(g, entrants, count, GROUPING_RESAMPLES, progress, err);
    for (size_t i = 0; i < opened; i++) entrant_free(&entrants[i]);
    free(entrants);
    return good;
}

void grouping_free(Grouping *g)
{
    for (size_t i = 0; i < g->count; i++) free(g->letters[i]);
    free(g->letters), free(g->top);
    *g = (Grouping){0};
}
