/* The graph of a step on captions, and filling it: token features of a batch lie end to end, offsets say where a
 * caption's begin, and what is left of the room is zero, so that no rest of an earlier batch can be NaN. */
#include "methods/shared/tai_common.h"

#include "harness/graph/ops.h"
#include "methods/shared/aggregate.h"
#include "methods/shared/losses.h"

#include <stdlib.h>
#include <string.h>

bool tai_step_init(TaiStep *step, const Prompts *p, Parameter *global, Parameter *local, TaiStepOptions options,
                   Error *err)
{
    Graph *g = graph_new((GraphOptions){.arithmetic = options.arithmetic});
    const size_t width = p->clip->config.embed;
    const float margin = (float)options.margin, factor = (float)options.scale;
    *step = (TaiStep){.g = g};
    step->captions = input(g, "captions", shape(options.batch, width));
    step->labels = input(g, "labels", shape(options.batch, p->classes));
    Node *z = scale(g, matmul_nt(g, step->captions, prompts_features(g, p, global, options.form)), 4);
    step->loss = ranking_loss(g, z, step->labels, margin, factor);
    if (local) {
        step->tokens = input(g, "tokens", shape(options.rows, width));
        step->offsets = input_indices(g, "offsets", shape(options.batch + 1));
        Node *s = matmul_nt(g, step->tokens, prompts_features(g, p, local, options.form));
        z = scale(g, ragged_aggregate(g, s, step->offsets, (float)options.tau), 4);
        step->loss = add(g, step->loss, ranking_loss(g, z, step->labels, margin, factor));
    }
    if (graph_compile(g, NULL, 0, step->loss, err)) return true;
    tai_step_free(step);
    return false;
}

void tai_step_free(TaiStep *step)
{
    graph_free(step->g);
    *step = (TaiStep){0};
}

static int longer_first(const void *left, const void *right)
{
    const size_t a = *(const size_t *)left, b = *(const size_t *)right;
    return a < b ? 1 : a > b ? -1 : 0;
}

size_t text_most_tokens(const TextFeatures *texts, size_t batch)
{
    size_t *lengths = xcalloc(texts->count, sizeof *lengths), sum = 0;
    for (size_t i = 0; i < texts->count; i++) lengths[i] = texts->offsets[i + 1] - texts->offsets[i];
    qsort(lengths, texts->count, sizeof *lengths, longer_first);
    for (size_t i = 0; i < batch; i++) sum += lengths[i];
    free(lengths);
    return sum;
}

static void load_tokens(TaiStep *step, const TextFeatures *texts, const int64_t *rows, size_t batch)
{
    const size_t width = texts->width, capacity = node_shape(step->tokens).dim[0];
    int32_t *offsets = node_indices(step->offsets);
    float *tokens = node_data(step->tokens);
    offsets[0] = 0;
    for (size_t b = 0; b < batch; b++) {
        const size_t i = (size_t)rows[b], length = texts->offsets[i + 1] - texts->offsets[i];
        offsets[b + 1] = offsets[b] + (int32_t)length;
    }
    const size_t used = (size_t)offsets[batch];
    if (used > capacity) die("a batch has %zu tokens, its graph has room for %zu", used, capacity);
#pragma omp parallel for schedule(static)
    for (size_t b = 0; b < batch; b++) text_local_copy(texts, (size_t)rows[b], tokens + (size_t)offsets[b] * width);
    memset(tokens + used * width, 0, (capacity - used) * width * sizeof *tokens); /* 0 times 0, never 0 times NaN */
}

void tai_step_load(TaiStep *step, const LabelledCaptions *captions, const int64_t *rows)
{
    const TextFeatures *texts = captions->features;
    const size_t batch = node_shape(step->labels).dim[0], classes = node_shape(step->labels).dim[1];
    float *features = node_data(step->captions), *labels = node_data(step->labels);
    for (size_t b = 0; b < batch; b++) {
        const size_t i = (size_t)rows[b];
        memcpy(features + b * texts->width, texts->global + i * texts->width, texts->width * sizeof *features);
        for (size_t c = 0; c < classes; c++) labels[b * classes + c] = captions->labels[i * classes + c] ? 1.0f : 0.0f;
    }
    if (step->tokens) load_tokens(step, texts, rows, batch);
}
