/* The asymmetric and the softmax loss: values against their definitions in doubles, gradients against finite differences of
 * these definitions and of the operators themselves. */
#include "methods/shared/losses.h"
#include "tests/gradient_check.h"

#include "harness/graph/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { BATCH = 5, CLASSES = 37, COUNT = BATCH * CLASSES };

static void fill_labels(float *y)
{
    for (size_t i = 0; i < COUNT; i++) y[i] = i % 7 == 2 ? 1.0f : i % 5 == 0 ? -1.0f : 0.0f;
    for (size_t i = 0; i < CLASSES; i++) {
        y[2 * CLASSES + i] = 0;  /* an example without positives */
        y[3 * CLASSES + i] = 1;  /* one without negatives */
        y[4 * CLASSES + i] = -1; /* one of which nothing is known */
    }
}

/* As DualCoOp's code writes it, on the softmax of a pair (0, x); `weights`: x of the focusing weights. */
static double asymmetric_in_doubles(const double *x, const double *weights, const float *y, AsymmetricLoss a)
{
    double sum = 0;
    for (size_t i = 0; i < COUNT; i++) {
        const double p = exp(x[i]) / (1 + exp(x[i])), w = exp(weights[i]) / (1 + exp(weights[i]));
        const double clip = (double)a.clip, q = fmin(1 / (1 + exp(x[i])) + clip, 1),
                     v = fmin(1 / (1 + exp(weights[i])) + clip, 1);
        if (y[i] == 1) sum -= pow(1 - w, (double)a.gamma_positive) * log(fmax(p, 1e-6));
        if (y[i] == 0) sum -= pow(1 - v, (double)a.gamma_negative) * log(fmax(q, 1e-6));
    }
    return sum;
}

static double softmax_in_doubles(const double *z, const float *y, double factor)
{
    double loss = 0;
    for (size_t b = 0; b < BATCH; b++) {
        double sum = 0, positives = 0;
        for (size_t i = b * CLASSES; i < (b + 1) * CLASSES; i++) {
            if (y[i] >= 0) sum += exp(factor * z[i]);
            positives += y[i] == 1;
        }
        for (size_t i = b * CLASSES; i < (b + 1) * CLASSES; i++)
            if (y[i] == 1) loss -= log(exp(factor * z[i]) / sum) / positives / BATCH;
    }
    return loss;
}

typedef struct LossGraph {
    Graph *g;
    Parameter p;
    Node *loss, *y;
    double x[COUNT];
} LossGraph;

/* Scores drawn with this deviation; form NULL: the softmax loss with factor 3. */
static void run_loss(LossGraph *l, const AsymmetricLoss *form, float deviation)
{
    Error err;
    Random random;
    assert_true(parameter_init(&l->p, "x", shape(BATCH, CLASSES), &err));
    l->g = graph_new((GraphOptions){0});
    l->y = input(l->g, "y", shape(BATCH, CLASSES));
    Node *x = parameter(l->g, &l->p);
    l->loss = form ? asymmetric_loss(l->g, x, l->y, *form) : softmax_loss(l->g, x, l->y, 3);
    assert_true(graph_compile(l->g, NULL, 0, l->loss, &err));
    random_seed(&random, 1);
    random_normal(&random, l->p.value, COUNT);
    for (size_t i = 0; i < COUNT; i++) l->p.value[i] *= deviation;
    for (size_t i = 0; i < COUNT; i++) l->x[i] = (double)l->p.value[i];
    fill_labels(node_data(l->y));
    graph_forward(l->g);
    graph_backward(l->g);
}

static void close_loss(LossGraph *l)
{
    graph_free(l->g);
    parameter_free(&l->p);
}

static void assert_asymmetric(AsymmetricLoss form)
{
    const double step = 1e-6;
    LossGraph l;
    run_loss(&l, &form, 3);
    double moved[COUNT];
    memcpy(moved, l.x, sizeof moved);
    const float *y = node_data(l.y);
    const double expected = asymmetric_in_doubles(l.x, l.x, y, form);
    assert_true(fabs((double)node_data(l.loss)[0] - expected) < 1e-6 * expected);
    for (size_t i = 0; i < COUNT; i++) { /* weights move along, or stay where they are */
        const double *weights = form.focus_gradient ? moved : l.x;
        moved[i] = l.x[i] + step;
        const double above = asymmetric_in_doubles(moved, weights, y, form);
        moved[i] = l.x[i] - step;
        const double below = asymmetric_in_doubles(moved, weights, y, form);
        moved[i] = l.x[i];
        assert_true(fabs((above - below) / (2 * step) - (double)l.p.gradient[i]) < 1e-5);
    }
    close_loss(&l);
}

static void asymmetric_loss_and_gradient_are_those_of_the_definition(void **state)
{
    (void)state;
    for (int focus = 0; focus < 2; focus++) {
        assert_asymmetric((AsymmetricLoss){2, 1, 0.05f, focus});
        assert_asymmetric((AsymmetricLoss){4, 0, 0.05f, focus});
        assert_asymmetric((AsymmetricLoss){1.5f, 2.5f, 0, focus});
    }
}

static void without_focus_and_clip_it_is_the_binary_cross_entropy(void **state)
{
    (void)state;
    LossGraph l;
    run_loss(&l, &(AsymmetricLoss){0, 0, 0, true}, 1);
    const float *y = node_data(l.y);
    double sum = 0;
    for (size_t i = 0; i < COUNT; i++) sum += y[i] == 1 ? log1p(exp(-l.x[i])) : y[i] == 0 ? log1p(exp(l.x[i])) : 0;
    assert_true(fabs((double)node_data(l.loss)[0] - sum) < 1e-6 * sum);
    close_loss(&l);
}

static void softmax_loss_and_gradient_are_those_of_the_definition(void **state)
{
    (void)state;
    const double step = 1e-6;
    LossGraph l;
    run_loss(&l, NULL, 1);
    const float *y = node_data(l.y);
    const double expected = softmax_in_doubles(l.x, y, 3);
    assert_true(fabs((double)node_data(l.loss)[0] - expected) < 1e-6 * expected);
    for (size_t i = 0; i < COUNT; i++) {
        const double kept = l.x[i];
        l.x[i] = kept + step;
        const double above = softmax_in_doubles(l.x, y, 3);
        l.x[i] = kept - step;
        const double below = softmax_in_doubles(l.x, y, 3);
        l.x[i] = kept;
        assert_true(fabs((above - below) / (2 * step) - (double)l.p.gradient[i]) < 1e-6);
    }
    close_loss(&l);
}

/* In a larger graph too, with shared buffers: gradient_check.h. Labels are a constant here. */
static Node *build_asymmetric(Graph *g, Node *const *p, const void *context)
{
    static const float y[] = {1, 0, -1, 0, 1, 0, 0, -1, 1, 1, 0, 0};
    return asymmetric_loss(g, p[0], constant(g, shape(3, 4), y), *(const AsymmetricLoss *)context);
}

static Node *build_softmax(Graph *g, Node *const *p, const void *context)
{
    static const float y[] = {1, 0, -1, 0, 1, 0, 0, -1, 1, 1, 0, 0};
    return softmax_loss(g, p[0], constant(g, shape(3, 4), y), *(const float *)context);
}

static void gradients_are_right_in_any_graph(void **state)
{
    (void)state;
    const Shape shapes[] = {shape(3, 4)};
    check_gradients("asymmetric_loss", build_asymmetric, &(AsymmetricLoss){2, 1, 0, true}, shapes, 1,
                    (GradientCheck){0});
    check_gradients("softmax_loss", build_softmax, &(float){2}, shapes, 1, (GradientCheck){0});
}

/* The same loss and gradients whatever the score of a label that is not known, which gets none itself. */
static void unknown_labels_change_nothing(void **state)
{
    (void)state;
    const AsymmetricLoss asymmetric = {2, 1, 0.05f, false};
    const AsymmetricLoss *const forms[] = {&asymmetric, NULL};
    for (size_t k = 0; k < 2; k++) {
        LossGraph l;
        float gradient[COUNT];
        run_loss(&l, forms[k], 1);
        const float loss = node_data(l.loss)[0], *y = node_data(l.y);
        memcpy(gradient, l.p.gradient, sizeof gradient);
        for (size_t i = 0; i < COUNT; i++)
            if (y[i] == -1) {
                assert_true(gradient[i] == 0);
                l.p.value[i] = 1000;
            }
        graph_forward(l.g);
        graph_backward(l.g);
        assert_true(node_data(l.loss)[0] == loss);
        assert_memory_equal(gradient, l.p.gradient, sizeof gradient);
        close_loss(&l);
    }
}

static void huge_scores_stay_finite_and_nan_shows(void **state)
{
    (void)state;
    const AsymmetricLoss asymmetric = {2, 1, 0.05f, true};
    const AsymmetricLoss *const forms[] = {&asymmetric, NULL};
    for (size_t k = 0; k < 2; k++) {
        LossGraph l;
        run_loss(&l, forms[k], 1e6f);
        assert_true(isfinite(node_data(l.loss)[0]));
        for (size_t i = 0; i < COUNT; i++) assert_true(isfinite(l.p.gradient[i]));
        l.p.value[1] = NAN; /* a negative's */
        graph_forward(l.g);
        assert_true(isnan(node_data(l.loss)[0]));
        close_loss(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asymmetric_loss_and_gradient_are_those_of_the_definition),
        cmocka_unit_test(without_focus_and_clip_it_is_the_binary_cross_entropy),
        cmocka_unit_test(softmax_loss_and_gradient_are_those_of_the_definition),
        cmocka_unit_test(gradients_are_right_in_any_graph),
        cmocka_unit_test(unknown_labels_change_nothing),
        cmocka_unit_test(huge_scores_stay_finite_and_nan_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
