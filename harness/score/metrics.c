/* Average precision goes once down the sorted scores and adds at the end of each group of ties. The rates count, class
 * by class, hits, predictions and positives, for a threshold and for the three and five highest, which share what follows
 * from the counts. */
#include "harness/score/metrics.h"

#include "harness/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Ranked {
    double score;
    bool positive;
} Ranked;

static int highest_first(const void *a, const void *b)
{
    const double x = ((const Ranked *)a)->score, y = ((const Ranked *)b)->score;
    return (x < y) - (x > y);
}

/* The entries that the rule counts, highest score first. Caller frees. */
static Ranked *rank(const double *scores, const int8_t *labels, size_t count, size_t stride, DifficultRule rule,
                    size_t *kept)
{
    Ranked *ranked = xmalloc((count ? count : 1) * sizeof *ranked);
    *kept = 0;
    for (size_t i = 0; i < count; i++) {
        const int label = label_under(rule, labels[i * stride]);
        if (label) ranked[(*kept)++] = (Ranked){scores[i * stride], label > 0};
    }
    qsort(ranked, *kept, sizeof *ranked, highest_first);
    return ranked;
}

double average_precision(const double *scores, const int8_t *labels, size_t count, size_t stride, DifficultRule rule)
{
    size_t kept, positives = 0;
    Ranked *ranked = rank(scores, labels, count, stride, rule, &kept);
    for (size_t i = 0; i < kept; i++) positives += ranked[i].positive;

    double sum = 0;
    size_t found = 0, found_before = 0;
    for (size_t i = 0; i < kept; i++) {
        found += ranked[i].positive;
        if (i + 1 < kept && ranked[i + 1].score == ranked[i].score) continue; /* tied scores are one threshold */
        sum += (double)(found - found_before) * (double)found / (double)(i + 1);
        found_before = found;
    }
    free(ranked);
    return positives ? 100 * sum / (double)positives : NAN;
}

double best_threshold(const double *scores, const int8_t *labels, size_t images, size_t classes, DifficultRule rule)
{
    size_t kept, positives = 0, found = 0;
    Ranked *ranked = rank(scores, labels, images * classes, 1, rule, &kept);
    for (size_t i = 0; i < kept; i++) positives += ranked[i].positive;

    /* F1 = 2 TP / (predicted + positives); predicting the first i+1 means a threshold between their last score and the next. */
    double best = -1, threshold = kept ? ranked[0].score : 0;
    for (size_t i = 0; i < kept; i++) {
        found += ranked[i].positive;
        if (i + 1 < kept && ranked[i + 1].score == ranked[i].score) continue;
        const double f1 = 2 * (double)found / (double)(i + 1 + positives);
        if (f1 < best) continue; /* of equally good thresholds the lowest */
        best = f1;
        threshold = i + 1 < kept ? ranked[i + 1].score : nextafter(ranked[i].score, -INFINITY);
    }
    free(ranked);
    return threshold;
}

typedef struct Counts { /* of one class, or of all */
    double hit, predicted, positive;
} Counts;

static void count_one(Counts *c, int label, bool predicted)
{
    if (!label) return;
    c->positive += label > 0;
    c->predicted += predicted;
    c->hit += predicted && label > 0;
}

/* How many classes rank above this one, counted no further than `most`; of tied classes the first is the better one. */
static size_t classes_above(const double *row, size_t classes, size_t c, size_t most)
{
    size_t better = 0;
    for (size_t k = 0; k < classes && better < most; k++) better += row[k] > row[c] || (row[k] == row[c] && k < c);
    return better;
}

static double ratio(double part, double whole)
{
    return whole > 0 ? 100 * part / whole : 0;
}

double harmonic_mean(double a, double b)
{
    return a + b > 0 ? 2 * a * b / (a + b) : 0;
}

static Rates rates_of(const Counts *counts, size_t classes)
{
    Rates r = {0};
    Counts all = {0};
    double scored = 0;
    for (size_t c = 0; c < classes; c++) {
        all.hit += counts[c].hit, all.predicted += counts[c].predicted, all.positive += counts[c].positive;
        if (counts[c].positive == 0) continue;
        scored++;
        r.cp += ratio(counts[c].hit, counts[c].predicted);
        r.cr += ratio(counts[c].hit, counts[c].positive);
    }
    if (scored > 0) r.cp /= scored, r.cr /= scored;
    r.cf1 = harmonic_mean(r.cp, r.cr);
    r.op = ratio(all.hit, all.predicted);
    r.or_ = ratio(all.hit, all.positive);
    r.of1 = harmonic_mean(r.op, r.or_);
    return r;
}

static bool check_scores(const double *scores, size_t images, size_t classes, Error *err)
{
    for (size_t i = 0; i < images * classes; i++)
        if (isnan(scores[i]))
            return fail(err, "the score of image %zu, class %zu is not a number; nothing can be ranked by it",
                        i / classes, i % classes);
    return true;
}

bool has_positive(const int8_t *labels, size_t count)
{
    while (count && labels[count - 1] <= 0) count--;
    return count > 0;
}

bool metrics_compute(Metrics *m, const double *scores, const int8_t *labels, size_t images, size_t classes,
                     DifficultRule rule, double threshold, Error *err)
{
    *m = (Metrics){.images = images, .classes = classes, .threshold = threshold};
    if (!check_scores(scores, images, classes, err)) return false;
    if (!has_positive(labels, images * classes))
        return fail(err, "no class has a positive label among the %zu images; nothing can be measured by such labels",
                    images);

    m->ap = xmalloc((classes ? classes : 1) * sizeof *m->ap);
    for (size_t c = 0; c < classes; c++) {
        m->ap[c] = average_precision(scores + c, labels + c, images, classes, rule);
        if (isnan(m->ap[c])) continue;
        m->map += m->ap[c];
        m->classes_scored++;
    }
    m->map /= (double)m->classes_scored;

    enum { RULES = 3 };
    Counts *counts = xcalloc(classes ? RULES * classes : 1, sizeof *counts);
    for (size_t i = 0; i < images; i++) {
        const double *row = scores + i * classes;
        for (size_t c = 0; c < classes; c++) {
            const int label = label_under(rule, labels[i * classes + c]);
            const size_t place = classes_above(row, classes, c, 5);
            count_one(&counts[c], label, row[c] > threshold);
            count_one(&counts[classes + c], label, place < 3);
            count_one(&counts[2 * classes + c], label, place < 5);
        }
    }
    m->above = rates_of(counts, classes);
    m->top3 = rates_of(counts + classes, classes);
    m->top5 = rates_of(counts + 2 * classes, classes);
    free(counts);
    return true;
}

void metrics_free(Metrics *m)
{
    free(m->ap);
    *m = (Metrics){0};
}

Spread spread_of(const double *values, size_t count)
{
    Spread s = {.count = count};
    if (count == 0) return s;
    for (size_t i = 0; i < count; i++) s.mean += values[i];
    s.mean /= (double)count;
    double squares = 0;
    for (size_t i = 0; i < count; i++) squares += (values[i] - s.mean) * (values[i] - s.mean);
    s.std = count > 1 ? sqrt(squares / (double)(count - 1)) : 0;
    return s;
}
