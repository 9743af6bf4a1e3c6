/* Sorting happens once: a class is cut into segments, negatives first and then the positives of one score, between
 * which precision does not move. Sixteen resamples go through a ranking side by side, their weights of an image in one
 * cache line. Draws are made in one order before threads score them. */
#include "harness/results/bootstrap.h"

#include "harness/base/memory.h"
#include "harness/graph/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    LANES = 16, /* resamples that go through a ranking together: one cache line of weights an image */
    BLOCKS = 16 /* such groups whose weights are in memory at a time */
};

typedef struct Entry {
    double score;
    uint32_t image;
    bool positive;
} Entry;

/* Highest score first; of equal scores negatives first, so that segments come out as they are wanted. */
static int by_score(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    if (x->positive != y->positive) return x->positive - y->positive;
    return (x->image > y->image) - (x->image < y->image);
}

/* entries [count], sorted. Negatives of one segment may have different scores: nothing is measured between them. */
static void cut_into_segments(RankedClass *c, const Entry *entries, size_t count)
{
    size_t positives = 0, places = 0;
    for (size_t i = 0; i < count; i++) positives += entries[i].positive;
    c->order = xmalloc((count ? count : 1) * sizeof *c->order);
    c->cuts = xmalloc(2 * (positives ? positives : 1) * sizeof *c->cuts);
    for (size_t i = 0; i < count; i++) {
        c->order[places++] = entries[i].image;
        if (!entries[i].positive) continue;
        if (i == 0 || !entries[i - 1].positive || entries[i - 1].score != entries[i].score)
            c->cuts[2 * c->segments++] = (uint32_t)(places - 1);
        c->cuts[2 * c->segments - 1] = (uint32_t)places;
    }
}

bool ranking_make(Ranking *r, const double *scores, const int8_t *labels, size_t images, size_t classes,
                  DifficultRule rule, Error *err)
{
    *r = (Ranking){.images = images, .classes = classes};
    if (images > UINT32_MAX) return fail(err, "%zu images are more than can be resampled", images);
    for (size_t i = 0; i < images * classes; i++)
        if (isnan(scores[i]))
            return fail(err, "the score of image %zu, class %zu is not a number; nothing can be ranked by it",
                        i / classes, i % classes);
    Entry *entries = xmalloc((images ? images : 1) * sizeof *entries);
    r->ranked = xcalloc(classes ? classes : 1, sizeof *r->ranked);
    for (size_t c = 0; c < classes; c++) {
        size_t kept = 0;
        for (size_t i = 0; i < images; i++) {
            const int label = label_under(rule, labels[i * classes + c]);
            if (label) entries[kept++] = (Entry){scores[i * classes + c], (uint32_t)i, label > 0};
        }
        qsort(entries, kept, sizeof *entries, by_score);
        cut_into_segments(&r->ranked[c], entries, kept);
    }
    free(entries);
    return true;
}

void ranking_free(Ranking *r)
{
    for (size_t c = 0; r->ranked && c < r->classes; c++) free(r->ranked[c].order), free(r->ranked[c].cuts);
    free(r->ranked);
    *r = (Ranking){0};
}

/* weight [images, LANES]: how often each resample took the image. Sums as average_precision() does:
 *     sum over segments of (positives gained) x (positives so far) / (images so far) / positives x 100 */
static void weighted_ap(const RankedClass *c, const uint32_t *weight, double *restrict ap)
{
    uint32_t seen[LANES] = {0}, found[LANES] = {0};
    double sum[LANES] = {0};
    for (size_t s = 0, k = 0; s < c->segments; s++) {
        uint32_t gained[LANES] = {0};
        for (; k < c->cuts[2 * s]; k++) {
            const uint32_t *w = weight + (size_t)c->order[k] * LANES;
            for (size_t l = 0; l < LANES; l++) seen[l] += w[l];
        }
        for (; k < c->cuts[2 * s + 1]; k++) {
            const uint32_t *w = weight + (size_t)c->order[k] * LANES;
            for (size_t l = 0; l < LANES; l++) gained[l] += w[l];
        }
        for (size_t l = 0; l < LANES; l++) {
            found[l] += gained[l], seen[l] += gained[l];
            sum[l] += (double)gained[l] * (double)found[l] / (seen[l] ? (double)seen[l] : 1);
        }
    }
    for (size_t l = 0; l < LANES; l++) ap[l] = found[l] ? 100 * sum[l] / (double)found[l] : NAN;
}

void ranking_ap(const Ranking *r, double *ap)
{
    uint32_t *ones = xmalloc((r->images ? r->images : 1) * LANES * sizeof *ones);
    for (size_t i = 0; i < r->images * LANES; i++) ones[i] = 1;
    for (size_t c = 0; c < r->classes; c++) {
        double lanes[LANES];
        weighted_ap(&r->ranked[c], ones, lanes);
        ap[c] = lanes[0];
    }
    free(ones);
}

/* Weights of `lanes` resamples from the one numbered `first`; unused lanes stay 0. */
static void weigh(const Resampling *how, Random *random, size_t first, size_t lanes, uint32_t *weight)
{
    memset(weight, 0, how->images * LANES * sizeof *weight);
    for (size_t l = 0; l < lanes; l++) {
        const int32_t *row = how->given ? how->given + (first + l) * how->images : NULL;
        for (size_t i = 0; i < how->images; i++)
            weight[(row ? (size_t)row[i] : random_below(random, how->images)) * LANES + l]++;
    }
}

void resampling_indices(const Resampling *how, int32_t *indices)
{
    Random random;
    random_seed(&random, how->seed);
    for (size_t i = 0; i < how->count * how->images; i++) indices[i] = (int32_t)random_below(&random, how->images);
}

/* The resamples `first` ... of one group, for every set and class. */
static void score_group(const Ranking *sets, size_t count, const Resampling *how, size_t first, size_t lanes,
                        const uint32_t *weight, double *ap)
{
    const size_t classes = sets[0].classes;
    for (size_t set = 0; set < count; set++)
        for (size_t c = 0; c < classes; c++) {
            double values[LANES];
            weighted_ap(&sets[set].ranked[c], weight, values);
            for (size_t l = 0; l < lanes; l++) ap[(set * how->count + first + l) * classes + c] = values[l];
        }
}

bool bootstrap_ap(const Ranking *sets, size_t count, const Resampling *how, Progress *progress, double **ap, Error *err)
{
    const size_t classes = sets[0].classes, group = how->images * LANES;
    uint32_t *weights = NULL;
    *ap = NULL;
    if (how->images == 0 || how->images > INT32_MAX) return fail(err, "%zu images cannot be resampled", how->images);
    if (!big_alloc(ap, count * how->count, classes * sizeof **ap, "average precisions of the resamples", err) ||
        !big_alloc(&weights, group, BLOCKS * sizeof *weights, "weights of the resamples", err)) {
        free(*ap);
        return false;
    }
    Random random;
    random_seed(&random, how->seed);
    progress_begin(progress, "resample the test images", how->count, "resamples");
    for (size_t start = 0; start < how->count; start += LANES * BLOCKS) {
        size_t lanes[BLOCKS] = {0};
        for (size_t b = 0; b < BLOCKS && start + b * LANES < how->count; b++) { /* draws have one order */
            const size_t left = how->count - start - b * LANES;
            lanes[b] = left < LANES ? left : LANES;
            weigh(how, &random, start + b * LANES, lanes[b], weights + b * group);
        }
#pragma omp parallel for schedule(dynamic)
        for (size_t b = 0; b < BLOCKS; b++)
            if (lanes[b]) score_group(sets, count, how, start + b * LANES, lanes[b], weights + b * group, *ap);
        progress_step(progress, start + LANES * BLOCKS < how->count ? start + LANES * BLOCKS : how->count);
    }
    progress_end(progress);
    free(weights);
    return true;
}

double mean_ap(const double *ap, size_t classes)
{
    double sum = 0;
    size_t scored = 0;
    for (size_t c = 0; c < classes; c++)
        if (!isnan(ap[c])) sum += ap[c], scored++;
    return scored ? sum / (double)scored : NAN;
}
