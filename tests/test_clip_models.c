/* Checkpoints in each layout, and the encoders, against open_clip and transformers (tests/golden/make_clip.py). */
#include "harness/clip/clip.h"
#include "harness/io/safetensors.h"
#include "tests/golden_arrays.h"

#include "harness/base/text.h"

// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <math.h>
#include <unistd.h>

#define FOLDER "tests/golden/clip/"

static Clip *open_good(const char *path)
{
    Error err = {0};
    Clip *clip = clip_open(path, &err);
    if (!clip) fail_msg("%s", err.text);
    return clip;
}

static Clip *open_layout(const char *name)
{
    char *path = xformat(FOLDER "%s", name);
    Clip *clip = open_good(path);
    free(path);
    return clip;
}

/* Unit vectors, so 1e-4 of their length is 1e-4; the golden values are of the same float16 weights in float32. */
static void expect_close(const TensorFile *st, const char *name, const char *what, const float *have, size_t count)
{
    char *key = xformat("%s.%s", name, what);
    float *want = golden_floats(st, key);
    assert_int_equal(golden_view(st, key)->count, count);
    double worst = 0;
    for (size_t i = 0; i < count; i++) worst = fmax(worst, fabs((double)want[i] - (double)have[i]));
    if (!(worst < 1e-4)) fail_msg("%s differs by %g", key, worst);
    free(want);
    free(key);
}

static TokenList golden_tokens(const TensorFile *st, const char *name)
{
    char *ids_name = xformat("%s.tokens", name), *lengths_name = xformat("%s.lengths", name);
    int64_t *ids = golden_integers(st, ids_name), *lengths = golden_integers(st, lengths_name);
    TokenList list = {.count = golden_view(st, lengths_name)->count};
    list.offsets = xcalloc(list.count + 1, sizeof *list.offsets);
    for (size_t i = 0; i < list.count; i++) list.offsets[i + 1] = list.offsets[i] + (size_t)lengths[i];
    list.tokens = xcalloc(list.offsets[list.count], sizeof *list.tokens);
    for (size_t i = 0; i < list.offsets[list.count]; i++) list.tokens[i] = (int32_t)ids[i];
    free(ids);
    free(lengths);
    free(ids_name);
    free(lengths_name);
    return list;
}

static void check_texts(const char *name)
{
    TensorFile *st = golden_open(FOLDER "features.safetensors");
    Clip *clip = open_layout(name);
    TokenList texts = golden_tokens(st, name);
    for (int local = 0; local < 2; local++) {
        TextFeatures f;
        Error err = {0};
        if (!clip_encode_texts(clip, &texts, local, (Arithmetic){0}, &f, NULL, &err)) fail_msg("%s", err.text);
        expect_close(st, name, "text_global", f.global, f.count * f.width);
        if (local) expect_close(st, name, "text_local", f.local, f.offsets[f.count] * f.width);
        assert_true((f.local != NULL) == local);
        text_features_free(&f);
    }
    token_list_free(&texts);
    clip_free(clip);
    tensor_file_close(st);
}

static bool load_golden(void *context, size_t i, Image *image, Error *err)
{
    const TensorView *view = context;
    (void)err;
    const size_t bytes = view->dim[1] * view->dim[2] * 3;
    *image = (Image){.width = view->dim[2], .height = view->dim[1], .pixels = xmalloc(bytes)};
    memcpy(image->pixels, (const uint8_t *)view->data + i * bytes, bytes);
    return true;
}

static void check_images(const char *name, PoolPosition position, const char *global, const char *local)
{
    TensorFile *st = golden_open(FOLDER "features.safetensors");
    Clip *clip = open_layout(name);
    char *key = xformat("%s.pixels", name);
    const TensorView *view = golden_view(st, key);
    const ImageSource source = {.count = view->dim[0], .load = load_golden, .context = (void *)view};
    for (size_t batch = 0; batch < 3; batch += 2) { /* three pictures: at once, and as two and one */
        ImageFeatures f;
        Error err = {0};
        const EncodeOptions options = {.position = position, .batch = batch, .want_local = true};
        if (!clip_encode_images(clip, &source, options, &f, NULL, &err)) fail_msg("%s", err.text);
        expect_close(st, name, global, f.global, f.count * f.width);
        expect_close(st, name, local, f.local, f.count * f.positions * f.width);
        image_features_free(&f);
    }
    free(key);
    clip_free(clip);
    tensor_file_close(st);
}

static void open_clip_resnet_gives_the_features_of_open_clip(void **state)
{
    (void)state;
    check_texts("openclip_resnet");
    check_images("openclip_resnet", POOL_POSITION_ON, "global_on", "local_on");
    check_images("openclip_resnet", POOL_POSITION_OFF, "global_off", "local_off");
    check_images("openclip_resnet", POOL_POSITION_GLOBAL, "global_on", "local_off");
}

static void open_clip_vit_gives_the_features_of_open_clip(void **state)
{
    (void)state;
    check_texts("openclip_vit");
    check_images("openclip_vit", POOL_POSITION_ON, "global_on", "local_on");
}

static void hugging_face_clip_gives_the_features_of_transformers(void **state)
{
    (void)state;
    check_texts("huggingface");
    check_images("huggingface", POOL_POSITION_ON, "global_on", "local_on");
}

static void a_lone_text_tower_gives_the_features_of_transformers(void **state)
{
    (void)state;
    check_texts("huggingface_text");
}

static void a_text_tower_without_projection_opens_and_says_that_it_has_no_features(void **state)
{
    (void)state;
    Clip *clip = open_layout("huggingface_hidden");
    assert_true(clip->config.has_text && !clip->config.has_image && clip->config.embed == 0);
    TokenList list = {.count = 1, .offsets = (size_t[]){0, 1}, .tokens = (int32_t[]){3}};
    TextFeatures f;
    Error err = {0};
    assert_false(clip_encode_texts(clip, &list, false, (Arithmetic){0}, &f, NULL, &err));
    assert_non_null(strstr(err.text, "no projection"));
    clip_free(clip);
}

static ClipConfig small_resnet(void)
{
    return (ClipConfig){.embed = 8,
                        .has_image = true,
                        .has_text = true,
                        .image_size = 16,
                        .is_resnet = true,
                        .stages = 2,
                        .blocks = {1, 1},
                        .stem_width = 8,
                        .image_width = 64,
                        .image_heads = 1,
                        .layer_norm_eps = 1e-5f,
                        .text_layer_norm_eps = 1e-5f,
                        .preprocessing = preprocessing_standard(),
                        .text_width = 64,
                        .text_heads = 1,
                        .text_layers = 1,
                        .text_mlp = 100,
                        .context = 6,
                        .vocabulary = 9,
                        .text_activation = ACT_QUICK_GELU,
                        .image_activation = ACT_QUICK_GELU,
                        .logit_scale = 2.5f};
}

static char *new_folder(void)
{
    char *folder = xstrdup("/tmp/palbench-clip-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return folder;
}

static void remove_folder(char *folder)
{
    static const char *const names[] = {"open_clip_config.json", "open_clip_model.safetensors"};
    for (size_t i = 0; i < 2; i++) {
        char *path = path_join(folder, names[i]);
        unlink(path);
        free(path);
    }
    rmdir(folder);
    free(folder);
}

static void expect_same_weights(const Clip *a, const Clip *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const Parameter *p = &a->weights[i], *q = clip_weight(b, p->name);
        assert_true(shape_equal(p->shape, q->shape));
        assert_memory_equal(p->value, q->value, shape_size(p->shape) * sizeof *p->value);
    }
}

static void a_saved_model_reads_back_the_same_also_as_a_bare_file(void **state)
{
    (void)state;
    Error err = {0};
    char *folder = new_folder(), *bare = path_join(folder, "open_clip_model.safetensors");
    Clip *made = clip_new(small_resnet(), 3, &err);
    assert_non_null(made);
    assert_true(clip_save(made, folder, false, &err));
    Clip *read = open_good(folder), *alone = open_good(bare);
    clip_freeze(made);
    assert_non_null(clip_find_weight(made, "visual.layer1.0.downsample.0.bias"));
    assert_null(clip_find_weight(made, "visual.bn1.running_mean"));
    expect_same_weights(made, read);
    expect_same_weights(made, alone);
    assert_float_equal(read->config.logit_scale, 2.5f, 0);
    assert_int_equal(read->config.text_mlp, 100);
    assert_int_equal(alone->config.image_size, 16);
    assert_false(clip_save(read, folder, false, &err)); /* folded */
    clip_free(made);
    clip_free(read);
    clip_free(alone);
    free(bare);
    remove_folder(folder);
}

static void the_same_seed_gives_the_same_model_and_another_another(void **state)
{
    (void)state;
    Error err = {0};
    Clip *a = clip_new(small_resnet(), 3, &err), *b = clip_new(small_resnet(), 3, &err),
         *c = clip_new(small_resnet(), 4, &err);
    expect_same_weights(a, b);
    const char *name = "token_embedding.weight";
    assert_memory_not_equal(clip_weight(a, name)->value, clip_weight(c, name)->value, 64);
    clip_free(a);
    clip_free(b);
    clip_free(c);
}

static void expect_refused(const char *path, const char *sentence)
{
    Error err = {0};
    assert_null(clip_open(path, &err));
    if (!strstr(err.text, sentence) || !strstr(err.text, path)) fail_msg("\"%s\" was said", err.text);
}

/* The small model's file with its `which`-th tensor left out (shape_of NULL) or given another shape. */
static void write_spoiled(const Clip *clip, const char *path, const char *name, bool leave_out)
{
    TensorOut *out = xcalloc(clip->count, sizeof *out);
    size_t count = 0;
    for (size_t i = 0; i < clip->count; i++) {
        const Parameter *p = &clip->weights[i];
        const bool hit = !strcmp(p->name, name);
        if (hit && leave_out) continue;
        out[count] = (TensorOut){.name = p->name, .rank = p->shape.rank, .values = p->value};
        memcpy(out[count].dim, p->shape.dim, sizeof p->shape.dim);
        if (hit) out[count].dim[0]--;
        count++;
    }
    Error err = {0};
    assert_true(safetensors_write(path, out, count, TENSOR_F32, NULL, &err));
    free(out);
}

static void broken_checkpoints_are_refused_with_a_sentence(void **state)
{
    (void)state;
    Error err = {0};
    char *folder = new_folder(), *weights = path_join(folder, "open_clip_model.safetensors");
    char *config = path_join(folder, "open_clip_config.json");
    expect_refused("/nonexistent", "no such file");
    expect_refused(folder, "no CLIP there");
    Clip *clip = clip_new(small_resnet(), 3, &err);
    assert_true(clip_save(clip, folder, false, &err));
    write_spoiled(clip, weights, "visual.layer2.0.bn2.running_var", true);
    expect_refused(folder, "\"visual.layer2.0.bn2.running_var\" is missing");
    write_spoiled(clip, weights, "ln_final.bias", false);
    expect_refused(folder, "\"ln_final.bias\" has the shape [63], [64] is needed");
    static const char *const sizes[] = {
        "{}",
        "{\"model_cfg\": {\"embed_dim\": 8, \"vision_cfg\": {}, \"text_cfg\": {\"vocab_size\": 1000000000}}}",
        "{\"model_cfg\": {\"embed_dim\": -8, \"vision_cfg\": {}, \"text_cfg\": {}}}",
        "{\"model_cfg\": {\"embed_dim\": 8, \"vision_cfg\": {\"head_width\": 0}, \"text_cfg\": {}}}",
        "{\"model_cfg\": {\"embed_dim\": 8, \"vision_cfg\": {\"layers\": [1, 1, 1, 1, 1]}, \"text_cfg\": {}}}",
        "{\"model_cfg\": {\"embed_dim\": 8, \"vision_cfg\": {\"timm_model_name\": \"x\"}, \"text_cfg\": {}}}"};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_true(write_file(config, sizes[i], strlen(sizes[i]), &err));
        expect_refused(folder, "");
    }
    assert_true(write_file(weights, "12345678{", 9, &err));
    expect_refused(weights, "");
    clip_free(clip);
    free(weights);
    free(config);
    remove_folder(folder);
}

static void weights_that_are_not_finite_are_noticed(void **state)
{
    (void)state;
    Error err = {0};
    Clip *clip = clip_new(small_resnet(), 3, &err);
    clip_weight(clip, "ln_final.weight")->value[5] = NAN;
    clip_freeze(clip);
    TokenList list = {.count = 1, .offsets = (size_t[]){0, 2}, .tokens = (int32_t[]){3, 8}};
    TextFeatures f;
    assert_false(clip_encode_texts(clip, &list, false, (Arithmetic){0}, &f, NULL, &err));
    assert_non_null(strstr(err.text, "not finite"));
    list.tokens = (int32_t[]){3, 9};
    assert_false(clip_encode_texts(clip, &list, false, (Arithmetic){0}, &f, NULL, &err));
    assert_non_null(strstr(err.text, "token 9"));
    clip_free(clip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_clip_resnet_gives_the_features_of_open_clip),
        cmocka_unit_test(open_clip_vit_gives_the_features_of_open_clip),
        cmocka_unit_test(hugging_face_clip_gives_the_features_of_transformers),
        cmocka_unit_test(a_lone_text_tower_gives_the_features_of_transformers),
        cmocka_unit_test(a_text_tower_without_projection_opens_and_says_that_it_has_no_features),
        cmocka_unit_test(a_saved_model_reads_back_the_same_also_as_a_bare_file),
        cmocka_unit_test(the_same_seed_gives_the_same_model_and_another_another),
        cmocka_unit_test(broken_checkpoints_are_refused_with_a_sentence),
        cmocka_unit_test(weights_that_are_not_finite_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
