/* The graph around its operators: what is kept, what is shared, what is the same in every form. */
#include "harness/graph/ops.h"
#include "harness/graph/random.h"

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void must_compile(Graph *g, Node *const *outputs, size_t count, Node *loss)
{
    Error err;
    if (!graph_compile(g, outputs, count, loss, &err)) fail_msg("%s", err.text);
}

static Parameter random_parameter(Random *random, Shape s)
{
    Error err;
    Parameter p;
    if (!parameter_init(&p, "p", s, &err)) fail_msg("%s", err.text);
    random_normal(random, p.value, shape_size(s));
    return p;
}

/* ---- inputs, outputs, parameters ---- */

static void an_example_of_the_header_runs(void **state)
{
    (void)state;
    Random random;
    random_seed(&random, 1);
    Parameter weights = random_parameter(&random, shape(3, 4));
    Graph *g = graph_new((GraphOptions){0});
    Node *x = input(g, "x", shape(2, 4));
    Node *y = linear(g, x, parameter(g, &weights), NULL);
    Node *loss = mean_of_all(g, mul(g, y, y));
    must_compile(g, (Node *[]){y}, 1, loss);
    for (int i = 0; i < 8; i++) node_data(x)[i] = (float)i;
    graph_forward(g);
    graph_backward(g);
    double sum = 0, slope = 0;
    for (int r = 0; r < 2; r++)
        for (int o = 0; o < 3; o++) {
            double dot = 0;
            for (int i = 0; i < 4; i++) dot += (double)(r * 4 + i) * (double)weights.value[o * 4 + i];
            assert_true(fabs(dot - (double)node_data(y)[r * 3 + o]) < 1e-5);
            sum += dot * dot / 6;
            if (o == 0) slope += 2 * dot * (r * 4 + 1) / 6;
        }
    assert_true(fabs(sum - (double)node_data(loss)[0]) < 1e-5 * sum);
    assert_true(fabs(slope - (double)weights.gradient[1]) < 1e-5 * fabs(slope) + 1e-5);
    graph_free(g);
    parameter_free(&weights);
}

static void inputs_keep_their_values_and_outputs_theirs(void **state)
{
    (void)state;
    Graph *g = graph_new((GraphOptions){0});
    Node *x = input(g, "x", shape(100)), *unused = input(g, "unused", shape(3));
    Node *first = scale(g, x, 2), *y = first;
    for (int i = 0; i < 6; i++) y = relu(g, scale(g, y, 1.5f));
    Node *view = reshape(g, x, shape(10, 10));
    must_compile(g, (Node *[]){y, first, view, x}, 4, NULL);
    for (int i = 0; i < 100; i++) node_data(x)[i] = (float)(i - 50);
    node_data(unused)[2] = 1;
    for (int run = 0; run < 2; run++) {
        graph_forward(g);
        for (int i = 0; i < 100; i++) {
            assert_true(node_data(x)[i] == (float)(i - 50));
            assert_true(node_data(view)[i] == (float)(i - 50));
            assert_true(node_data(first)[i] == (float)(2 * i - 100));
            assert_true(node_data(y)[i] == fmaxf(0, (float)(2 * i - 100) * 11.390625f));
        }
    }
    graph_free(g);
}

static void a_chain_of_elementwise_operators_takes_one_buffer(void **state)
{
    (void)state;
    Graph *g = graph_new((GraphOptions){0});
    Node *x = input(g, "x", shape(1024)), *y = x;
    for (int i = 0; i < 20; i++) y = relu(g, scale(g, y, -1));
    must_compile(g, &y, 1, NULL);
    assert_int_equal(graph_cost(g).buffer_bytes, 2 * 4096);
    assert_int_equal(graph_cost(g).nodes, 40);
    graph_free(g);
}

static void nodes_that_nothing_needs_are_dropped(void **state)
{
    (void)state;
    Graph *g = graph_new((GraphOptions){0});
    Node *x = input(g, "x", shape(4)), *y = relu(g, x);
    for (int i = 0; i < 5; i++) gelu(g, y);
    must_compile(g, &y, 1, NULL);
    assert_int_equal(graph_cost(g).nodes, 1);
    graph_free(g);
}

static void a_parameter_that_the_loss_does_not_depend_on_gets_zeros(void **state)
{
    (void)state;
    Random random;
    random_seed(&random, 1);
    Parameter used = random_parameter(&random, shape(3)), unused = random_parameter(&random, shape(3));
    Parameter beside = random_parameter(&random, shape(3)), frozen = random_parameter(&random, shape(3));
    frozen.frozen = true;
    for (int i = 0; i < 3; i++) unused.gradient[i] = beside.gradient[i] = frozen.gradient[i] = 7;
    Graph *g = graph_new((GraphOptions){0});
    parameter(g, &unused);
    Node *output = exponential(g, parameter(g, &beside));
    Node *loss = sum_of_all(g, mul(g, parameter(g, &used), parameter(g, &frozen)));
    must_compile(g, &output, 1, loss);
    graph_forward(g);
    graph_backward(g);
    for (int i = 0; i < 3; i++) {
        assert_true(unused.gradient[i] == 0 && beside.gradient[i] == 0);
        assert_true(used.gradient[i] == frozen.value[i] && frozen.gradient[i] == 7);
    }
    graph_free(g);
    parameter_free(&used), parameter_free(&unused), parameter_free(&beside), parameter_free(&frozen);
}

static void a_parameter_has_one_node_and_may_be_the_loss_itself(void **state)
{
    (void)state;
    Random random;
    random_seed(&random, 1);
    Parameter p = random_parameter(&random, scalar_shape());
    Graph *g = graph_new((GraphOptions){0});
    Node *node = parameter(g, &p);
    assert_ptr_equal(node, parameter(g, &p));
    must_compile(g, NULL, 0, node);
    graph_forward(g);
    graph_backward(g);
    assert_true(p.gradient[0] == 1);
    graph_free(g);
    parameter_free(&p);
}

static void a_graph_larger_than_the_address_space_is_an_error(void **state)
{
    (void)state;
    Error err;
    Graph *g = graph_new((GraphOptions){0});
    Node *y = relu(g, input(g, "x", shape((size_t)1 << 30, (size_t)1 << 31)));
    assert_false(graph_compile(g, &y, 1, NULL, &err));
    assert_non_null(strstr(err.text, "larger than a machine can address"));
    graph_free(g);
}

/* ---- the same numbers in every form ---- */

enum { WIDTH = 24, ROWS = 6, STEPS = 30, PARAMETERS = 5 };

/* A random graph over [ROWS, WIDTH] values: every node is made from earlier ones, so values are read once, often and never. */
static Node *random_node(Graph *g, Random *random, Node *const *made, size_t count, Parameter *p)
{
    Node *a = made[random_below(random, count)], *b = made[random_below(random, count)];
    Node *row = parameter(g, &p[random_below(random, 3)]); /* [WIDTH] */
    switch (random_below(random, 14)) {
    case 0:
        return add(g, a, b);
    case 1:
        return subtract(g, a, b);
    case 2:
        return mul(g, l2_normalise(g, a, 1e-6f), b);
    case 3:
        return relu(g, a);
    case 4:
        return gelu(g, a);
    case 5:
        return add(g, a, row);
    case 6:
        return softmax(g, a);
    case 7:
        return layer_norm(g, a, row, parameter(g, &p[0]), 1e-5f);
    case 8:
        return reshape(g, silu(g, reshape(g, a, shape(WIDTH, ROWS))), shape(ROWS, WIDTH));
    case 9:
        return reshape(g, reshape(g, a, shape(ROWS * WIDTH)), shape(ROWS, WIDTH));
    case 10:
        return concat(g, (Node *[]){slice(g, a, 1, 0, 7), slice(g, b, 1, 7, WIDTH - 7)}, 2, 1);
    case 11:
        return linear(g, a, parameter(g, &p[4]), row);
    case 12:
        return scale(g, transpose(g, transpose(g, a, (int[]){1, 0}), (int[]){1, 0}), 0.5f);
    default:
        return add(g, mean_axis(g, a, 0), b);
    }
}

typedef struct RandomRun { /* what a form of the graph comes to */
    float out[2][ROWS * WIDTH], gradient[PARAMETERS][WIDTH * WIDTH];
    GraphCost cost;
} RandomRun;

static void run_random_graph(uint64_t seed, Parameter *p, GraphOptions options, bool loss, RandomRun *result)
{
    Random random;
    random_seed(&random, seed);
    Graph *g = graph_new(options);
    Node *made[STEPS + 2], *x = input(g, "x", shape(ROWS, WIDTH));
    size_t count = 0;
    made[count++] = x;
    made[count++] = parameter(g, &p[3]); /* [ROWS, WIDTH] */
    while (count < STEPS + 2) {
        made[count] = random_node(g, &random, made, count, p);
        count++;
    }
    Node *last = made[count - 1], *outputs[] = {made[count / 2], last};
    Node *sum = sum_of_all(g, l2_normalise(g, add(g, last, scale(g, made[count - 3], 0.5f)), 1e-6f));
    must_compile(g, outputs, 2, loss ? sum : NULL);
    Random values;
    random_seed(&values, seed + 1000);
    random_normal(&values, node_data(x), ROWS * WIDTH);
    graph_forward(g);
    if (loss) graph_backward(g);
    memset(result, 0, sizeof *result);
    for (int i = 0; i < 2; i++) memcpy(result->out[i], node_data(outputs[i]), sizeof result->out[i]);
    for (int i = 0; i < PARAMETERS && loss; i++)
        memcpy(result->gradient[i], p[i].gradient, shape_size(p[i].shape) * sizeof(float));
    result->cost = graph_cost(g);
    graph_free(g);
}

static void with_parameters(void (*body)(uint64_t seed, Parameter *p))
{
    Random random;
    random_seed(&random, 3);
    Parameter p[PARAMETERS];
    const Shape shapes[PARAMETERS] = {shape(WIDTH), shape(WIDTH), shape(WIDTH), shape(ROWS, WIDTH),
                                      shape(WIDTH, WIDTH)};
    for (int i = 0; i < PARAMETERS; i++) p[i] = random_parameter(&random, shapes[i]);
    for (uint64_t seed = 0; seed < 60; seed++) body(seed, p);
    for (int i = 0; i < PARAMETERS; i++) parameter_free(&p[i]);
}

static void compare_sharing(uint64_t seed, Parameter *p)
{
    RandomRun planned, apart;
    for (int loss = 0; loss < 2; loss++) {
        run_random_graph(seed, p, (GraphOptions){0}, loss, &planned);
        run_random_graph(seed, p, (GraphOptions){.no_sharing = true}, loss, &apart);
        if (memcmp(planned.out, apart.out, sizeof apart.out) != 0) fail_msg("values of graph %d differ", (int)seed);
        if (memcmp(planned.gradient, apart.gradient, sizeof apart.gradient) != 0)
            fail_msg("gradients of graph %d differ", (int)seed);
        assert_true(planned.cost.buffer_bytes <= apart.cost.buffer_bytes);
        for (int i = 0; i < ROWS * WIDTH; i++) assert_true(isfinite(planned.out[1][i]));
    }
}

static void shared_buffers_give_the_bits_of_buffers_apart(void **state)
{
    (void)state;
    with_parameters(compare_sharing);
}

static void compare_fusion(uint64_t seed, Parameter *p)
{
    RandomRun fused, plain;
    run_random_graph(seed, p, (GraphOptions){0}, false, &fused);
    run_random_graph(seed, p, (GraphOptions){.no_fusion = true}, false, &plain);
    for (int o = 0; o < 2; o++)
        for (int i = 0; i < ROWS * WIDTH; i++) {
            const double a = (double)fused.out[o][i], b = (double)plain.out[o][i];
            if (!(fabs(a - b) <= 2e-4 * fmax(1, fabs(b)))) /* normalisations magnify roundings */
                fail_msg("graph %d: fused %g, unfused %g", (int)seed, a, b);
        }
}

static void fused_random_graphs_equal_unfused_ones(void **state)
{
    (void)state;
    with_parameters(compare_fusion);
}

static void compare_runs(uint64_t seed, Parameter *p)
{
    RandomRun first, second;
    run_random_graph(seed, p, (GraphOptions){0}, true, &first);
    run_random_graph(seed, p, (GraphOptions){0}, true, &second);
    assert_memory_equal(first.out, second.out, sizeof first.out);
    assert_memory_equal(first.gradient, second.gradient, sizeof first.gradient);
}

static void two_runs_give_the_same_bits(void **state)
{
    (void)state;
    with_parameters(compare_runs);
}

/* ---- sums that threads share ---- */

typedef struct NormRun {
    float out[64], gain[48], bias[48], row[48];
} NormRun;

static void run_norms(Parameter p[4], NormRun *result)
{
    static float mean[48], var[48];
    Graph *g = graph_new((GraphOptions){0});
    Node *x = parameter(g, &p[0]), *gain = parameter(g, &p[1]), *bias = parameter(g, &p[2]);
    Node *y = batch_norm(g, x, gain, bias, mean, var, 0.1f, 1e-5f);
    y = add(g, relu(g, y), parameter(g, &p[3]));
    y = group_norm(g, reshape(g, y, shape(4, 500, 48)), gain, bias, 6, 1e-5f);
    y = layer_norm(g, y, gain, bias, 1e-5f);
    Node *out = mean_axis(g, reshape(g, y, shape(1500, 64)), 0);
    must_compile(g, &out, 1, sum_of_all(g, mul(g, out, softmax(g, out))));
    graph_forward(g);
    graph_backward(g);
    memcpy(result->out, node_data(out), sizeof result->out);
    memcpy(result->gain, p[1].gradient, sizeof result->gain);
    memcpy(result->bias, p[2].gradient, sizeof result->bias);
    memcpy(result->row, p[3].gradient, sizeof result->row);
    graph_free(g);
}

static void the_number_of_threads_does_not_change_the_bits(void **state)
{
    (void)state;
    Random random;
    random_seed(&random, 9);
    const Shape shapes[4] = {shape(2000, 48), shape(48), shape(48), shape(48)};
    Parameter p[4];
    for (int i = 0; i < 4; i++) p[i] = random_parameter(&random, shapes[i]);
    const int before = omp_get_max_threads();
    NormRun one, other;
    omp_set_num_threads(1);
    run_norms(p, &one);
    for (int threads = 2; threads < 4; threads++) {
        omp_set_num_threads(threads);
        run_norms(p, &other);
        assert_memory_equal(&one, &other, sizeof one);
    }
    omp_set_num_threads(before);
    for (int i = 0; i < 4; i++) parameter_free(&p[i]);
}

/* ---- fusion, form by form ---- */

typedef Node *(*Form)(Graph *g, Node *product, Node *residual);

static Node *form_relu(Graph *g, Node *product, Node *residual)
{
    (void)residual;
    return relu(g, product);
}
static Node *form_gelu(Graph *g, Node *product, Node *residual)
{
    (void)residual;
    return gelu(g, product);
}
static Node *form_gelu_tanh(Graph *g, Node *product, Node *residual)
{
    (void)residual;
    return gelu_tanh(g, product);
}
static Node *form_quick_gelu(Graph *g, Node *product, Node *residual)
{
    (void)residual;
    return quick_gelu(g, product);
}
static Node *form_residual(Graph *g, Node *product, Node *residual)
{
    return add(g, residual, product);
}
static Node *form_residual_relu(Graph *g, Node *product, Node *residual)
{
    return relu(g, add(g, product, residual));
}
static Node *form_silu_residual(Graph *g, Node *product, Node *residual)
{
    return add(g, silu(g, product), residual);
}

/* The values of a form over a product of random numbers; `nodes`: how many operators remain. */
static void run_form(Form form, bool conv, bool bias, bool no_fusion, float *values, size_t *nodes)
{
    Random random;
    random_seed(&random, 4);
    float x[2 * 6 * 5 * 16], weight[24 * 16 * 9], b[24], residual[2 * 6 * 5 * 24];
    random_normal(&random, x, sizeof x / sizeof *x);
    random_normal(&random, weight, sizeof weight / sizeof *weight);
    random_normal(&random, b, 24);
    random_normal(&random, residual, sizeof residual / sizeof *residual);
    Graph *g = graph_new((GraphOptions){.no_fusion = no_fusion, .arithmetic.exact = true});
    Node *in = constant(g, shape(2, 6, 5, 16), x), *shift = bias ? constant(g, shape(24), b) : NULL;
    Node *product = conv ? conv2d(g, in, constant(g, shape(24, 16, 3, 3), weight), shift, (ConvOptions){.padding = 1})
                         : linear(g, in, constant(g, shape(24, 16), weight), shift);
    Node *y = form(g, product, constant(g, shape(2, 6, 5, 24), residual));
    must_compile(g, &y, 1, NULL);
    graph_forward(g);
    memcpy(values, node_data(y), sizeof residual);
    *nodes = graph_cost(g).nodes;
    graph_free(g);
}

static void every_epilogue_equals_its_operators(void **state)
{
    (void)state;
    const Form forms[] = {form_relu,     form_gelu,          form_gelu_tanh,    form_quick_gelu,
                          form_residual, form_residual_relu, form_silu_residual};
    for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
        for (int which = 0; which < 4; which++) {
            float fused[2 * 6 * 5 * 24], plain[2 * 6 * 5 * 24];
            size_t fused_nodes, plain_nodes;
            run_form(forms[f], which & 1, which & 2, false, fused, &fused_nodes);
            run_form(forms[f], which & 1, which & 2, true, plain, &plain_nodes);
            assert_int_equal(fused_nodes, 1);
            assert_true(plain_nodes > 1);
            for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
                if (!(fabs((double)fused[i] - (double)plain[i]) <= 1e-5 * fmax(1, fabs((double)plain[i]))))
                    fail_msg("form %zu (%d): fused %g, plain %g", f, which, (double)fused[i], (double)plain[i]);
        }
}

static void a_product_that_is_read_twice_is_not_fused(void **state)
{
    (void)state;
    float x[8] = {1, -2, 3, -4, 5, -6, 7, -8}, weight[16];
    for (int i = 0; i < 16; i++) weight[i] = (float)(i % 5) - 2;
    for (int output = 0; output < 2; output++) {
        Graph *g = graph_new((GraphOptions){0});
        Node *product = linear(g, constant(g, shape(2, 4), x), constant(g, shape(4, 4), weight), NULL);
        Node *y = relu(g, product), *z = output ? product : scale(g, product, 1);
        must_compile(g, (Node *[]){y, z}, 2, NULL);
        graph_forward(g);
        for (int i = 0; i < 8; i++) assert_true(node_data(y)[i] == fmaxf(0, node_data(z)[i]));
        assert_int_equal(graph_cost(g).nodes, output ? 2 : 3);
        graph_free(g);
    }
}

static void batch_norm_with_relu_equals_both_apart(void **state)
{
    (void)state;
    Random random;
    random_seed(&random, 6);
    Parameter x = random_parameter(&random, shape(50, 8)), gain = random_parameter(&random, shape(8));
    Parameter bias = random_parameter(&random, shape(8));
    float out[2][400], gradient[2][400], mean[8] = {0}, var[8] = {0};
    for (int apart = 0; apart < 2; apart++) {
        Graph *g = graph_new((GraphOptions){.no_fusion = apart});
        Node *y = batch_norm(g, parameter(g, &x), parameter(g, &gain), parameter(g, &bias), mean, var, 0.1f, 1e-5f);
        y = relu(g, y);
        must_compile(g, &y, 1, sum_of_all(g, mul(g, y, y)));
        assert_int_equal(graph_cost(g).nodes, apart ? 4 : 3);
        graph_forward(g);
        graph_backward(g);
        memcpy(out[apart], node_data(y), sizeof out[0]);
        memcpy(gradient[apart], x.gradient, sizeof gradient[0]);
        graph_free(g);
    }
    assert_memory_equal(out[0], out[1], sizeof out[0]);
    assert_memory_equal(gradient[0], gradient[1], sizeof gradient[0]);
    parameter_free(&x), parameter_free(&gain), parameter_free(&bias);
}

static void group_norm_with_silu_equals_both_apart(void **state)
{
    (void)state;
    Random random;
    random_seed(&random, 8);
    Parameter x = random_parameter(&random, shape(2, 5, 7, 12)), gain = random_parameter(&random, shape(12));
    Parameter bias = random_parameter(&random, shape(12));
    float out[2][2 * 5 * 7 * 12];
    for (int apart = 0; apart < 2; apart++) {
        Graph *g = graph_new((GraphOptions){.no_fusion = apart});
        Node *y = silu(g, group_norm(g, parameter(g, &x), parameter(g, &gain), parameter(g, &bias), 3, 1e-5f));
        must_compile(g, &y, 1, NULL);
        assert_int_equal(graph_cost(g).nodes, apart ? 2 : 1);
        graph_forward(g);
        memcpy(out[apart], node_data(y), sizeof out[0]);
        graph_free(g);
    }
    assert_memory_equal(out[0], out[1], sizeof out[0]);
    parameter_free(&x), parameter_free(&gain), parameter_free(&bias);
}

/* ---- values that come from a file ---- */

static int loads;

static bool load_ones(Parameter *p, Error *err)
{
    loads++;
    if (!p->source) return (fail)(err, "nothing to load from");
    if (!big_alloc(&p->value, shape_size(p->shape), sizeof(float), "ones", err)) return false;
    for (size_t i = 0; i < shape_size(p->shape); i++) p->value[i] = 1;
    return true;
}

/* One weight that only products read, one that an addition reads at every run. */
static void values_are_loaded_for_the_compile_and_kept_only_if_runs_read_them(void **state)
{
    (void)state;
    Parameter packed = {
        .name = xstrdup("packed"), .shape = shape(4, 4), .frozen = true, .load = load_ones, .source = ""};
    Parameter read = packed;
    read.name = xstrdup("read");
    loads = 0;
    for (int round = 0; round < 2; round++) {
        Graph *g = graph_new((GraphOptions){0});
        Node *x = input(g, "x", shape(4, 4)), *y = linear(g, x, parameter(g, &packed), NULL);
        y = add(g, linear(g, y, parameter(g, &packed), NULL), parameter(g, &read));
        y = linear(g, y, parameter(g, &read), NULL);
        must_compile(g, &y, 1, NULL);
        for (int i = 0; i < 16; i++) node_data(x)[i] = 1;
        graph_forward(g);
        assert_true(node_data(y)[0] == 68); /* 4 (4 * 4 + 1) */
        assert_null(packed.value);
        assert_non_null(read.value);
        assert_int_equal(loads, round ? 3 : 2); /* the one that stayed is not loaded again */
        graph_free(g);
    }
    parameter_free(&packed), parameter_free(&read);
}

static void a_failing_load_fails_the_compile(void **state)
{
    (void)state;
    Error err;
    Parameter p = {.name = xstrdup("p"), .shape = shape(4, 4), .frozen = true, .load = load_ones};
    Graph *g = graph_new((GraphOptions){0});
    Node *y = linear(g, input(g, "x", shape(4, 4)), parameter(g, &p), NULL);
    assert_false(graph_compile(g, &y, 1, NULL, &err));
    assert_string_equal(err.text, "nothing to load from");
    graph_free(g);
    parameter_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_example_of_the_header_runs),
        cmocka_unit_test(inputs_keep_their_values_and_outputs_theirs),
        cmocka_unit_test(a_chain_of_elementwise_operators_takes_one_buffer),
        cmocka_unit_test(nodes_that_nothing_needs_are_dropped),
        cmocka_unit_test(a_parameter_that_the_loss_does_not_depend_on_gets_zeros),
        cmocka_unit_test(a_parameter_has_one_node_and_may_be_the_loss_itself),
        cmocka_unit_test(a_graph_larger_than_the_address_space_is_an_error),
        cmocka_unit_test(shared_buffers_give_the_bits_of_buffers_apart),
        cmocka_unit_test(fused_random_graphs_equal_unfused_ones),
        cmocka_unit_test(two_runs_give_the_same_bits),
        cmocka_unit_test(the_number_of_threads_does_not_change_the_bits),
        cmocka_unit_test(every_epilogue_equals_its_operators),
        cmocka_unit_test(a_product_that_is_read_twice_is_not_fused),
        cmocka_unit_test(batch_norm_with_relu_equals_both_apart),
        cmocka_unit_test(group_norm_with_silu_equals_both_apart),
        cmocka_unit_test(values_are_loaded_for_the_compile_and_kept_only_if_runs_read_them),
        cmocka_unit_test(a_failing_load_fails_the_compile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
