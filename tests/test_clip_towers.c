/* The towers give open_clip's features (tests/golden/make_clip_towers.py). Weights are drawn here as the script draws them. */
#include "harness/clip/clip.h"
#include "harness/clip/weight_list.h"
#include "harness/graph/ops.h"
#include "harness/graph/random.h"
#include "tests/drawn_weights.h"
#include "tests/golden_arrays.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char *const golden_path = "tests/golden/clip_towers.safetensors";

/* weights() of the script; trainable, batch norms apart. */
static Clip *trainable_model_of(const ClipConfig *config, uint64_t seed)
{
    Error err;
    Clip *clip = clip_new(*config, 0, &err);
    if (!clip) die("%s", err.text);
    draw_weights(clip, "", seed);
    return clip;
}

static Clip *model_of(const ClipConfig *config, uint64_t seed)
{
    Clip *clip = trainable_model_of(config, seed);
    clip_freeze(clip);
    return clip;
}

/* Largest difference to the golden values, relative to the largest of them; every step-th of `size` values is stored. */
static void assert_values(const TensorFile *st, const char *name, const float *values, size_t size, size_t step)
{
    float *expected = golden_floats(st, name), worst = 0, largest = 0;
    const size_t count = golden_view(st, name)->count;
    assert_int_equal(count * step, size);
    for (size_t i = 0; i < count; i++) {
        const float d = fabsf(values[i * step] - expected[i]);
        if (!(d <= worst)) worst = d;
        if (fabsf(expected[i]) > largest) largest = fabsf(expected[i]);
    }
    free(expected);
    if (!(worst <= 1e-5f * largest)) fail_msg("%s differs by %g of the largest value", name, (double)(worst / largest));
}

static void assert_golden(const TensorFile *st, const char *name, const char *suffix, Node *node, size_t step)
{
    char full[64];
    snprintf(full, sizeof full, "%s.%s", name, suffix);
    assert_values(st, full, node_data(node), shape_size(node_shape(node)), step);
}

static ClipConfig image_config(size_t embed, size_t size, size_t width, size_t heads)
{
    ClipConfig c;
    config_defaults(&c);
    c.has_image = true;
    c.embed = embed;
    c.image_size = size;
    c.image_width = width;
    c.image_heads = heads;
    return c;
}

static Node *draw_pixels(Graph *g, uint64_t seed, size_t batch, size_t size)
{
    float *values = xmalloc(batch * size * size * 3 * sizeof *values);
    Random random;
    random_seed(&random, seed);
    random_normal(&random, values, batch * size * size * 3);
    Node *pixels = constant_copy(g, shape(batch, size, size, 3), values);
    free(values);
    return pixels;
}

/* One run of the image tower; global only, or both. */
static void check_image(const TensorFile *st, const Clip *clip, const char *name, uint64_t seed, size_t batch,
                        size_t size, PoolPosition position, const char *ending, bool want_local, size_t step)
{
    char suffix[32];
    Graph *g = graph_new((GraphOptions){0});
    const ImageTower tower = clip_image_tower(g, clip, draw_pixels(g, seed, batch, size), position, want_local);
    Node *outputs[] = {tower.global, tower.local};
    Error err;
    if (!graph_compile(g, outputs, want_local ? 2 : 1, NULL, &err)) die("%s", err.text);
    graph_forward(g);
    snprintf(suffix, sizeof suffix, "global%s", ending);
    assert_golden(st, name, suffix, tower.global, step);
    if (want_local) {
        snprintf(suffix, sizeof suffix, "local%s", ending);
        assert_golden(st, name, suffix, tower.local, step);
        assert_int_equal(tower.rows * tower.columns, node_shape(tower.local).dim[1]);
    }
    graph_free(g);
}

static void check_vit(const char *name, ClipConfig config, uint64_t seed, size_t batch, size_t size, size_t step)
{
    TensorFile *st = golden_open(golden_path);
    config.image_mlp = 4 * config.image_width;
    Clip *clip = model_of(&config, seed);
    for (int local = 0; local < 2; local++)
        check_image(st, clip, name, seed + 1, batch, size, POOL_POSITION_ON, "", local, step);
    clip_free(clip);
    tensor_file_close(st);
}

static void vit_features_are_open_clip_s(void **state)
{
    (void)state;
    ClipConfig c = image_config(20, 32, 48, 3);
    c.image_layers = 2;
    c.patch = 8;
    check_vit("vit", c, 1, 2, 32, 1);
    check_vit("vit_larger", c, 1, 2, 56, 1);
}

static void vit_b_16_features_are_open_clip_s(void **state)
{
    (void)state;
    ClipConfig c = image_config(512, 224, 768, 12);
    c.image_layers = 12;
    c.patch = 16;
    check_vit("vit_b_16", c, 3, 1, 224, 16);
}

static void check_resnet(const char *name, ClipConfig c, uint64_t seed, size_t batch, size_t size, size_t step)
{
    TensorFile *st = golden_open(golden_path);
    c.is_resnet = true;
    c.stem_width = c.image_width >> (c.stages + 1);
    Clip *clip = model_of(&c, seed);
    check_image(st, clip, name, seed + 1, batch, size, POOL_POSITION_ON, "_on", true, step);
    check_image(st, clip, name, seed + 1, batch, size, POOL_POSITION_OFF, "_off", true, step);
    check_image(st, clip, name, seed + 1, batch, size, POOL_POSITION_GLOBAL, "_on", false, step);
    clip_free(clip);
    tensor_file_close(st);
}

static void resnet_features_are_open_clip_s(void **state)
{
    (void)state;
    ClipConfig c = image_config(20, 64, 256, 4);
    c.stages = 4;
    memcpy(c.blocks, (size_t[]){1, 2, 1, 1}, sizeof c.blocks);
    check_resnet("resnet", c, 5, 2, 64, 1);
    check_resnet("resnet_larger", c, 5, 2, 96, 1);
    c = image_config(20, 32, 128, 4);
    c.stages = 2;
    memcpy(c.blocks, (size_t[]){1, 2, 0, 0}, sizeof c.blocks);
    check_resnet("two_stages", c, 7, 2, 32, 1);
}

static void rn50_features_are_open_clip_s(void **state)
{
    (void)state;
    ClipConfig c = image_config(1024, 224, 2048, 32);
    c.stages = 4;
    memcpy(c.blocks, (size_t[]){3, 4, 6, 3}, sizeof c.blocks);
    check_resnet("rn50", c, 9, 1, 224, 16);
}

static ClipConfig two_stage_config(void)
{
    ClipConfig c = image_config(20, 32, 128, 4);
    c.is_resnet = true;
    c.stages = 2;
    c.stem_width = 16;
    memcpy(c.blocks, (size_t[]){1, 2, 0, 0}, sizeof c.blocks);
    return c;
}

/* Global with its position, local without: the mixed form takes one from each of the others. */
static void mixed_pool_position_takes_global_with_and_local_without(void **state)
{
    (void)state;
    const ClipConfig c = two_stage_config();
    Clip *clip = model_of(&c, 7);
    TensorFile *st = golden_open(golden_path);
    Graph *g = graph_new((GraphOptions){0});
    const ImageTower tower = clip_image_tower(g, clip, draw_pixels(g, 8, 2, 32), POOL_POSITION_GLOBAL, true);
    Error err;
    assert_true(graph_compile(g, (Node *[]){tower.global, tower.local}, 2, NULL, &err));
    graph_forward(g);
    assert_golden(st, "two_stages", "global_on", tower.global, 1);
    assert_golden(st, "two_stages", "local_off", tower.local, 1);
    graph_free(g);
    clip_free(clip);
    tensor_file_close(st);
}

static void assert_weight(const TensorFile *st, const Clip *clip, const char *name, bool gradient)
{
    char golden[96], weight[96];
    snprintf(golden, sizeof golden, "training.%s", name);
    snprintf(weight, sizeof weight, "visual.%s", name);
    const Parameter *p = clip_weight(clip, weight);
    const size_t step = strstr(name, "attnpool") ? 8 : 1;
    assert_values(st, golden, gradient ? p->gradient : p->value, shape_size(p->shape), step);
}

static void resnet_trains_with_torch_s_gradients_and_batch_statistics(void **state)
{
    (void)state;
    static const char *const names[] = {"conv1.weight",
                                        "layer1.0.bn2.weight",
                                        "layer2.0.downsample.0.weight",
                                        "attnpool.positional_embedding",
                                        "attnpool.q_proj.weight",
                                        "attnpool.k_proj.weight",
                                        "attnpool.v_proj.bias",
                                        "attnpool.c_proj.weight"};
    ClipConfig c = two_stage_config();
    Clip *clip = trainable_model_of(&c, 7);
    TensorFile *st = golden_open(golden_path);
    float pixels[3 * 32 * 32 * 3], dy[3 * 20];
    Random random;
    random_seed(&random, 8);
    random_normal(&random, pixels, 3 * 32 * 32 * 3);
    random_normal(&random, dy, 3 * 20);
    Graph *g = graph_new((GraphOptions){0});
    Node *image = constant(g, shape(3, 32, 32, 3), pixels);
    Node *y = clip_image_tower(g, clip, image, POOL_POSITION_ON, false).global;
    Node *loss = sum_of_all(g, mul(g, y, constant(g, shape(3, 20), dy)));
    Error err;
    assert_true(graph_compile(g, &y, 1, loss, &err));
    graph_forward(g);
    graph_backward(g);
    assert_golden(st, "training", "global_on", y, 1);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) assert_weight(st, clip, names[i], true);
    assert_weight(st, clip, "layer2.0.bn1.running_mean", false);
    assert_weight(st, clip, "layer2.0.bn1.running_var", false);
    graph_free(g);
    clip_free(clip);
    tensor_file_close(st);
}

static void text_features_are_open_clip_s(void **state)
{
    (void)state;
    ClipConfig c;
    config_defaults(&c);
    c.has_text = true;
    c.embed = 20;
    c.text_width = 48;
    c.text_heads = c.text_layers = 3;
    c.text_mlp = 192;
    c.context = 16;
    c.vocabulary = 50;
    Clip *clip = model_of(&c, 11);
    TensorFile *st = golden_open(golden_path);
    float embedded[2 * 9 * 48];
    Random random;
    random_seed(&random, 12);
    random_normal(&random, embedded, 2 * 9 * 48);
    Graph *g = graph_new((GraphOptions){0});
    Node *hidden = clip_text_hidden(g, clip, constant(g, shape(2, 9, 48), embedded));
    Node *projected = clip_text_project(g, clip, hidden);
    Error err;
    assert_true(graph_compile(g, (Node *[]){hidden, projected}, 2, NULL, &err));
    graph_forward(g);
    assert_golden(st, "text", "hidden", hidden, 1);
    assert_golden(st, "text", "projected", projected, 1);
    graph_free(g);
    clip_free(clip);
    tensor_file_close(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vit_features_are_open_clip_s),
        cmocka_unit_test(vit_b_16_features_are_open_clip_s),
        cmocka_unit_test(resnet_features_are_open_clip_s),
        cmocka_unit_test(rn50_features_are_open_clip_s),
        cmocka_unit_test(mixed_pool_position_takes_global_with_and_local_without),
        cmocka_unit_test(resnet_trains_with_torch_s_gradients_and_batch_statistics),
        cmocka_unit_test(text_features_are_open_clip_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
