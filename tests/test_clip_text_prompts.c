/* Prompts with a shared prefix give what the whole text tower gives for every prompt by itself, values and gradients. */
#include "harness/clip/clip.h"
#include "harness/clip/weight_list.h"
#include "harness/graph/ops.h"
#include "harness/graph/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { WIDTH = 32, EMBED = 12, PREFIX = 5, SEQUENCES = 4, ROWS = 13 };
static const int32_t ragged[SEQUENCES + 1] = {0, 3, 4, 9, 13}, alone[] = {0, ROWS};

/* Small, random, frozen; the weights of clip_new are so small that attention would be flat, so they are made larger. */
static Clip *small_text_tower(size_t layers)
{
    ClipConfig c;
    config_defaults(&c);
    c.has_text = true;
    c.embed = EMBED;
    c.text_width = WIDTH;
    c.text_heads = 4;
    c.text_layers = layers;
    c.text_mlp = 3 * WIDTH;
    c.context = 20;
    c.vocabulary = 7;
    Error err;
    Clip *clip = clip_new(c, 3, &err);
    if (!clip) die("%s", err.text);
    Random random;
    random_seed(&random, 4);
    for (size_t i = 0; i < clip->count; i++) {
        Parameter *p = &clip->weights[i];
        for (size_t j = 0; j < shape_size(p->shape); j++) {
            float more;
            random_normal(&random, &more, 1);
            p->value[j] = p->value[j] * 1.5f + 0.1f * more;
        }
    }
    clip_freeze(clip);
    return clip;
}

typedef struct Inputs {
    Parameter prefix, rows;
} Inputs;

static void draw_inputs(Inputs *in)
{
    Error err;
    Random random;
    random_seed(&random, 5);
    if (!parameter_init(&in->prefix, "prefix", shape(PREFIX, WIDTH), &err) ||
        !parameter_init(&in->rows, "rows", shape(ROWS, WIDTH), &err))
        die("%s", err.text);
    random_normal(&random, in->prefix.value, PREFIX * WIDTH);
    random_normal(&random, in->rows.value, ROWS * WIDTH);
}

static void free_inputs(Inputs *in)
{
    parameter_free(&in->prefix);
    parameter_free(&in->rows);
}

/* Every prompt through the whole tower, its last row projected. */
static Node *plain_prompts(Graph *g, const Clip *clip, Node *prefix, Node *rows, const int32_t *offsets,
                           size_t sequences)
{
    Node *features[SEQUENCES];
    for (size_t s = 0; s < sequences; s++) {
        const size_t own = (size_t)(offsets[s + 1] - offsets[s]), length = own + (prefix ? PREFIX : 0);
        Node *x = slice(g, rows, 0, (size_t)offsets[s], own);
        if (prefix) x = concat(g, (Node *[]){prefix, x}, 2, 0);
        Node *hidden = clip_text_hidden(g, clip, reshape(g, x, shape(1, length, WIDTH)));
        features[s] = clip_text_project(g, clip, reshape(g, slice(g, hidden, 1, length - 1, 1), shape(1, WIDTH)));
    }
    return concat(g, features, (int)sequences, 0);
}

static void run(Graph *g, Node *features)
{
    float target[SEQUENCES * EMBED];
    Random random;
    random_seed(&random, 6);
    random_normal(&random, target, shape_size(node_shape(features)));
    Node *loss = sum_of_all(g, mul(g, features, constant_copy(g, node_shape(features), target)));
    Error err;
    if (!graph_compile(g, &features, 1, loss, &err)) die("%s", err.text);
    graph_forward(g);
    graph_backward(g);
}

static void assert_close(const float *a, const float *b, size_t n)
{
    float worst = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(fabsf(a[i] - b[i]) <= worst)) worst = fabsf(a[i] - b[i]);
        if (fabsf(b[i]) > largest) largest = fabsf(b[i]);
    }
    assert_true(largest > 1e-3f);
    if (!(worst <= 1e-5f * largest)) fail_msg("differs by %g of the largest value", (double)(worst / largest));
}

static void check(size_t layers, const int32_t *offsets, size_t sequences, bool has_prefix)
{
    Clip *clip = small_text_tower(layers);
    Inputs in[2]; /* shared form, plain form */
    Graph *graphs[2];
    Node *features[2];
    for (int plain = 0; plain < 2; plain++) {
        draw_inputs(&in[plain]);
        Graph *g = graphs[plain] = graph_new((GraphOptions){0});
        Node *prefix = has_prefix ? parameter(g, &in[plain].prefix) : NULL, *rows = parameter(g, &in[plain].rows);
        features[plain] = plain ? plain_prompts(g, clip, prefix, rows, offsets, sequences)
                                : clip_text_prompts(g, clip, prefix, rows, offsets, sequences);
        run(g, features[plain]);
    }
    assert_close(node_data(features[0]), node_data(features[1]), sequences * EMBED);
    assert_close(in[0].rows.gradient, in[1].rows.gradient, ROWS * WIDTH);
    if (has_prefix) assert_close(in[0].prefix.gradient, in[1].prefix.gradient, PREFIX * WIDTH);
    for (int plain = 0; plain < 2; plain++) graph_free(graphs[plain]), free_inputs(&in[plain]);
    clip_free(clip);
}

static void prefix_sharing_gives_values_and_gradients_of_the_plain_form(void **state)
{
    (void)state;
    check(3, ragged, SEQUENCES, true);
}

static void one_block_is_both_first_and_last(void **state)
{
    (void)state;
    check(1, ragged, SEQUENCES, true);
}

static void without_a_prefix_nothing_changes(void **state)
{
    (void)state;
    check(2, ragged, SEQUENCES, false);
    check(2, alone, 1, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefix_sharing_gives_values_and_gradients_of_the_plain_form),
        cmocka_unit_test(one_block_is_both_first_and_last),
        cmocka_unit_test(without_a_prefix_nothing_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
