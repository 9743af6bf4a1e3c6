/* Works on sums in doubles over the node's float values, which is what makes differences of small steps usable; every
 * other way of building the graph is then held to the gradients that passed. */
#include "tests/gradient_check.h"
#include "harness/graph/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DIFFERENCES = 80 }; /* elements of a parameter that are tried; of larger ones evenly spread ones */

typedef struct Setup {
    Parameter parameter[GRADIENT_PARAMETERS];
    size_t count;
    Random random;
    Graph *graph;
    Node *out;
    float *weight; /* of the loss, [out] */
    size_t size;
} Setup;

static void draw(Random *random, float low, float high, float *values, size_t n)
{
    if (low == 0 && high == 0) {
        random_normal(random, values, n);
    } else {
        random_uniform(random, values, n);
        for (size_t i = 0; i < n; i++) values[i] = low + (high - low) * values[i];
    }
}

/* A graph of the node and its loss; `around`: with operators before and after the node. */
static void build_graph(Setup *s, GradientBuilder build, const void *context, GradientCheck check, bool around)
{
    Error err;
    Graph *g = s->graph = graph_new(check.options);
    Node *leaf[GRADIENT_PARAMETERS];
    for (size_t i = 0; i < s->count; i++) {
        leaf[i] = parameter(g, &s->parameter[i]);
        if (around) leaf[i] = scale(g, leaf[i], 1);
    }
    s->out = build(g, leaf, context);
    s->size = shape_size(node_shape(s->out));
    if (!s->weight) {
        s->weight = xmalloc((s->size + 1) * sizeof(float));
        random_normal(&s->random, s->weight, s->size);
    }
    Node *weighted = mul(g, around ? scale(g, s->out, 1) : s->out, constant(g, node_shape(s->out), s->weight));
    Node *outputs[] = {s->out};
    if (!graph_compile(g, outputs, around ? 0 : 1, sum_of_all(g, weighted), &err)) fail_msg("%s", err.text);
}

static double loss_at(Setup *s, size_t p, size_t i, float value)
{
    float *place = &s->parameter[p].value[i], before = *place;
    *place = value;
    graph_forward(s->graph);
    *place = before;
    double loss = 0;
    const float *out = node_data(s->out);
    for (size_t k = 0; k < s->size; k++) loss += (double)out[k] * (double)s->weight[k];
    return loss;
}

static double difference(Setup *s, size_t p, size_t i, double h)
{
    const float x = s->parameter[p].value[i], up = (float)((double)x + h), down = (float)((double)x - h);
    return (loss_at(s, p, i, up) - loss_at(s, p, i, down)) / ((double)up - (double)down);
}

static double largest(const float *values, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs((double)values[i]));
    return most;
}

static void compare_with_differences(const char *what, Setup *s, GradientCheck check)
{
    const double h = check.step > 0 ? check.step : 0.02, tolerance = check.tolerance > 0 ? check.tolerance : 1e-3;
    for (size_t p = 0; p < s->count; p++) {
        const size_t n = shape_size(s->parameter[p].shape), stride = (n + DIFFERENCES - 1) / DIFFERENCES;
        const float *gradient = s->parameter[p].gradient;
        const double size = fmax(largest(gradient, n), 1e-2);
        for (size_t i = 0; i < n; i += stride) {
            const double expected = (4 * difference(s, p, i, h) - difference(s, p, i, 2 * h)) / 3;
            if (!(fabs(expected - (double)gradient[i]) <= tolerance * size))
                fail_msg("%s: gradient of parameter %zu at %zu is %.7g, its difference %.7g (largest: %.3g)", what, p,
                         i, (double)gradient[i], expected, size);
        }
    }
}

static void compare_gradient(const char *what, const char *way, size_t p, const Parameter *parameter,
                             const float *reference, bool bits_may_differ)
{
    const size_t n = shape_size(parameter->shape);
    if (!bits_may_differ && memcmp(parameter->gradient, reference, n * sizeof(float)) != 0)
        fail_msg("%s: gradient of parameter %zu has other bits %s", what, p, way);
    const double allowed = 1e-4 * fmax(largest(reference, n), 1e-2);
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)parameter->gradient[i] - (double)reference[i]) <= allowed))
            fail_msg("%s: gradient of parameter %zu at %zu differs %s", what, p, i, way);
}

static void compare_other_ways(const char *what, Setup *s, GradientBuilder build, const void *context,
                               GradientCheck check)
{
    float *reference[GRADIENT_PARAMETERS];
    for (size_t p = 0; p < s->count; p++) {
        const size_t bytes = shape_size(s->parameter[p].shape) * sizeof(float);
        reference[p] = memcpy(xmalloc(bytes), s->parameter[p].gradient, bytes);
    }
    for (size_t alone = 0; alone <= s->count; alone++) { /* the last round: all trainable, operators around */
        for (size_t p = 0; p < s->count; p++) s->parameter[p].frozen = alone < s->count && p != alone;
        build_graph(s, build, context, check, alone == s->count);
        graph_forward(s->graph);
        graph_backward(s->graph);
        for (size_t p = 0; p < s->count; p++)
            if (!s->parameter[p].frozen)
                compare_gradient(what, alone < s->count ? "when it alone is trainable" : "with operators around", p,
                                 &s->parameter[p], reference[p], check.bits_may_differ);
        graph_free(s->graph);
    }
    for (size_t p = 0; p < s->count; p++) free(reference[p]);
}

void check_gradients(const char *what, GradientBuilder build, const void *context, const Shape *shapes, size_t count,
                     GradientCheck check)
{
    Error err;
    Setup s = {.count = count};
    random_seed(&s.random, check.seed + 1);
    for (size_t p = 0; p < count; p++) {
        if (!parameter_init(&s.parameter[p], what, shapes[p], &err)) fail_msg("%s", err.text);
        draw(&s.random, check.low, check.high, s.parameter[p].value, shape_size(shapes[p]));
    }
    build_graph(&s, build, context, check, false);
    graph_forward(s.graph);
    graph_backward(s.graph);
    compare_with_differences(what, &s, check);
    graph_free(s.graph);
    compare_other_ways(what, &s, build, context, check);
    for (size_t p = 0; p < count; p++) parameter_free(&s.parameter[p]);
    free(s.weight);
}
