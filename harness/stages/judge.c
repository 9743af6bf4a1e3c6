/* One list of layers makes the weights and the graph, in two forms: with batch norm to be trained, and folded into the
 * convolutions to be used. A logit is the difference of two outputs, as training takes it for a choice of two. */
#include "harness/stages/judge.h"

#include "harness/base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    size_t in, out;
    int stride;
} layers[JUDGE_LAYERS] = {{3, 24, 2}, {24, 48, 1}, {48, 64, 2}, {64, 96, 1}, {96, 96, 2}, {96, 128, 1}};
enum { FEATURES = 128, BATCH = 50 };
static const float norm_eps = 1e-5f, norm_momentum = 0.1f;

static Judge *listed(bool folded)
{
    Judge *judge = xcalloc(1, sizeof *judge);
    WeightSet *set = &judge->set;
    judge->folded = folded;
    for (size_t i = 0; i < JUDGE_LAYERS; i++) {
        const size_t out = layers[i].out;
        weights_need_conv(set, NAME("conv.%zu", i), layers[i].in, out, 3, folded);
        if (folded) continue;
        weights_need_norm(set, NAME("norm.%zu", i), out);
        weights_need(set, NAME("norm.%zu.running_mean", i), shape(out), START_ZERO, 0);
        weights_need(set, NAME("norm.%zu.running_var", i), shape(out), START_ONE, 0);
    }
    weights_need_linear(set, "out", (size_t)2 * FEATURES, (size_t)2 * JUDGE_CLASSES, true);
    return judge;
}

Judge *judge_open(const char *folder, Error *err)
{
    Judge *judge = listed(true);
    if (weights_open(&judge->set, folder, err)) return judge;
    judge_free(judge);
    return NULL;
}

Judge *judge_new(uint64_t seed, Error *err)
{
    Judge *judge = listed(false);
    if (!weights_draw(&judge->set, seed, err)) {
        judge_free(judge);
        return NULL;
    }
    weights_freeze(&judge->set, false);
    for (size_t i = 0; i < JUDGE_LAYERS; i++) {
        weights_find(&judge->set, NAME("norm.%zu.running_mean", i))->frozen = true;
        weights_find(&judge->set, NAME("norm.%zu.running_var", i))->frozen = true;
    }
    return judge;
}

void judge_free(Judge *judge)
{
    if (!judge) return;
    weights_free(&judge->set);
    free(judge);
}

static Node *norm(Graph *g, const WeightSet *set, size_t layer, Node *x)
{
    return batch_norm(g, x, weights_node(g, set, NAME("norm.%zu.weight", layer)),
                      weights_node(g, set, NAME("norm.%zu.bias", layer)),
                      weights_find(set, NAME("norm.%zu.running_mean", layer))->value,
                      weights_find(set, NAME("norm.%zu.running_var", layer))->value, norm_momentum, norm_eps);
}

Node *judge_node(Graph *g, const Judge *judge, Node *pixels)
{
    const WeightSet *set = &judge->set;
    Node *x = pixels;
    for (size_t i = 0; i < JUDGE_LAYERS; i++) {
        x = conv_layer(g, set, NAME("conv.%zu", i), x, (ConvOptions){.stride = layers[i].stride, .padding = 1});
        x = relu(g, judge->folded ? x : norm(g, set, i, x));
    }
    const Shape s = node_shape(x);
    x = reshape(g, x, shape(s.dim[0], s.dim[1] * s.dim[2], s.dim[3]));
    Node *pooled[] = {mean_axis(g, x, 1), max_axis(g, x, 1)};
    return linear_layer(g, set, "out", concat(g, pooled, 2, 1));
}

Judge *judge_fold(const Judge *judge, Error *err)
{
    Judge *folded = listed(true);
    if (!weights_draw(&folded->set, 0, err)) {
        judge_free(folded);
        return NULL;
    }
    weights_freeze(&folded->set, true);
    for (size_t i = 0; i < folded->set.count; i++) {
        Parameter *to = &folded->set.weights[i];
        const Parameter *from = weights_find(&judge->set, to->name);
        const size_t bytes = shape_size(to->shape) * sizeof(float);
        if (from)
            memcpy(to->value, from->value, bytes);
        else
            memset(to->value, 0, bytes); /* conv.N.bias */
    }
    for (size_t i = 0; i < JUDGE_LAYERS; i++)
        batch_norm_fold(weights_find(&folded->set, NAME("conv.%zu.weight", i))->value,
                        weights_find(&folded->set, NAME("conv.%zu.bias", i))->value, layers[i].out, layers[i].in * 9,
                        weights_find(&judge->set, NAME("norm.%zu.weight", i))->value,
                        weights_find(&judge->set, NAME("norm.%zu.bias", i))->value,
                        weights_find(&judge->set, NAME("norm.%zu.running_mean", i))->value,
                        weights_find(&judge->set, NAME("norm.%zu.running_var", i))->value, norm_eps);
    return folded;
}

bool judge_save(const Judge *folded, const char *folder, bool half, Error *err)
{
    return make_folders(folder, err) && weights_save(&folded->set, folder, half, err);
}

/* ---- use ---- */

static void run_batch(Graph *g, Node *pixels, Node *out, const uint8_t *images, size_t count, float *logits)
{
    const size_t size = (size_t)JUDGE_SIDE * JUDGE_SIDE * 3;
    float *values = node_data(pixels);
    memset(values, 0, node_bytes(pixels));
    for (size_t i = 0; i < count * size; i++) values[i] = (float)images[i] / 127.5f - 1;
    graph_forward(g);
    const float *pairs = node_data(out);
    for (size_t i = 0; i < count * JUDGE_CLASSES; i++) logits[i] = pairs[2 * i + 1] - pairs[2 * i];
}

bool judge_logits(const Judge *judge, const uint8_t *images, size_t count, float *logits, Error *err)
{
    const size_t size = (size_t)JUDGE_SIDE * JUDGE_SIDE * 3;
    Graph *g = graph_new((GraphOptions){0});
    Node *pixels = input(g, "pixels", shape(BATCH, JUDGE_SIDE, JUDGE_SIDE, 3)), *out = judge_node(g, judge, pixels);
    const bool good = graph_compile(g, &out, 1, NULL, err);
    for (size_t first = 0; first < count && good; first += BATCH) {
        const size_t n = count - first < BATCH ? count - first : BATCH;
        run_batch(g, pixels, out, images + first * size, n, logits + first * JUDGE_CLASSES);
    }
    graph_free(g);
    return good;
}

size_t judge_best(const float *logits)
{
    size_t best = 0;
    for (size_t c = 1; c < JUDGE_CLASSES; c++)
        if (logits[c] > logits[best]) best = c;
    return best;
}
