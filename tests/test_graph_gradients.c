/* Every operator's gradients against finite differences (gradient_check.h). Values are drawn away from kinks where an
 * operator has some. */
#include "harness/graph/random.h"
#include "tests/gradient_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef Node *(*Unary)(Graph *g, Node *x);
typedef Node *(*Binary)(Graph *g, Node *a, Node *b);

typedef struct Case { /* what a builder needs to know */
    Unary unary;
    Binary binary;
    int integer;
    float real;
} Case;

#define CHECK(what, build, context, check, ...)                                                                        \
    check_gradients(what, build, context, (Shape[]){__VA_ARGS__}, sizeof((Shape[]){__VA_ARGS__}) / sizeof(Shape), check)
#define PLAIN ((GradientCheck){0})

static Node *build_unary(Graph *g, Node *const *p, const void *context)
{
    return ((const Case *)context)->unary(g, p[0]);
}

static Node *build_binary(Graph *g, Node *const *p, const void *context)
{
    return ((const Case *)context)->binary(g, p[0], p[1]);
}

static void activations_have_the_gradients_of_their_differences(void **state)
{
    (void)state;
    const struct {
        const char *name;
        Unary build;
    } all[] = {{"gelu", gelu}, {"gelu_tanh", gelu_tanh}, {"quick_gelu", quick_gelu},
               {"silu", silu}, {"sigmoid", sigmoid},     {"exponential", exponential}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const Case c = {.unary = all[i].build};
        CHECK(all[i].name, build_unary, &c, PLAIN, shape(5, 19));
    }
    const Case gate = {.unary = geglu};
    CHECK("geglu", build_unary, &gate, PLAIN, shape(5, 38));
    const Case c = {.unary = relu};
    CHECK("relu above", build_unary, &c, ((GradientCheck){.low = 0.1f, .high = 2}), shape(5, 7));
    CHECK("relu below", build_unary, &c, ((GradientCheck){.low = -2, .high = -0.1f}), shape(5, 7));
}

static Node *build_clamp(Graph *g, Node *const *p, const void *context)
{
    (void)context;
    return clamp(g, p[0], -0.5f, 0.25f);
}

static Node *build_scale(Graph *g, Node *const *p, const void *context)
{
    (void)context;
    return scale(g, p[0], -1.75f);
}

static void scale_and_clamp_have_the_gradients_of_their_differences(void **state)
{
    (void)state;
    CHECK("scale", build_scale, NULL, PLAIN, shape(4, 5));
    CHECK("clamp inside", build_clamp, NULL, ((GradientCheck){.low = -0.4f, .high = 0.2f}), shape(6));
    CHECK("clamp below", build_clamp, NULL, ((GradientCheck){.low = -2, .high = -0.6f}), shape(6));
    CHECK("clamp above", build_clamp, NULL, ((GradientCheck){.low = 0.3f, .high = 2}), shape(6));
}

static void broadcasting_sums_gradients_over_what_repeats(void **state)
{
    (void)state;
    const struct {
        const char *name;
        Binary build;
    } all[] = {{"add", add}, {"subtract", subtract}, {"mul", mul}};
    for (size_t i = 0; i < 3; i++) {
        const Case c = {.binary = all[i].build};
        const char *name = all[i].name;
        CHECK(name, build_binary, &c, PLAIN, shape(3, 4), shape(3, 4));
        CHECK(name, build_binary, &c, PLAIN, shape(2, 3, 5), shape(5));
        CHECK(name, build_binary, &c, PLAIN, shape(5), shape(2, 3, 5));
        CHECK(name, build_binary, &c, PLAIN, shape(2, 3, 5), scalar_shape());
        CHECK(name, build_binary, &c, PLAIN, scalar_shape(), shape(7));
        CHECK(name, build_binary, &c, PLAIN, shape(2, 1, 5), shape(3, 1));
        CHECK(name, build_binary, &c, PLAIN, shape(2, 3, 2, 3), shape(2, 1, 2, 1));
        CHECK(name, build_binary, &c, PLAIN, shape(2, 1, 2, 1, 3), shape(1, 3, 1, 2, 1));
        CHECK(name, build_binary, &c, PLAIN, shape(4, 3), shape(4, 1));
        CHECK(name, build_binary, &c, PLAIN, shape(1, 3), shape(3));
    }
}

static Node *build_twice(Graph *g, Node *const *p, const void *context)
{
    (void)context;
    Node *x = mul(g, p[0], p[0]);
    return add(g, add(g, x, x), subtract(g, mul(g, x, p[0]), reshape(g, reshape(g, x, shape(12)), shape(3, 4))));
}

static void several_uses_of_a_node_add_up(void **state)
{
    (void)state;
    CHECK("several uses", build_twice, NULL, PLAIN, shape(3, 4));
}

static Node *build_layer_norm(Graph *g, Node *const *p, const void *context)
{
    (void)context;
    return layer_norm(g, p[0], p[1], p[2], 1e-5f);
}

static Node *build_group_norm(Graph *g, Node *const *p, const void *context)
{
    return group_norm(g, p[0], p[1], p[2], ((const Case *)context)->integer, 1e-5f);
}

static Node *build_batch_norm(Graph *g, Node *const *p, const void *context)
{
    static float mean[64], var[64];
    (void)context;
    return batch_norm(g, p[0], p[1], p[2], mean, var, 0.1f, 1e-5f);
}

static Node *build_batch_norm_relu(Graph *g, Node *const *p, const void *context)
{
    return relu(g, build_batch_norm(g, p, context));
}

static void normalisations_have_the_gradients_of_their_differences(void **state)
{
    (void)state;
    CHECK("layer_norm", build_layer_norm, NULL, PLAIN, shape(3, 2, 17), shape(17), shape(17));
    CHECK("layer_norm of many rows", build_layer_norm, NULL, PLAIN, shape(40, 5), shape(5), shape(5));
    const Case groups = {.integer = 3};
    CHECK("group_norm", build_group_norm, &groups, PLAIN, shape(2, 3, 2, 6), shape(6), shape(6));
    CHECK("group_norm of a sequence", build_group_norm, &groups, PLAIN, shape(2, 5, 9), shape(9), shape(9));
    CHECK("group_norm of many rows", build_group_norm, &groups, PLAIN, shape(2, 40, 600), shape(600), shape(600));
    CHECK("batch_norm", build_batch_norm, NULL, PLAIN, shape(3, 2, 4, 5), shape(5), shape(5));
    CHECK("batch_norm of many rows", build_batch_norm, NULL, PLAIN, shape(450, 40), shape(40), shape(40));
}

static void relu_behind_a_batch_norm_keeps_its_gradient(void **state)
{
    (void)state;
    /* The step is small because the kink of the relu is somewhere; the tolerance is what float noise then needs. */
    const GradientCheck check = {.step = 5e-4, .tolerance = 1e-2, .seed = 2};
    CHECK("batch_norm and relu", build_batch_norm_relu, NULL, check, shape(3, 2, 4, 5), shape(5), shape(5));
}

static Node *build_l2_normalise(Graph *g, Node *const *p, const void *context)
{
    return l2_normalise(g, p[0], ((const Case *)context)->real);
}

static void rows_without_weights_have_the_gradients_of_their_differences(void **state)
{
    (void)state;
    const Case usual = {.real = 1e-6f}, short_rows = {.real = 100};
    CHECK("l2_normalise", build_l2_normalise, &usual, PLAIN, shape(3, 2, 7));
    CHECK("l2_normalise below eps", build_l2_normalise, &short_rows, PLAIN, shape(3, 7));
    const Case c = {.unary = softmax};
    CHECK("softmax", build_unary, &c, PLAIN, shape(3, 21));
}

static Node *build_transpose(Graph *g, Node *const *p, const void *context)
{
    return transpose(g, p[0], context);
}

static Node *build_concat(Graph *g, Node *const *p, const void *context)
{
    Node *parts[11] = {p[0], p[1], p[2]};
    for (int i = 3; i < 11; i++) parts[i] = p[i % 3];
    return concat(g, parts, ((const Case *)context)->integer ? 11 : 3, 1);
}

static Node *build_slice(Graph *g, Node *const *p, const void *context)
{
    return slice(g, p[0], ((const Case *)context)->integer, 1, 2);
}

static Node *build_broadcast_to(Graph *g, Node *const *p, const void *context)
{
    (void)context;
    return broadcast_to(g, p[0], shape(2, 4, 3, 5));
}

static void layouts_have_the_gradients_of_their_differences(void **state)
{
    (void)state;
    CHECK("transpose", build_transpose, ((int[]){1, 0}), PLAIN, shape(5, 19));
    CHECK("transpose", build_transpose, ((int[]){0, 2, 1}), PLAIN, shape(2, 3, 4));
    CHECK("transpose", build_transpose, ((int[]){0, 2, 1, 3}), PLAIN, shape(2, 3, 4, 2));
    CHECK("transpose", build_transpose, ((int[]){3, 1, 4, 0, 2}), PLAIN, shape(2, 3, 2, 3, 2));
    const Case few = {.integer = 0}, many = {.integer = 1}, last = {.integer = -1};
    CHECK("concat", build_concat, &few, PLAIN, shape(2, 3, 2), shape(2, 1, 2), shape(2, 4, 2));
    CHECK("concat of many", build_concat, &many, PLAIN, shape(2, 3, 2), shape(2, 1, 2), shape(2, 4, 2));
    CHECK("slice", build_slice, &few, PLAIN, shape(4, 3, 5));
    CHECK("slice", build_slice, &many, PLAIN, shape(4, 3, 5));
    CHECK("slice", build_slice, &last, PLAIN, shape(4, 3, 5));
    CHECK("broadcast_to", build_broadcast_to, NULL, PLAIN, shape(4, 1, 5));
    CHECK("broadcast_to", build_broadcast_to, NULL, PLAIN, scalar_shape());
}

static Node *build_embedding(Graph *g, Node *const *p, const void *context)
{
    (void)context;
    return embedding(g, p[0], constant_indices(g, shape(2, 3), (int32_t[]){4, 0, 4, 1, 4, 2}));
}

static Node *build_gather_rows(Graph *g, Node *const *p, const void *context)
{
    (void)context;
    return gather_rows(g, p[0], constant_indices(g, shape(4), (int32_t[]){2, 0, 2, 2}));
}

static Node *build_gather_positions(Graph *g, Node *const *p, const void *context)
{
    (void)context;
    return gather_positions(g, p[0], constant_indices(g, shape(3), (int32_t[]){3, 0, 1}));
}

static Node *build_pool(Graph *g, Node *const *p, const void *context)
{
    return average_pool(g, p[0], ((const Case *)context)->integer);
}

static Node *build_upsample(Graph *g, Node *const *p, const void *context)
{
    return upsample_nearest(g, p[0], ((const Case *)context)->integer);
}

static void gathers_and_resolutions_have_the_gradients_of_their_differences(void **state)
{
    (void)state;
    CHECK("embedding", build_embedding, NULL, PLAIN, shape(5, 70));
    CHECK("gather_rows", build_gather_rows, NULL, PLAIN, shape(3, 4));
    CHECK("gather_positions", build_gather_positions, NULL, PLAIN, shape(3, 4, 5));
    const Case two = {.integer = 2}, three = {.integer = 3};
    CHECK("average_pool", build_pool, &two, PLAIN, shape(2, 4, 6, 3));
    CHECK("average_pool", build_pool, &three, PLAIN, shape(1, 6, 3, 5));
    CHECK("upsample_nearest", build_upsample, &two, PLAIN, shape(2, 3, 2, 3));
}

static Node *build_axis(Graph *g, Node *const *p, const void *context)
{
    const Case *c = context;
    return c->real > 1 ? max_axis(g, p[0], c->integer)
                       : (c->real > 0 ? mean_axis(g, p[0], c->integer) : sum_axis(g, p[0], c->integer));
}

static Node *build_cross_entropy(Graph *g, Node *const *p, const void *context)
{
    (void)context;
    return cross_entropy(g, p[0], constant_indices(g, shape(2, 3), (int32_t[]){0, 5, 2, 2, 16, 7}));
}

static void reductions_have_the_gradients_of_their_differences(void **state)
{
    (void)state;
    for (int axis = -1; axis < 3; axis++) {
        CHECK("sum_axis", build_axis, (&(Case){.integer = axis, .real = 0}), PLAIN, shape(3, 4, 5));
        CHECK("mean_axis", build_axis, (&(Case){.integer = axis, .real = 1}), PLAIN, shape(3, 4, 5));
        CHECK("max_axis", build_axis, (&(Case){.integer = axis, .real = 2}),
              ((GradientCheck){.step = 1e-3, .tolerance = 5e-3}), shape(3, 4, 5));
    }
    CHECK("sum_of_all", build_unary, &(Case){.unary = sum_of_all}, PLAIN, shape(3, 4));
    CHECK("mean_of_all", build_unary, &(Case){.unary = mean_of_all}, PLAIN, shape(3, 4));
    CHECK("cross_entropy", build_cross_entropy, NULL, PLAIN, shape(2, 3, 17));
}

static void dropout_passes_the_gradient_of_what_it_kept(void **state)
{
    (void)state;
    Error err;
    Random random;
    random_seed(&random, 7);
    Parameter x;
    assert_true(parameter_init(&x, "x", shape(40, 50), &err));
    for (size_t i = 0; i < 2000; i++) x.value[i] = 2;
    Graph *g = graph_new((GraphOptions){0});
    Node *y = dropout(g, parameter(g, &x), 0.4f, &random);
    assert_true(graph_compile(g, (Node *[]){y}, 1, sum_of_all(g, y), &err));
    graph_forward(g);
    graph_backward(g);
    size_t kept = 0;
    for (size_t i = 0; i < 2000; i++) {
        kept += node_data(y)[i] != 0;
        assert_true(node_data(y)[i] == 2 * x.gradient[i]);
        assert_true(x.gradient[i] == 0 || x.gradient[i] == 1.0f / (1.0f - 0.4f));
    }
    assert_in_range(kept, 1100, 1300); /* 1200 expected, standard deviation 22 */
    graph_free(g);
    parameter_free(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(activations_have_the_gradients_of_their_differences),
        cmocka_unit_test(scale_and_clamp_have_the_gradients_of_their_differences),
        cmocka_unit_test(broadcasting_sums_gradients_over_what_repeats),
        cmocka_unit_test(several_uses_of_a_node_add_up),
        cmocka_unit_test(normalisations_have_the_gradients_of_their_differences),
        cmocka_unit_test(relu_behind_a_batch_norm_keeps_its_gradient),
        cmocka_unit_test(rows_without_weights_have_the_gradients_of_their_differences),
        cmocka_unit_test(layouts_have_the_gradients_of_their_differences),
        cmocka_unit_test(gathers_and_resolutions_have_the_gradients_of_their_differences),
        cmocka_unit_test(reductions_have_the_gradients_of_their_differences),
        cmocka_unit_test(dropout_passes_the_gradient_of_what_it_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
