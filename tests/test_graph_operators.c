/* Forward values: activations, normalisations and losses against PyTorch (golden/make_graph_core.py), broadcasting and
 * layouts against their definition, index by index. Gradients beyond the golden ones: test_graph_gradients.c. */
#include "harness/graph/ops.h"
#include "harness/graph/random.h"
#include "tests/golden_arrays.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ASSERT_NEAR(a, b, tolerance) assert_true(fabs((double)(a) - (double)(b)) <= (double)(tolerance))

static void compile_and_run(Graph *g, Node *out, Node *loss)
{
    Error err;
    if (!graph_compile(g, &out, 1, loss, &err)) fail_msg("%s", err.text);
    graph_forward(g);
    if (loss) graph_backward(g);
}

/* ---- against PyTorch ---- */

static Parameter golden_parameter(const TensorFile *st, const char *name)
{
    Error err;
    Parameter p;
    const TensorView *view = golden_view(st, name);
    assert_true(parameter_init(&p, name, shape_from((size_t)view->rank, view->dim), &err));
    assert_true(tensor_to_float(view, p.value, &(Error){0}));
    return p;
}

/* Relative to the largest value of the golden array. */
static void compare(const TensorFile *st, const char *name, const char *suffix, const float *values, double tolerance)
{
    char full[96];
    snprintf(full, sizeof full, "%s%s", name, suffix);
    float *expected = golden_floats(st, full);
    const size_t n = golden_view(st, full)->count;
    double largest = 1e-30;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs((double)expected[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)values[i] - (double)expected[i]) <= tolerance * largest))
            fail_msg("%s at %zu: %.8g, PyTorch has %.8g", full, i, (double)values[i], (double)expected[i]);
    free(expected);
}

static void activations_equal_pytorch_in_double(void **state)
{
    (void)state;
    const struct {
        const char *name;
        Node *(*build)(Graph *g, Node *x);
    } all[] = {{"gelu", gelu}, {"gelu_tanh", gelu_tanh}, {"quick_gelu", quick_gelu},
               {"silu", silu}, {"sigmoid", sigmoid},     {"exponential", exponential}};
    TensorFile *st = golden_open("tests/golden/graph_core.safetensors");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        Parameter x = golden_parameter(st, "activation_x");
        Graph *g = graph_new((GraphOptions){0});
        Node *y = all[i].build(g, parameter(g, &x));
        compile_and_run(g, y, sum_of_all(g, y));
        float *expected = golden_floats(st, all[i].name);
        char name[64];
        snprintf(name, sizeof name, "%s_dx", all[i].name);
        float *slope = golden_floats(st, name);
        for (size_t k = 0; k < shape_size(x.shape);
             k++) { /* a few roundings of the value, and of 1 where it is below */
            const double wrong = fabs((double)node_data(y)[k] - (double)expected[k]);
            const double wrong_slope = fabs((double)x.gradient[k] - (double)slope[k]);
            if (!(wrong <= 3e-7 * fmax(1, fabs((double)expected[k]))) ||
                !(wrong_slope <= 1e-6 * fmax(1, fabs((double)slope[k]))))
                fail_msg("%s(%g): wrong by %.2g, its slope by %.2g", all[i].name, (double)x.value[k], wrong,
                         wrong_slope);
        }
        free(expected);
        free(slope);
        graph_free(g);
        parameter_free(&x);
    }
    tensor_file_close(st);
}

static float running_mean[12], running_var[12];

static Node *norm_named(Graph *g, const char *name, Node *x, Node *gain, Node *bias)
{
    if (!strcmp(name, "layer_norm")) return layer_norm(g, x, gain, bias, 1e-5f);
    if (!strcmp(name, "group_norm")) return group_norm(g, x, gain, bias, 4, 1e-6f);
    if (!strcmp(name, "batch_norm")) return batch_norm(g, x, gain, bias, running_mean, running_var, 0.1f, 1e-5f);
    if (!strcmp(name, "softmax")) return softmax(g, x);
    return l2_normalise(g, x, 1e-12f);
}

/* The loss of the golden gradients: the sum of y cos(0, 1, 2, ...). */
static Node *cosine_loss(Graph *g, Node *y)
{
    const size_t n = shape_size(node_shape(y));
    float *weight = xmalloc(n * sizeof *weight);
    for (size_t i = 0; i < n; i++) weight[i] = (float)cos((double)i);
    Node *loss = sum_of_all(g, mul(g, y, constant_copy(g, node_shape(y), weight)));
    free(weight);
    return loss;
}

static void normalisations_equal_pytorch(void **state)
{
    (void)state;
    const char *names[] = {"layer_norm", "group_norm", "batch_norm", "softmax", "l2_normalise"};
    TensorFile *st = golden_open("tests/golden/graph_core.safetensors");
    for (size_t i = 0; i < 5; i++) {
        Parameter x = golden_parameter(st, "norm_x"), gain = golden_parameter(st, "norm_gain");
        Parameter bias = golden_parameter(st, "norm_bias");
        for (int c = 0; c < 12; c++) running_mean[c] = 0, running_var[c] = 1;
        Graph *g = graph_new((GraphOptions){0});
        Node *y = norm_named(g, names[i], parameter(g, &x), parameter(g, &gain), parameter(g, &bias));
        compile_and_run(g, y, cosine_loss(g, y));
        compare(st, names[i], "", node_data(y), 2e-6);
        compare(st, names[i], "_dx", x.gradient, 2e-5);
        if (i < 3) compare(st, names[i], "_dgain", gain.gradient, 2e-5);
        if (i < 3) compare(st, names[i], "_dbias", bias.gradient, 2e-5);
        if (i == 2) {
            graph_forward(g);
            graph_forward(g);
            compare(st, "running_mean", "", running_mean, 1e-6);
            compare(st, "running_var", "", running_var, 2e-6);
        }
        graph_free(g);
        parameter_free(&x);
        parameter_free(&gain);
        parameter_free(&bias);
    }
    tensor_file_close(st);
}

static void a_folded_batch_norm_equals_pytorch_in_evaluation(void **state)
{
    (void)state;
    TensorFile *st = golden_open("tests/golden/graph_core.safetensors");
    float *x = golden_floats(st, "norm_x"), *gain = golden_floats(st, "norm_gain"),
          *shift = golden_floats(st, "norm_bias");
    float *mean = golden_floats(st, "running_mean"), *var = golden_floats(st, "running_var");
    float weight[12], bias[12] = {0}; /* a convolution that multiplies every channel by 1 */
    for (int c = 0; c < 12; c++) weight[c] = 1;
    batch_norm_fold(weight, bias, 12, 1, gain, shift, mean, var, 1e-5f);
    const size_t n = golden_view(st, "norm_x")->count;
    for (size_t i = 0; i < n; i++) x[i] = x[i] * weight[i % 12] + bias[i % 12];
    compare(st, "batch_norm_folded", "", x, 1e-6);
    free(x), free(gain), free(shift), free(mean), free(var);
    tensor_file_close(st);
}

static void cross_entropy_equals_pytorch(void **state)
{
    (void)state;
    TensorFile *st = golden_open("tests/golden/graph_core.safetensors");
    Parameter logits = golden_parameter(st, "logits");
    int64_t *wide = golden_integers(st, "targets");
    int32_t targets[7];
    for (int i = 0; i < 7; i++) targets[i] = (int32_t)wide[i];
    Graph *g = graph_new((GraphOptions){0});
    Node *loss = cross_entropy(g, parameter(g, &logits), constant_indices(g, shape(7), targets));
    compile_and_run(g, loss, loss);
    compare(st, "cross_entropy", "", node_data(loss), 1e-6);
    compare(st, "cross_entropy", "_dx", logits.gradient, 1e-6);
    free(wide);
    graph_free(g);
    parameter_free(&logits);
    tensor_file_close(st);
}

/* ---- against the definition ---- */

static Node *counted(Graph *g, Shape s) /* 1, 2, 3, ... */
{
    const size_t n = shape_size(s);
    float *values = xmalloc((n + 1) * sizeof *values);
    for (size_t i = 0; i < n; i++) values[i] = (float)(i + 1);
    Node *node = constant_copy(g, s, values);
    free(values);
    return node;
}

/* Coordinates of element i of a shape; the offset of coordinates in an operand, right-aligned, 1s repeated. */
static void coordinates(Shape s, size_t i, size_t at[SHAPE_MAX])
{
    for (int k = s.rank - 1; k >= 0; k--) {
        at[k] = i % s.dim[k];
        i /= s.dim[k];
    }
}

static size_t offset_in(Shape operand, Shape out, const size_t at[SHAPE_MAX])
{
    size_t offset = 0;
    for (int k = 0; k < operand.rank; k++)
        offset = offset * operand.dim[k] + (operand.dim[k] == 1 ? 0 : at[out.rank - operand.rank + k]);
    return offset;
}

static void check_broadcast(Shape a, Shape b, Shape expected)
{
    Node *(*const build[])(Graph *, Node *, Node *) = {add, subtract, mul};
    for (int op = 0; op < 3; op++) {
        Graph *g = graph_new((GraphOptions){0});
        Node *y = build[op](g, counted(g, a), counted(g, b));
        assert_true(shape_equal(node_shape(y), expected));
        compile_and_run(g, y, NULL);
        for (size_t i = 0; i < shape_size(expected); i++) {
            size_t at[SHAPE_MAX];
            coordinates(expected, i, at);
            const float left = (float)(1 + offset_in(a, expected, at)), right = (float)(1 + offset_in(b, expected, at));
            const float value = op == 0 ? left + right : (op == 1 ? left - right : left * right);
            assert_true(node_data(y)[i] == value);
        }
        graph_free(g);
    }
}

static void broadcasting_follows_numpy(void **state)
{
    (void)state;
    check_broadcast(shape(3, 4), shape(3, 4), shape(3, 4));
    check_broadcast(shape(3, 4), shape(4), shape(3, 4));
    check_broadcast(shape(4), shape(3, 4), shape(3, 4));
    check_broadcast(shape(3, 1), shape(4), shape(3, 4));
    check_broadcast(scalar_shape(), shape(2, 3), shape(2, 3));
    check_broadcast(shape(2, 1, 3, 1, 2), shape(4, 1, 5, 1), shape(2, 4, 3, 5, 2));
    check_broadcast(shape(2, 3, 1, 5), shape(2, 1, 4, 5), shape(2, 3, 4, 5));
    check_broadcast(shape(70, 100), shape(70, 1), shape(70, 100));
    check_broadcast(shape(9001), scalar_shape(), shape(9001));
    check_broadcast(shape(3, 5000), shape(1, 5000), shape(3, 5000));
    check_broadcast(scalar_shape(), scalar_shape(), scalar_shape());
    check_broadcast(shape(0, 3), shape(3), shape(0, 3));
}

static void check_transpose(Shape s, const int *axes)
{
    Graph *g = graph_new((GraphOptions){0});
    Node *y = transpose(g, counted(g, s), axes);
    const Shape t = node_shape(y);
    compile_and_run(g, y, NULL);
    for (size_t i = 0; i < shape_size(t); i++) {
        size_t at[SHAPE_MAX], from[SHAPE_MAX];
        coordinates(t, i, at);
        for (int k = 0; k < s.rank; k++) from[axes[k]] = at[k];
        assert_true(node_data(y)[i] == (float)(1 + offset_in(s, s, from)));
    }
    graph_free(g);
}

static void transpose_moves_every_element_to_its_place(void **state)
{
    (void)state;
    check_transpose(shape(17, 35), (int[]){1, 0});
    check_transpose(shape(2, 3, 5, 7), (int[]){0, 2, 1, 3});
    check_transpose(shape(2, 3, 5, 7), (int[]){0, 3, 1, 2});
    check_transpose(shape(2, 3, 5, 7), (int[]){3, 2, 1, 0});
    check_transpose(shape(2, 3, 2, 5, 3), (int[]){4, 1, 3, 0, 2});
    check_transpose(shape(2, 1, 4), (int[]){1, 2, 0});
    check_transpose(shape(3, 2), (int[]){0, 1});
}

static void check_values(Graph *g, Node *y, Shape s, const float *expected)
{
    compile_and_run(g, y, NULL);
    assert_true(shape_equal(node_shape(y), s));
    for (size_t i = 0; i < shape_size(s); i++) ASSERT_NEAR(node_data(y)[i], expected[i], 1e-6);
    graph_free(g);
}

/* `node` is an expression that builds it in the graph g. */
#define CHECK(node, s, ...)                                                                                            \
    do {                                                                                                               \
        Graph *g = graph_new((GraphOptions){0});                                                                       \
        check_values(g, node, s, (const float[]){__VA_ARGS__});                                                        \
    } while (0)
#define INDICES(...) constant_indices(g, shape_from(1, (size_t[]){COUNT(__VA_ARGS__)}), (int32_t[]){__VA_ARGS__})
#define COUNT(...)   (sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t))

static void layouts_gather_what_they_say(void **state)
{
    (void)state;
    CHECK(concat(g, (Node *[]){counted(g, shape(2, 2)), counted(g, shape(2, 1))}, 2, 1), shape(2, 3), 1, 2, 1, 3, 4, 2);
    CHECK(concat(g, (Node *[]){counted(g, shape(1, 2)), counted(g, shape(2, 2))}, 2, -2), shape(3, 2), 1, 2, 1, 2, 3,
          4);
    CHECK(slice(g, counted(g, shape(2, 4)), 1, 1, 2), shape(2, 2), 2, 3, 6, 7);
    CHECK(slice(g, counted(g, shape(3, 2)), 0, 2, 1), shape(1, 2), 5, 6);
    CHECK(broadcast_to(g, counted(g, shape(2, 1)), shape(2, 2, 2)), shape(2, 2, 2), 1, 1, 2, 2, 1, 1, 2, 2);
    CHECK(embedding(g, counted(g, shape(3, 2)), INDICES(2, 0)), shape(2, 2), 5, 6, 1, 2);
    CHECK(gather_rows(g, counted(g, shape(3, 2)), INDICES(1, 1, 2)), shape(3, 2), 3, 4, 3, 4, 5, 6);
    CHECK(gather_positions(g, counted(g, shape(2, 3, 2)), INDICES(2, 0)), shape(2, 2), 5, 6, 7, 8);
    CHECK(average_pool(g, counted(g, shape(1, 2, 4, 1)), 2), shape(1, 1, 2, 1), 3.5f, 5.5f);
    CHECK(upsample_nearest(g, counted(g, shape(1, 1, 2, 1)), 2), shape(1, 2, 4, 1), 1, 1, 2, 2, 1, 1, 2, 2);
    CHECK(reshape(g, counted(g, shape(2, 3)), shape(3, 2)), shape(3, 2), 1, 2, 3, 4, 5, 6);
}

static void reductions_take_their_axis(void **state)
{
    (void)state;
    CHECK(sum_axis(g, counted(g, shape(2, 3)), 0), shape(3), 5, 7, 9);
    CHECK(sum_axis(g, counted(g, shape(2, 3)), 1), shape(2), 6, 15);
    CHECK(mean_axis(g, counted(g, shape(2, 3)), -1), shape(2), 2, 5);
    CHECK(max_axis(g, counted(g, shape(2, 3)), 0), shape(3), 4, 5, 6);
    CHECK(max_axis(g, scale(g, counted(g, shape(2, 3)), -1), 1), shape(2), -1, -4);
    CHECK(sum_of_all(g, counted(g, shape(2, 3))), scalar_shape(), 21);
    CHECK(mean_of_all(g, counted(g, shape(2, 3))), scalar_shape(), 3.5f);
    CHECK(clamp(g, counted(g, shape(4)), 2, 3), shape(4), 2, 2, 3, 3);
    CHECK(sum_of_all(g, counted(g, shape(3000))), scalar_shape(), 4501500);
}

static void the_gradient_of_a_tie_goes_to_the_first_maximum(void **state)
{
    (void)state;
    Error err;
    Parameter x;
    assert_true(parameter_init(&x, "x", shape(4), &err)); /* four zeros */
    Graph *g = graph_new((GraphOptions){0});
    Node *y = max_axis(g, parameter(g, &x), 0);
    compile_and_run(g, y, y);
    assert_true(x.gradient[0] == 1 && x.gradient[1] == 0 && x.gradient[2] == 0 && x.gradient[3] == 0);
    graph_free(g);
    parameter_free(&x);
}

static void not_a_number_stays_not_a_number(void **state)
{
    (void)state;
    Node *(*const build[])(Graph *, Node *) = {relu,    gelu,        gelu_tanh, quick_gelu, silu,
                                               sigmoid, exponential, softmax,   sum_of_all};
    for (size_t i = 0; i < sizeof build / sizeof *build; i++) {
        Graph *g = graph_new((GraphOptions){0});
        Node *y = build[i](g, constant_copy(g, shape(2), (const float[]){1, NAN}));
        compile_and_run(g, y, NULL);
        assert_true(isnan(node_data(y)[shape_size(node_shape(y)) - 1]));
        graph_free(g);
    }
}

static void exponentials_end_as_libm_ends_them(void **state)
{
    (void)state;
    Graph *g = graph_new((GraphOptions){0});
    const float x[] = {-INFINITY, -200, -104, -100, -87.4f, 0, 88.7f, 89, INFINITY};
    Node *y = exponential(g, constant_copy(g, shape(9), x));
    compile_and_run(g, y, NULL);
    for (int i = 0; i < 9; i++) {
        const float expected = expf(x[i]);
        if (isinf(expected))
            assert_true(isinf(node_data(y)[i]));
        else
            ASSERT_NEAR(node_data(y)[i], expected, 2e-7 * (double)expected + 2e-45);
    }
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_equal_pytorch_in_double),
        cmocka_unit_test(normalisations_equal_pytorch),
        cmocka_unit_test(a_folded_batch_norm_equals_pytorch_in_evaluation),
        cmocka_unit_test(cross_entropy_equals_pytorch),
        cmocka_unit_test(broadcasting_follows_numpy),
        cmocka_unit_test(transpose_moves_every_element_to_its_place),
        cmocka_unit_test(layouts_gather_what_they_say),
        cmocka_unit_test(reductions_take_their_axis),
        cmocka_unit_test(the_gradient_of_a_tie_goes_to_the_first_maximum),
        cmocka_unit_test(not_a_number_stays_not_a_number),
        cmocka_unit_test(exponentials_end_as_libm_ends_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
