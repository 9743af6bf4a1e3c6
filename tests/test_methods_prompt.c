/* The prompt learner: sharing the prefix is exact, and prompts behave as their definition says. */
#include "harness/graph/ops.h"
#include "harness/speed/prompt_bench.h"
#include "methods/shared/losses.h"
#include "methods/shared/prompt.h"
#include "tests/methods_fixture.h"

/* Class features and the gradient of one loss on them, in one form of the prompts. */
typedef struct Outcome {
    Options options;
    Prompts prompts;
    Parameter context;
    float *features;
} Outcome;

static void compute(Outcome *o, const Run *run, PromptForm form)
{
    Error err;
    Random random;
    assert_true(prompts_init(&o->prompts, run, &err));
    assert_true(parameter_init(&o->context, "context", prompts_shape(&o->prompts), &err));
    random_seed(&random, 5);
    prompts_start_values(&o->prompts, &random, o->context.value);
    Graph *g = graph_new((GraphOptions){0});
    Node *features = prompts_features(g, &o->prompts, &o->context, form);
    const size_t images = tiny.images.count;
    Node *y = input(g, "y", shape(images, run->classes));
    Node *x = constant(g, shape(images, run->width), tiny.images.global);
    Node *loss = ranking_loss(g, scale(g, matmul_nt(g, x, features), 4), y, 1, 1);
    assert_true(graph_compile(g, (Node *[]){features}, 1, loss, &err));
    for (size_t i = 0; i < images * run->classes; i++) node_data(y)[i] = i % 4 == 1 ? 1.0f : 0.0f;
    graph_forward(g);
    graph_backward(g);
    const size_t count = run->classes * run->width;
    o->features = memcpy(xmalloc(count * sizeof(float)), node_data(features), count * sizeof(float));
    graph_free(g);
}

static void open_outcome(Outcome *o, const char *json, PromptForm form)
{
    tiny_options("tai", json, &o->options);
    const Run run = tiny_run("tai", &o->options, 1);
    compute(o, &run, form);
}

static void close_outcome(Outcome *o)
{
    options_free(&o->options);
    prompts_free(&o->prompts);
    parameter_free(&o->context);
    free(o->features);
}

/* The two forms do the same sums in another order: float32 rounding, nothing else. */
static void prefix_sharing_gives_the_gradients_of_the_plain_form(void **state)
{
    (void)state;
    const char *const forms[] = {
        "{}",
        "{\"context\": 5, \"name_position\": \"middle\"}",
        "{\"context\": 5, \"name_position\": \"front\"}",
        "{\"context\": 3, \"shared_context\": false}",
        "{\"context\": 4, \"shared_context\": false, \"name_position\": \"middle\"}",
        "{\"context_init\": \"a photo of the\"}",
        "{\"context\": 1, \"name_position\": \"middle\"}",
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        Outcome shared, plain;
        open_outcome(&shared, forms[i], PROMPT_SHARED);
        open_outcome(&plain, forms[i], PROMPT_PLAIN);
        const size_t values = shape_size(shared.context.shape);
        const double features = worst_error(shared.features, plain.features, tiny.classes.count * 32);
        const double gradient = worst_error(shared.context.gradient, plain.context.gradient, values);
        if (!(features < 2e-6) || !(gradient < 2e-5)) fail_msg("%s: %g, %g", forms[i], features, gradient);
        close_outcome(&shared);
        close_outcome(&plain);
    }
}

static void another_order_of_classes_permutes_the_features(void **state)
{
    (void)state;
    const size_t classes = tiny.classes.count, width = tiny.clip->config.embed;
    const char **backwards = xcalloc(classes, sizeof *backwards);
    Outcome forward, reversed;
    open_outcome(&forward, "{}", PROMPT_SHARED);
    tiny_options("tai", "{}", &reversed.options);
    for (size_t c = 0; c < classes; c++) backwards[c] = tiny.classes.items[classes - 1 - c];
    Run run = tiny_run("tai", &reversed.options, 1);
    run.class_names = backwards;
    compute(&reversed, &run, PROMPT_SHARED);
    for (size_t c = 0; c < classes; c++)
        assert_true(worst_error(forward.features + c * width, reversed.features + (classes - 1 - c) * width, width) <
                    2e-6);
    close_outcome(&forward);
    close_outcome(&reversed);
    free(backwards);
}

static void features_have_unit_length_and_plain_values_are_the_graph_s(void **state)
{
    (void)state;
    Error err;
    Outcome o;
    open_outcome(&o, "{}", PROMPT_SHARED);
    float *features = xcalloc(tiny.classes.count * 32, sizeof *features);
    assert_true(prompts_compute(&o.prompts, &o.context, (Arithmetic){0}, features, &err));
    assert_true(worst_error(features, o.features, tiny.classes.count * 32) < 1e-6);
    for (size_t c = 0; c < tiny.classes.count; c++) {
        double square = 0;
        for (size_t i = 0; i < 32; i++) square += (double)features[c * 32 + i] * (double)features[c * 32 + i];
        assert_true(fabs(square - 1) < 1e-5);
    }
    free(features);
    close_outcome(&o);
}

static void contexts_start_from_fiftieths_of_normal_draws_or_from_words(void **state)
{
    (void)state;
    Random random;
    Outcome o;
    float draws[16 * 64];
    open_outcome(&o, "{}", PROMPT_SHARED);
    random_seed(&random, 5);
    random_normal(&random, draws, 16 * 64);
    for (size_t i = 0; i < 16 * 64; i++) assert_true(o.context.value[i] == draws[i] * 0.02f);
    close_outcome(&o);

    open_outcome(&o, "{\"context_init\": \"the cat\", \"shared_context\": false}", PROMPT_SHARED);
    TokenList tokens = {0};
    tokenizer_encode_bare(tiny.tokenizer, "the cat", &tokens);
    assert_int_equal(o.prompts.context, 2);
    const float *table = clip_weight(tiny.clip, "token_embedding.weight")->value;
    for (size_t r = 0; r < 2 * tiny.classes.count; r++)
        assert_memory_equal(o.context.value + r * 64, table + (size_t)tokens.tokens[r % 2] * 64, 64 * sizeof(float));
    token_list_free(&tokens);
    close_outcome(&o);
}

static void a_name_the_model_cannot_hold_is_refused(void **state)
{
    (void)state;
    Error err = {0};
    Options options;
    Prompts p;
    const char *const names[] = {"cat", "a very long name that takes many many letters as tokens"};
    tiny_options("tai", "{}", &options);
    Run run = tiny_run("tai", &options, 1);
    run.class_names = names;
    run.classes = 2;
    assert_false(prompts_init(&p, &run, &err));
    assert_non_null(strstr(err.text, "a very long name"));
    assert_non_null(strstr(err.text, "the model has 40"));
    options_free(&options);
}

static void the_bench_compares_equal_gradients(void **state)
{
    (void)state;
    Error err = {0};
    PromptBenchEntry entries[PROMPT_BENCH_ENTRIES];
    const PromptBenchOptions small = {
        .arch = "RN50", .classes = 2, .context = 2, .batch = 4, .tokens = 4, .repeats = 1};
    if (!prompt_bench(small, entries, NULL, &err)) fail_msg("%s", err.text);
    assert_string_equal(entries[0].name, "shared");
    assert_string_equal(entries[1].name, "plain");
    assert_true(entries[0].seconds > 0 && entries[1].seconds > 0);
    assert_true(entries[1].flop > entries[0].flop);
    assert_true(entries[1].gradient_error < 1e-4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefix_sharing_gives_the_gradients_of_the_plain_form),
        cmocka_unit_test(another_order_of_classes_permutes_the_features),
        cmocka_unit_test(features_have_unit_length_and_plain_values_are_the_graph_s),
        cmocka_unit_test(contexts_start_from_fiftieths_of_normal_draws_or_from_words),
        cmocka_unit_test(a_name_the_model_cannot_hold_is_refused),
        cmocka_unit_test(the_bench_compares_equal_gradients),
    };
    return cmocka_run_group_tests(tests, tiny_open, tiny_close);
}
