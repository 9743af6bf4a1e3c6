/* The ranking loss and the aggregation over ragged rows: values against their definitions in doubles, gradients against finite
 * differences of these definitions. */
#include "harness/graph/ops.h"
#include "harness/graph/random.h"
#include "methods/shared/aggregate.h"
#include "methods/shared/losses.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BATCH = 5, CLASSES = 37, ROWS = 23 }; /* odd, so that vector loops have remainders */

static double ranking_in_doubles(const double *z, const float *y, size_t batch, size_t classes, double margin,
                                 double factor)
{
    double sum = 0;
    for (size_t b = 0; b < batch; b++)
        for (size_t i = 0; i < classes; i++)
            for (size_t j = 0; j < classes; j++)
                if (y[b * classes + i] == 1 && y[b * classes + j] == 0)
                    sum += fmax(0, margin - factor * z[b * classes + i] + factor * z[b * classes + j]);
    return sum / (double)batch;
}

/* z[b][c] = sum_j softmax_j(tau s_jc) s_jc over the rows of b; `weight` makes one number of it. */
static double aggregate_in_doubles(const double *s, const int32_t *offsets, size_t batch, size_t classes, double tau,
                                   const float *weight, double *z)
{
    double total = 0;
    for (size_t b = 0; b < batch; b++)
        for (size_t c = 0; c < classes; c++) {
            double sum = 0, weighted = 0;
            for (int32_t j = offsets[b]; j < offsets[b + 1]; j++) {
                const double value = s[(size_t)j * classes + c];
                sum += exp(tau * value);
                weighted += exp(tau * value) * value;
            }
            const double mean = sum > 0 ? weighted / sum : 0;
            if (z) z[b * classes + c] = mean;
            total += (double)weight[b * classes + c] * mean;
        }
    return total;
}

static void fill_labels(float *y)
{
    for (size_t i = 0; i < BATCH * CLASSES; i++) y[i] = i % 7 == 2 ? 1.0f : i % 5 == 0 ? -1.0f : 0.0f;
    for (size_t i = 0; i < CLASSES; i++) y[2 * CLASSES + i] = 0; /* an example without positives */
    for (size_t i = 0; i < CLASSES; i++) y[3 * CLASSES + i] = 1; /* and one without negatives */
}

typedef struct LossGraph {
    Graph *g;
    Parameter p;
    Node *loss, *second; /* second: labels or offsets */
} LossGraph;

static void open_ranking(LossGraph *l, size_t batch, size_t classes, float margin, float factor)
{
    Error err;
    assert_true(parameter_init(&l->p, "z", shape(batch, classes), &err));
    l->g = graph_new((GraphOptions){0});
    l->second = input(l->g, "y", shape(batch, classes));
    l->loss = ranking_loss(l->g, parameter(l->g, &l->p), l->second, margin, factor);
    assert_true(graph_compile(l->g, NULL, 0, l->loss, &err));
}

static void run_graph(LossGraph *l)
{
    graph_forward(l->g);
    graph_backward(l->g);
}

static void close_graph(LossGraph *l)
{
    graph_free(l->g);
    parameter_free(&l->p);
}

static void ranking_loss_and_gradient_are_those_of_the_definition(void **state)
{
    (void)state;
    const double margin = 0.7, factor = 1.5, step = 1e-6;
    LossGraph l;
    Random random;
    double z[BATCH * CLASSES];
    open_ranking(&l, BATCH, CLASSES, (float)margin, (float)factor);
    random_seed(&random, 1);
    random_normal(&random, l.p.value, BATCH * CLASSES);
    float *y = node_data(l.second);
    fill_labels(y);
    for (size_t i = 0; i < BATCH * CLASSES; i++) z[i] = (double)l.p.value[i];
    run_graph(&l);
    const double expected = ranking_in_doubles(z, y, BATCH, CLASSES, margin, factor);
    assert_true(fabs((double)node_data(l.loss)[0] - expected) < 1e-6 * expected);
    for (size_t i = 0; i < BATCH * CLASSES; i++) {
        const double kept = z[i];
        z[i] = kept + step;
        const double above = ranking_in_doubles(z, y, BATCH, CLASSES, margin, factor);
        z[i] = kept - step;
        const double below = ranking_in_doubles(z, y, BATCH, CLASSES, margin, factor);
        z[i] = kept;
        assert_true(fabs((above - below) / (2 * step) - (double)l.p.gradient[i]) < 1e-4);
    }
    close_graph(&l);
}

static void unknown_labels_are_in_neither_sum(void **state)
{
    (void)state;
    LossGraph l;
    open_ranking(&l, 1, 3, 1, 1);
    memcpy(l.p.value, ((float[]){0.25f, 5, 0.5f}), 3 * sizeof(float));
    memcpy(node_data(l.second), ((float[]){1, -1, 0}), 3 * sizeof(float));
    run_graph(&l);
    assert_true(node_data(l.loss)[0] == 1.25f);
    assert_true(l.p.gradient[0] == -1 && l.p.gradient[1] == 0 && l.p.gradient[2] == 1);
    close_graph(&l);
}

static void a_score_that_is_not_a_number_makes_the_loss_so(void **state)
{
    (void)state;
    LossGraph l;
    open_ranking(&l, 1, 3, 1, 1);
    memcpy(l.p.value, ((float[]){0.25f, 5, NAN}), 3 * sizeof(float));
    memcpy(node_data(l.second), ((float[]){1, 0, 0}), 3 * sizeof(float));
    graph_forward(l.g);
    assert_true(isnan(node_data(l.loss)[0]));
    close_graph(&l);
}

static void ragged_aggregate_and_gradient_are_those_of_the_definition(void **state)
{
    (void)state;
    const int32_t offsets[BATCH + 1] = {0, 4, 5, 5, 12, 20}; /* a single row, no row, and rows behind the last */
    const float tau = 3;
    const double step = 1e-6;
    static double s[ROWS * CLASSES], z[BATCH * CLASSES];
    Error err;
    Random random;
    LossGraph l;
    assert_true(parameter_init(&l.p, "s", shape(ROWS, CLASSES), &err));
    l.g = graph_new((GraphOptions){0});
    l.second = input_indices(l.g, "offsets", shape(BATCH + 1));
    Node *weight = input(l.g, "weight", shape(BATCH, CLASSES));
    Node *result = ragged_aggregate(l.g, parameter(l.g, &l.p), l.second, tau);
    l.loss = sum_of_all(l.g, mul(l.g, result, weight));
    assert_true(graph_compile(l.g, (Node *[]){result}, 1, l.loss, &err));
    random_seed(&random, 2);
    random_normal(&random, l.p.value, ROWS * CLASSES);
    random_normal(&random, node_data(weight), BATCH * CLASSES);
    memcpy(node_indices(l.second), offsets, sizeof offsets);
    for (size_t i = 0; i < ROWS * CLASSES; i++) s[i] = (double)l.p.value[i];
    run_graph(&l);
    aggregate_in_doubles(s, offsets, BATCH, CLASSES, (double)tau, node_data(weight), z);
    for (size_t i = 0; i < BATCH * CLASSES; i++) assert_true(fabs((double)node_data(result)[i] - z[i]) < 1e-5);
    for (size_t i = 0; i < ROWS * CLASSES; i++) {
        const double kept = s[i];
        s[i] = kept + step;
        const double above = aggregate_in_doubles(s, offsets, BATCH, CLASSES, (double)tau, node_data(weight), NULL);
        s[i] = kept - step;
        const double below = aggregate_in_doubles(s, offsets, BATCH, CLASSES, (double)tau, node_data(weight), NULL);
        s[i] = kept;
        assert_true(fabs((above - below) / (2 * step) - (double)l.p.gradient[i]) < 1e-4);
    }
    close_graph(&l);
}

static void ragged_aggregate_equals_the_padded_operator(void **state)
{
    (void)state;
    enum { LONGEST = 8 };
    const int32_t offsets[BATCH + 1] = {0, 4, 5, 12, 20, 23};
    Error err;
    Random random;
    Graph *g = graph_new((GraphOptions){0});
    Node *ragged = input(g, "ragged", shape(ROWS, CLASSES)),
         *padded = input(g, "padded", shape(BATCH, LONGEST, CLASSES));
    int32_t lengths[BATCH];
    for (size_t b = 0; b < BATCH; b++) lengths[b] = offsets[b + 1] - offsets[b];
    Node *a = ragged_aggregate(g, ragged, constant_indices(g, shape(BATCH + 1), offsets), 50);
    Node *b = local_aggregate(g, padded, 50, constant_indices(g, shape(BATCH), lengths));
    assert_true(graph_compile(g, (Node *[]){a, b}, 2, NULL, &err));
    random_seed(&random, 3);
    random_uniform(&random, node_data(ragged), ROWS * CLASSES);
    for (size_t i = 0; i < BATCH; i++)
        memcpy(node_data(padded) + i * LONGEST * CLASSES, node_data(ragged) + (size_t)offsets[i] * CLASSES,
               (size_t)lengths[i] * CLASSES * sizeof(float));
    graph_forward(g);
    for (size_t i = 0; i < BATCH * CLASSES; i++) assert_true(fabsf(node_data(a)[i] - node_data(b)[i]) < 1e-6f);
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranking_loss_and_gradient_are_those_of_the_definition),
        cmocka_unit_test(unknown_labels_are_in_neither_sum),
        cmocka_unit_test(a_score_that_is_not_a_number_makes_the_loss_so),
        cmocka_unit_test(ragged_aggregate_and_gradient_are_those_of_the_definition),
        cmocka_unit_test(ragged_aggregate_equals_the_padded_operator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
