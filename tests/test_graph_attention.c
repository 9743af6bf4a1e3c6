/* Attention, its prefix form and local aggregation: against torch (tests/golden/make_graph_attention.py) and one another. */
#include "harness/graph/fast_math.h"
#include "harness/graph/op_attention.h"
#include "harness/graph/random.h"
#include "tests/golden_arrays.h"
#include "tests/gradient_check.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const golden_path = "tests/golden/graph_attention.safetensors";

/* Largest difference, relative to the largest expected value. */
static float difference(const float *values, const float *expected, size_t n)
{
    float worst = 0, largest = 1e-20f;
    for (size_t i = 0; i < n; i++) {
        if (!(fabsf(values[i] - expected[i]) <= worst)) worst = fabsf(values[i] - expected[i]);
        if (fabsf(expected[i]) > largest) largest = fabsf(expected[i]);
    }
    return worst / largest;
}

static void assert_close(const float *values, const float *expected, size_t n, float tolerance)
{
    const float d = difference(values, expected, n);
    if (!(d <= tolerance)) fail_msg("differs by %g of the largest value, %g is allowed", (double)d, (double)tolerance);
}

static void assert_golden(const TensorFile *st, const char *name, const char *suffix, const float *values)
{
    char full[64];
    snprintf(full, sizeof full, "%s.%s", name, suffix);
    float *expected = golden_floats(st, full);
    assert_close(values, expected, golden_view(st, full)->count, 5e-6f);
    free(expected);
}

/* A parameter of torch.randn values times `factor`. */
static void draw(Parameter *p, const char *name, Shape s, Random *random, float factor)
{
    Error err;
    if (!parameter_init(p, name, s, &err)) die("%s", err.text);
    random_normal(random, p->value, shape_size(s));
    for (size_t i = 0; i < shape_size(s); i++) p->value[i] *= factor;
}

/* Forward and backward with dy (drawn from `random`) as the gradient by y. The caller frees the graph. */
static void run(Graph *g, Node *y, Random *random)
{
    const size_t n = shape_size(node_shape(y));
    float *dy = xmalloc(n * sizeof *dy);
    random_normal(random, dy, n);
    Node *loss = sum_of_all(g, mul(g, y, constant_copy(g, node_shape(y), dy)));
    free(dy);
    Error err;
    if (!graph_compile(g, (Node *[]){y}, 1, loss, &err)) die("%s", err.text);
    graph_forward(g);
    graph_backward(g);
}

typedef struct Case {
    const char *name;
    uint64_t seed;
    size_t batch, queries, keys, width;
    int heads;
    AttentionMask mask;
} Case;

static const Case cases[] = {
    {"self", 1, 2, 37, 37, 24, 3, ATTEND_ALL},          {"causal", 2, 2, 37, 37, 24, 3, ATTEND_CAUSAL},
    {"longer_keys", 3, 1, 5, 21, 16, 2, ATTEND_CAUSAL}, {"cross", 4, 2, 40, 17, 20, 1, ATTEND_ALL},
    {"one_query", 5, 3, 1, 50, 32, 4, ATTEND_ALL},
};

/* query_tile 0: as attention() chooses. */
static void check_case(const TensorFile *st, const Case *c, size_t query_tile, size_t key_tile)
{
    Random random;
    random_seed(&random, c->seed);
    Parameter q, k, v;
    draw(&q, "q", shape(c->batch, c->queries, c->width), &random, 2);
    draw(&k, "k", shape(c->batch, c->keys, c->width), &random, 2);
    draw(&v, "v", shape(c->batch, c->keys, c->width), &random, 1);
    Graph *g = graph_new((GraphOptions){0});
    Node *nodes[] = {parameter(g, &q), parameter(g, &k), parameter(g, &v)};
    Node *y = query_tile
                  ? attention_with_tiles(g, nodes[0], nodes[1], nodes[2], c->heads, c->mask, query_tile, key_tile)
                  : attention(g, nodes[0], nodes[1], nodes[2], c->heads, c->mask);
    run(g, y, &random);
    assert_golden(st, c->name, "y", node_data(y));
    assert_golden(st, c->name, "dq", q.gradient);
    assert_golden(st, c->name, "dk", k.gradient);
    assert_golden(st, c->name, "dv", v.gradient);
    graph_free(g);
    parameter_free(&q);
    parameter_free(&k);
    parameter_free(&v);
}

static void attention_and_its_gradients_are_torch_s_with_any_tiles(void **state)
{
    (void)state;
    static const size_t tiles[][2] = {{0, 0}, {1, 1}, {4, 3}, {16, 8}, {7, 64}, {64, 5}};
    TensorFile *st = golden_open(golden_path);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t t = 0; t < sizeof tiles / sizeof tiles[0]; t++) check_case(st, &cases[i], tiles[t][0], tiles[t][1]);
    tensor_file_close(st);
}

/* Scores of some hundreds would overflow exp; the running maximum must hold over tiles in rising and falling order. */
static void large_scores_do_not_overflow(void **state)
{
    (void)state;
    enum { KEYS = 12 };
    float q[2] = {30, 30}, k[KEYS], v[KEYS];
    for (int order = 0; order < 2; order++) {
        for (int j = 0; j < KEYS; j++) k[j] = order ? (float)j : (float)(KEYS - j), v[j] = (float)j;
        Graph *g = graph_new((GraphOptions){0});
        Node *y = attention_with_tiles(g, constant(g, shape(1, 2, 1), q), constant(g, shape(1, KEYS, 1), k),
                                       constant(g, shape(1, KEYS, 1), v), 1, ATTEND_ALL, 2, 5);
        Error err;
        assert_true(graph_compile(g, &y, 1, NULL, &err));
        graph_forward(g);
        assert_float_equal(node_data(y)[1], (order ? KEYS - 1 : 0), 1e-5);
        graph_free(g);
    }
}

/* Forward, and with it the backward, which goes by tiles and reads the logarithms of the sums. */
static void check_lanes(size_t queries, size_t keys, size_t heads, size_t depth, float size)
{
    Parameter p[3];
    float *y[2], *gradients[2][3];
    for (int way = 0; way < 2; way++) {
        Random random;
        random_seed(&random, 9);
        draw(&p[0], "q", shape(2, queries, heads * depth), &random, size);
        draw(&p[1], "k", shape(2, keys, heads * depth), &random, size);
        draw(&p[2], "v", shape(2, keys, heads * depth), &random, 1);
        Graph *g = graph_new((GraphOptions){0});
        Node *q = parameter(g, &p[0]), *k = parameter(g, &p[1]), *v = parameter(g, &p[2]);
        Node *out = way ? attention(g, q, k, v, (int)heads, ATTEND_ALL)
                        : attention_with_tiles(g, q, k, v, (int)heads, ATTEND_ALL, 0, 0);
        run(g, out, &random);
        y[way] = memcpy(xmalloc(node_bytes(out)), node_data(out), node_bytes(out));
        graph_free(g);
        for (int i = 0; i < 3; i++) {
            const size_t bytes = shape_size(p[i].shape) * sizeof(float);
            gradients[way][i] = memcpy(xmalloc(bytes), p[i].gradient, bytes);
        }
        for (int i = 0; way == 0 && i < 3; i++) parameter_free(&p[i]);
    }
    const size_t n = 2 * queries * heads * depth;
    assert_memory_not_equal(y[0], y[1], n * sizeof(float)); /* they are two ways */
    assert_close(y[1], y[0], n, 5e-6f);
    for (int i = 0; i < 3; i++) {
        assert_close(gradients[1][i], gradients[0][i], shape_size(p[i].shape), 2e-5f);
        parameter_free(&p[i]);
        free(gradients[0][i]), free(gradients[1][i]);
    }
    free(y[0]), free(y[1]);
}

/* Chunks and tiles that are not full, and full ones. */
static void attention_by_lanes_is_attention_by_tiles(void **state)
{
    (void)state;
    check_lanes(1031, 300, 2, 40, 1);
    check_lanes(1024, 77, 1, 7, 2);
    check_lanes(1100, 257, 1, 64, 2);
    check_lanes(1024, 128, 3, 17, 1);
}

static void large_scores_do_not_overflow_by_lanes(void **state)
{
    (void)state;
    enum { QUERIES = 1024, KEYS = 300 };
    float q[QUERIES], k[KEYS], v[KEYS];
    for (int order = 0; order < 2; order++) {
        for (int i = 0; i < QUERIES; i++) q[i] = 30;
        for (int j = 0; j < KEYS; j++) k[j] = order ? (float)j : (float)(KEYS - j), v[j] = (float)j;
        Graph *g = graph_new((GraphOptions){0});
        Node *y = attention(g, constant(g, shape(1, QUERIES, 1), q), constant(g, shape(1, KEYS, 1), k),
                            constant(g, shape(1, KEYS, 1), v), 1, ATTEND_ALL);
        Error err;
        assert_true(graph_compile(g, &y, 1, NULL, &err));
        graph_forward(g);
        assert_float_equal(node_data(y)[1], (order ? KEYS - 1 : 0), 1e-5);
        graph_free(g);
    }
}

enum { PREFIX = 5, WIDTH = 24, HEADS = 3, ROWS = 14, SEQUENCES = 4 };
static const int32_t ragged[SEQUENCES + 1] = {0, 4, 5, 8, 14};

typedef struct PrefixInputs {
    Parameter q, k, v, prefix_k, prefix_v;
    Random random;
} PrefixInputs;

static void draw_prefix_inputs(PrefixInputs *in)
{
    random_seed(&in->random, 21);
    draw(&in->q, "q", shape(ROWS, WIDTH), &in->random, 2);
    draw(&in->k, "k", shape(ROWS, WIDTH), &in->random, 2);
    draw(&in->v, "v", shape(ROWS, WIDTH), &in->random, 1);
    draw(&in->prefix_k, "prefix k", shape(PREFIX, WIDTH), &in->random, 2);
    draw(&in->prefix_v, "prefix v", shape(PREFIX, WIDTH), &in->random, 1);
}

static void free_prefix_inputs(PrefixInputs *in)
{
    Parameter *all[] = {&in->q, &in->k, &in->v, &in->prefix_k, &in->prefix_v};
    for (int i = 0; i < 5; i++) parameter_free(all[i]);
}

/* One sequence the plain way: attention over prefix and rows together, of which the rows are kept. -> [rows, WIDTH] */
static Node *plain_sequence(Graph *g, Node *const in[5], size_t first, size_t rows, bool has_prefix)
{
    Node *q = slice(g, in[0], 0, first, rows), *k = slice(g, in[1], 0, first, rows),
         *v = slice(g, in[2], 0, first, rows);
    size_t keys = rows;
    if (has_prefix) {
        k = concat(g, (Node *[]){in[3], k}, 2, 0);
        v = concat(g, (Node *[]){in[4], v}, 2, 0);
        keys += PREFIX;
    }
    Node *y = attention(g, reshape(g, q, shape(1, rows, WIDTH)), reshape(g, k, shape(1, keys, WIDTH)),
                        reshape(g, v, shape(1, keys, WIDTH)), HEADS, ATTEND_CAUSAL);
    return reshape(g, y, shape(rows, WIDTH));
}

static Node *plain_form(Graph *g, Node *const in[5], const int32_t *offsets, size_t sequences, bool has_prefix)
{
    Node *parts[ROWS];
    for (size_t s = 0; s < sequences; s++)
        parts[s] = plain_sequence(g, in, (size_t)offsets[s], (size_t)(offsets[s + 1] - offsets[s]), has_prefix);
    return concat(g, parts, (int)sequences, 0);
}

static void check_prefix_form(const int32_t *offsets, size_t sequences, bool has_prefix)
{
    PrefixInputs form[2]; /* the one under test, the plain one */
    Graph *graphs[2];
    Node *y[2];
    for (int plain = 0; plain < 2; plain++) {
        PrefixInputs *in = &form[plain];
        draw_prefix_inputs(in);
        Graph *g = graphs[plain] = graph_new((GraphOptions){0});
        Node *nodes[] = {parameter(g, &in->q), parameter(g, &in->k), parameter(g, &in->v),
                         has_prefix ? parameter(g, &in->prefix_k) : NULL,
                         has_prefix ? parameter(g, &in->prefix_v) : NULL};
        y[plain] =
            plain ? plain_form(g, nodes, offsets, sequences, has_prefix)
                  : prefix_attention(g, nodes[0], nodes[1], nodes[2], nodes[3], nodes[4], HEADS, offsets, sequences);
        run(g, y[plain], &in->random);
    }
    assert_close(node_data(y[0]), node_data(y[1]), ROWS * WIDTH, 2e-6f);
    assert_close(form[0].q.gradient, form[1].q.gradient, ROWS * WIDTH, 2e-6f);
    assert_close(form[0].k.gradient, form[1].k.gradient, ROWS * WIDTH, 2e-6f);
    assert_close(form[0].v.gradient, form[1].v.gradient, ROWS * WIDTH, 2e-6f);
    if (has_prefix) {
        assert_close(form[0].prefix_k.gradient, form[1].prefix_k.gradient, PREFIX * WIDTH, 2e-6f);
        assert_close(form[0].prefix_v.gradient, form[1].prefix_v.gradient, PREFIX * WIDTH, 2e-6f);
    }
    for (int plain = 0; plain < 2; plain++) graph_free(graphs[plain]), free_prefix_inputs(&form[plain]);
}

static void prefix_attention_gives_values_and_gradients_of_the_plain_form(void **state)
{
    (void)state;
    check_prefix_form(ragged, SEQUENCES, true);
}

static void without_a_prefix_ragged_and_equal_sequences_are_plain_attention(void **state)
{
    (void)state;
    check_prefix_form(ragged, SEQUENCES, false);
    check_prefix_form((const int32_t[]){0, 7, 14}, 2, false);
}

static void check_aggregate(const TensorFile *st, const char *name, uint64_t seed, Shape s, float tau,
                            const int32_t *lengths)
{
    Random random;
    random_seed(&random, seed);
    Parameter scores;
    draw(&scores, "scores", s, &random, 0.3f);
    Graph *g = graph_new((GraphOptions){0});
    Node *z =
        local_aggregate(g, parameter(g, &scores), tau, lengths ? constant_indices(g, shape(s.dim[0]), lengths) : NULL);
    run(g, z, &random);
    assert_golden(st, name, "z", node_data(z));
    assert_golden(st, name, "ds", scores.gradient);
    graph_free(g);
    parameter_free(&scores);
}

static void local_aggregation_and_its_gradients_are_torch_s(void **state)
{
    (void)state;
    TensorFile *st = golden_open(golden_path);
    check_aggregate(st, "all_positions", 11, shape(2, 7, 83), 50, NULL);
    check_aggregate(st, "ragged", 12, shape(3, 9, 20), 40, (const int32_t[]){9, 1, 4});
    check_aggregate(st, "plain_mean", 13, shape(2, 5, 6), 0, (const int32_t[]){5, 3});
    tensor_file_close(st);
}

static void nothing_to_aggregate_gives_zero(void **state)
{
    (void)state;
    Random random;
    random_seed(&random, 1);
    Parameter scores;
    draw(&scores, "scores", shape(2, 3, 4), &random, 1);
    Graph *g = graph_new((GraphOptions){0});
    Node *z = local_aggregate(g, parameter(g, &scores), 50, constant_indices(g, shape(2), (const int32_t[]){0, 3}));
    run(g, z, &random);
    for (int i = 0; i < 4; i++) assert_true(node_data(z)[i] == 0);
    for (int i = 0; i < 12; i++) assert_true(scores.gradient[i] == 0);
    graph_free(g);
    parameter_free(&scores);
}

static Node *build_attention(Graph *g, Node *const *p, const void *mask)
{
    return attention_with_tiles(g, p[0], p[1], p[2], 2, *(const AttentionMask *)mask, 3, 4);
}

static Node *build_prefix_attention(Graph *g, Node *const *p, const void *context)
{
    (void)context;
    return prefix_attention(g, p[0], p[1], p[2], p[3], p[4], 2, (const int32_t[]){0, 3, 4}, 2);
}

static Node *build_prefix_free_attention(Graph *g, Node *const *p, const void *context)
{
    (void)context;
    return prefix_attention(g, p[0], p[1], p[2], NULL, NULL, 2, (const int32_t[]){0, 3, 4}, 2);
}

static Node *build_aggregate(Graph *g, Node *const *p, const void *context)
{
    (void)context;
    return local_aggregate(g, p[0], 3, constant_indices(g, shape(2), (const int32_t[]){5, 2}));
}

static void gradients_are_the_finite_differences(void **state)
{
    (void)state;
    const AttentionMask masks[] = {ATTEND_ALL, ATTEND_CAUSAL};
    const Shape queries = shape(2, 5, 6), keys = shape(2, 7, 6), rows = shape(4, 6), prefix = shape(3, 6);
    for (int i = 0; i < 2; i++)
        check_gradients("attention", build_attention, &masks[i], (Shape[]){queries, keys, keys}, 3, (GradientCheck){0});
    check_gradients("prefix attention", build_prefix_attention, NULL, (Shape[]){rows, rows, rows, prefix, prefix}, 5,
                    (GradientCheck){0});
    check_gradients("prefix attention without prefix", build_prefix_free_attention, NULL, (Shape[]){rows, rows, rows},
                    3, (GradientCheck){0});
    check_gradients("local aggregation", build_aggregate, NULL, (Shape[]){shape(2, 5, 3)}, 1, (GradientCheck){0});
}

static void fast_exp_is_exp_to_2e_7(void **state)
{
    (void)state;
    for (int i = -870000; i <= 880000; i += 7) {
        const float x = (float)i * 1e-4f;
        assert_true(fabs((double)fast_exp(x) / exp((double)x) - 1) < 2e-7);
    }
    assert_true(fast_exp(0) == 1);
    assert_true(fast_exp(-INFINITY) < 2e-38f);
    assert_true(isnan(fast_exp(NAN)));
}

static void powers_of_two_are_exp2_to_2e_7(void **state)
{
    (void)state;
    for (int i = -1259999; i <= 0; i += 7) {
        const float x = (float)i * 1e-4f;
        assert_true(fabs((double)fast_exp2_of_nonpositive(x) / exp2((double)x) - 1) < 2e-7);
    }
    assert_true(fast_exp2_of_nonpositive(0) == 1);
    assert_true(fast_exp2_of_nonpositive(-INFINITY) < 2e-38f);
    assert_true(isnan(fast_exp2_of_nonpositive(NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention_and_its_gradients_are_torch_s_with_any_tiles),
        cmocka_unit_test(large_scores_do_not_overflow),
        cmocka_unit_test(attention_by_lanes_is_attention_by_tiles),
        cmocka_unit_test(large_scores_do_not_overflow_by_lanes),
        cmocka_unit_test(prefix_attention_gives_values_and_gradients_of_the_plain_form),
        cmocka_unit_test(without_a_prefix_ragged_and_equal_sequences_are_plain_attention),
        cmocka_unit_test(local_aggregation_and_its_gradients_are_torch_s),
        cmocka_unit_test(nothing_to_aggregate_gives_zero),
        cmocka_unit_test(gradients_are_the_finite_differences),
        cmocka_unit_test(fast_exp_is_exp_to_2e_7),
        cmocka_unit_test(powers_of_two_are_exp2_to_2e_7),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
