/* All rankings of all entrants and seeds go into one bootstrap, so that a resample is the same for everybody; then
 * seeds are averaged, and pairs are differences of rows. Everything that is said of a difference is in
 * significance.c. */
#include "harness/results/comparison.h"

#include "harness/base/memory.h"
#include "harness/io/artifact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ap [seeds, resamples, classes] of an entrant becomes the mean over its seeds, in the first seed's place. */
static void average_seeds(double *ap, size_t seeds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (size_t s = 0; s < seeds; s++) sum += ap[s * count + i];
        ap[i] = sum / (double)seeds;
    }
}

static int largest_first(const void *a, const void *b)
{
    const ClassDifference *x = a, *y = b;
    if (x->diff != y->diff) return x->diff < y->diff ? 1 : -1;
    return (x->class > y->class) - (x->class < y->class);
}

/* a, b [resamples, classes]; `values` is room for [resamples]. */
static void compare_classes(const Comparison *c, Pair *pair, const double *a, const double *b, double *values)
{
    const Entrant *x = &c->entrants[pair->a], *y = &c->entrants[pair->b];
    const size_t classes = x->sheet.classes;
    pair->classes = xcalloc(classes, sizeof *pair->classes);
    for (size_t k = 0; k < classes; k++) {
        if (isnan(x->ap[k])) continue; /* no test image shows the class */
        for (size_t r = 0; r < c->options.resamples; r++) values[r] = a[r * classes + k] - b[r * classes + k];
        const Verdict v = verdict_of(values, c->options.resamples, c->options.level);
        const double diff = x->ap[k] - y->ap[k];
        pair->classes[pair->class_count++] = (ClassDifference){k, x->ap[k], y->ap[k], diff, v.low, v.high};
        pair->wins += diff > c->options.tie;
        pair->losses += diff < -c->options.tie;
    }
    pair->ties = pair->class_count - pair->wins - pair->losses;
    qsort(pair->classes, pair->class_count, sizeof *pair->classes, largest_first);
}

static void compare_seeds(const Entrant *a, const Entrant *b, Pair *pair)
{
    pair->paired = a->seeds == b->seeds && a->seeds > 1 && memcmp(a->seed, b->seed, a->seeds * sizeof *a->seed) == 0;
    if (!pair->paired) return;
    double *diff = xmalloc(a->seeds * sizeof *diff);
    for (size_t s = 0; s < a->seeds; s++) diff[s] = a->map[s] - b->map[s];
    pair->seed_diff = spread_of(diff, a->seeds);
    free(diff);
}

/* ap [resamples, classes] of both. */
static bool compare_pair(const Comparison *c, Pair *pair, const double *a, const double *b, Error *err)
{
    const Entrant *x = &c->entrants[pair->a], *y = &c->entrants[pair->b];
    const size_t classes = x->sheet.classes;
    double *values = xmalloc(c->options.resamples * sizeof *values);
    for (size_t r = 0; r < c->options.resamples; r++)
        values[r] = mean_ap(a + r * classes, classes) - mean_ap(b + r * classes, classes);
    const Verdict v = verdict_of(values, c->options.resamples, c->options.level);
    pair->diff = x->spread.mean - y->spread.mean;
    pair->low = v.low, pair->high = v.high, pair->p = v.p, pair->used = v.used;
    pair->error = v.error, pair->images_for_one = images_for_one_map(v.error, x->sheet.images);
    if (v.used) compare_classes(c, pair, a, b, values);
    compare_seeds(x, y, pair);
    free(values);
    return v.used || fail(err, "%s: no class has a positive label in any resample; nothing can be compared", x->name);
}

static void group_entrants(Comparison *c)
{
    const size_t count = c->entrant_count;
    double *means = xcalloc(count, sizeof *means);
    bool *apart = xcalloc(count * count, sizeof *apart);
    for (size_t e = 0; e < count; e++) means[e] = c->entrants[e].spread.mean;
    for (size_t i = 0; i < c->pair_count; i++) {
        const Pair *p = &c->pairs[i];
        apart[p->a * count + p->b] = apart[p->b * count + p->a] = 100 * p->p_holm < 100 - c->options.level;
    }
    grouping_of(&c->groups, means, apart, count);
    free(means), free(apart);
}

static bool compare_pairs(Comparison *c, double *const *ap, Error *err)
{
    bool good = true;
    c->pairs = xcalloc(c->entrant_count * (c->entrant_count - 1) / 2 + 1, sizeof *c->pairs);
    for (size_t a = 0; a < c->entrant_count; a++)
        for (size_t b = a + 1; b < c->entrant_count && good; b++) {
            Pair *pair = &c->pairs[c->pair_count++];
            pair->a = a, pair->b = b;
            good = compare_pair(c, pair, ap[a], ap[b], err);
        }
    double *p = xcalloc(c->pair_count + 1, sizeof *p), *corrected = xcalloc(c->pair_count + 1, sizeof *corrected);
    for (size_t i = 0; i < c->pair_count; i++) p[i] = c->pairs[i].p;
    holm(p, c->pair_count, corrected);
    for (size_t i = 0; i < c->pair_count; i++) c->pairs[i].p_holm = corrected[i];
    free(p), free(corrected);
    if (good) group_entrants(c);
    return good;
}

bool compare_entrants(Comparison *c, const Entrant *entrants, size_t count, const CompareOptions *options,
                      Progress *progress, Error *err)
{
    *c = (Comparison){.entrants = entrants, .entrant_count = count, .options = *options};
    size_t sets = 0;
    for (size_t i = 0; i < count; i++) sets += entrants[i].seeds;
    Ranking *rankings = xmalloc(sets * sizeof *rankings); /* borrowed from the entrants, laid end to end */
    double *all, **ap = xmalloc(count * sizeof *ap);
    size_t *first = xmalloc(count * sizeof *first);
    for (size_t i = 0, next = 0; i < count; i++) {
        first[i] = next;
        for (size_t s = 0; s < entrants[i].seeds; s++) rankings[next++] = entrants[i].rankings[s];
    }
    const size_t images = entrants[0].sheet.images, each = options->resamples * entrants[0].sheet.classes;
    const Resampling how = {options->resamples, images, options->seed, options->given};
    bool good = bootstrap_ap(rankings, sets, &how, progress, &all, err);
    for (size_t i = 0; i < count && good; i++) {
        ap[i] = all + first[i] * each;
        average_seeds(ap[i], entrants[i].seeds, each);
    }
    good = good && compare_pairs(c, ap, err);
    free(all), free(ap), free(first), free(rankings);
    if (!good) comparison_free(c);
    return good;
}

void comparison_free(Comparison *c)
{
    for (size_t i = 0; i < c->pair_count; i++) free(c->pairs[i].classes);
    free(c->pairs);
    grouping_free(&c->groups);
    *c = (Comparison){0};
}

bool resamples_read(const char *path, size_t images, int32_t **indices, size_t *count, Error *err)
{
    ArtifactReader *r = artifact_open(path, err);
    if (!r) return false;
    size_t dim[2] = {0, images};
    bool good = artifact_read_int32(r, "indices", 2, dim, indices, err);
    artifact_close(r);
    if (!good) return false;
    *count = dim[0];
    if (*count == 0) good = fail(err, "%s: indices holds no resample", path);
    for (size_t i = 0; i < *count * images && good; i++)
        if ((*indices)[i] < 0 || (size_t)(*indices)[i] >= images)
            good = fail(err, "%s: indices: resample %zu takes image %d; there are images 0 to %zu", path, i / images,
                        (*indices)[i], images - 1);
    if (!good) free(*indices), *indices = NULL;
    return good;
}

bool resamples_write(const char *path, const Resampling *how, Error *err)
{
    int32_t *indices;
    if (!big_alloc(&indices, how->count, how->images * sizeof *indices, "resamples", err)) return false;
    resampling_indices(how, indices);
    ArtifactWriter *w = artifact_create(path, NULL, err);
    if (w) {
        artifact_write_int32(w, "indices", 2, (size_t[]){how->count, how->images}, indices);
        artifact_attribute_integer(w, "seed", (int64_t)how->seed);
    }
    free(indices);
    return w && artifact_commit(w, err);
}
