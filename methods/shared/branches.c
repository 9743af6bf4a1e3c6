/* Similarities are matrix products over many images at once, in pieces that stay in the cache; what follows is row by
 * row. Normalising happens after the factor was applied, so that it is divided out of CLIP's own scale. */
#include "methods/shared/branches.h"

#include "harness/graph/onednn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "methods/shared/aggregate.h"

const char *const normalise_choices[] = {"none", "softmax", "zscore", NULL};

bool scores_init(Scores *scores, size_t images, size_t classes, bool with_branches, Error *err)
{
    *scores = (Scores){0};
    const size_t count = images * classes;
    if (classes && count / classes != images) return fail(err, "more scores than a machine can address");
    bool good = big_alloc(&scores->combined, count, sizeof(float), "scores", err);
    if (with_branches)
        good = good && big_alloc(&scores->global, count, sizeof(float), "global scores", err) &&
               big_alloc(&scores->local, count, sizeof(float), "local scores", err);
    if (!good) scores_free(scores);
    return good;
}

void scores_free(Scores *scores)
{
    free(scores->combined);
    free(scores->global);
    free(scores->local);
    free(scores->local_classes);
    *scores = (Scores){0};
}

void score_global(const ImageFeatures *test, const float *class_features, size_t classes, float factor, float *z)
{
    if (test->count == 0) return;
    onednn_sgemm(false, true, test->count, classes, test->width, factor, test->global, test->width, class_features,
                 test->width, 0, z, classes);
}

enum { ROWS_AT_ONCE = 8192 }; /* local similarities held at a time: 2.6 MB for 80 classes, which stays in the cache */

bool score_local(const ImageFeatures *test, const float *class_features, size_t classes, float tau, float factor,
                 float *z, Error *err)
{
    if (!test->local && !test->local_rows)
        return fail(err, "the test features have no local part, which this method needs");
    if (test->positions == 0 || test->count == 0) return fail(err, "the test features have no positions");
    const size_t positions = test->positions, width = test->width;
    const size_t step = positions < ROWS_AT_ONCE ? ROWS_AT_ONCE / positions : 1;
    float *s = NULL, *scratch = NULL, *room = NULL;
    const bool good = big_alloc(&s, step * positions * classes, sizeof *s, "local similarities", err) &&
                      big_alloc(&scratch, step * 2 * classes, sizeof *scratch, "local similarities", err) &&
                      image_local_room(test, step, &room, err);
    for (size_t first = 0; good && first < test->count; first += step) {
        const size_t images = test->count - first < step ? test->count - first : step;
        onednn_sgemm(false, true, images * positions, classes, width, 1, image_local(test, first, images, room), width,
                     class_features, width, 0, s, classes);
#pragma omp parallel for schedule(static)
        for (size_t i = 0; i < images; i++) {
            float *out = z + (first + i) * classes;
            aggregate_rows(s + i * positions * classes, positions, classes, tau, out, NULL, scratch + i * 2 * classes);
            for (size_t c = 0; c < classes; c++) out[c] *= factor;
        }
    }
    free(s);
    free(scratch);
    free(room);
    return good;
}

void score_batches(Graph *g, Node *x, Node *z, const float *features, size_t count, float *scores)
{
    const size_t batch = node_shape(x).dim[0], width = shape_size(node_shape(x)) / batch,
                 classes = node_shape(z).dim[1];
    for (size_t first = 0; first < count; first += batch) {
        const size_t n = count - first < batch ? count - first : batch;
        memcpy(node_data(x), features + first * width, n * width * sizeof(float));
        memset(node_data(x) + n * width, 0, (batch - n) * width * sizeof(float));
        graph_forward(g);
        memcpy(scores + first * classes, node_data(z), n * classes * sizeof(float));
    }
}

bool score_local_batches(Graph *g, Node *x, Node *z, const ImageFeatures *test, float *scores, Error *err)
{
    const size_t batch = node_shape(x).dim[0], classes = node_shape(z).dim[1];
    float *room;
    if (!image_local_room(test, batch, &room, err)) return false;
    for (size_t first = 0; first < test->count; first += batch) {
        const size_t n = test->count - first < batch ? test->count - first : batch;
        score_batches(g, x, z, image_local(test, first, n, room), n, scores + first * classes);
    }
    free(room);
    return true;
}

static void softmax_row(float *z, size_t classes, double factor)
{
    double highest = -INFINITY, sum = 0;
    for (size_t c = 0; c < classes; c++) highest = z[c] > highest ? z[c] : highest;
    for (size_t c = 0; c < classes; c++) sum += exp(factor * (z[c] - highest));
    for (size_t c = 0; c < classes; c++) z[c] = (float)(exp(factor * (z[c] - highest)) / sum);
}

static void zscore_row(float *z, size_t classes)
{
    double mean = 0, variance = 0;
    for (size_t c = 0; c < classes; c++) mean += z[c];
    mean /= (double)classes;
    for (size_t c = 0; c < classes; c++) variance += (z[c] - mean) * (z[c] - mean);
    const double sd = sqrt(variance / (double)classes);
    for (size_t c = 0; c < classes; c++) z[c] = sd > 0 ? (float)((z[c] - mean) / sd) : 0;
}

void normalise_scores(const Run *run, size_t images, float factor, float *z)
{
    const char *rule = option_text(run->options, "normalise");
    if (!strcmp(rule, "none")) return;
    const bool softmax = !strcmp(rule, "softmax");
    const double to_scale = exp((double)run->clip->config.logit_scale) / (double)factor;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < images; i++) {
        if (softmax)
            softmax_row(z + i * run->classes, run->classes, to_scale);
        else
            zscore_row(z + i * run->classes, run->classes);
    }
}

void softmax_scores(size_t images, size_t classes, double factor, float *z)
{
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < images; i++) softmax_row(z + i * classes, classes, factor);
}

void scores_combine(Scores *scores, size_t images, size_t classes, float local_weight)
{
    for (size_t i = 0; i < images * classes; i++)
        scores->combined[i] = (1 - local_weight) * scores->global[i] + local_weight * scores->local[i];
}
