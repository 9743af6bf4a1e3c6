/* PVP against a PyTorch script that follows its definition (tests/golden/make_pvp.py): loss step by step, gradients into the
 * pseudo images through a ResNet and a ViT, learned arrays, scores. */
#include "harness/clip/weight_list.h"
#include "tests/drawn_weights.h"
#include "tests/methods_fixture.h"

static TensorFile *golden;
static JsonFile *record;
static Clip *resnet, *vit;
static TokenList tokens;
static TextFeatures captions;

/* The tiny text tower, and an image tower beside it. */
static Clip *clip_with(ClipConfig c, uint64_t seed)
{
    Error err;
    c.has_image = true;
    c.image_size = 32;
    memcpy(c.preprocessing.mean, (float[]){0.5f, 0.45f, 0.4f}, sizeof c.preprocessing.mean);
    memcpy(c.preprocessing.std, (float[]){0.25f, 0.26f, 0.27f}, sizeof c.preprocessing.std);
    Clip *clip = clip_new(c, 0, &err);
    if (!clip) die("%s", err.text);
    for (size_t i = 0; i < clip->count; i++) {
        char name[128];
        snprintf(name, sizeof name, "weights.%s", clip->weights[i].name);
        if (tensor_file_find(tiny.st, name))
            tensor_to_float(golden_view(tiny.st, name), clip->weights[i].value, &(Error){0});
    }
    draw_weights(clip, "visual.", seed);
    clip_freeze(clip);
    return clip;
}

static int open_all(void **state)
{
    Error err;
    tiny_open(state);
    golden = golden_open("tests/golden/pvp.safetensors");
    record = json_read("tests/golden/pvp.json", &err);
    if (!record) die("%s", err.text);
    ClipConfig c = tiny.clip->config;
    c.is_resnet = true;
    c.stages = 2;
    memcpy(c.blocks, (size_t[]){1, 2, 0, 0}, sizeof c.blocks);
    c.stem_width = 16, c.image_width = 128, c.image_heads = 4;
    resnet = clip_with(c, 31);
    c = tiny.clip->config;
    c.image_width = 48, c.image_heads = 3, c.image_layers = 2, c.patch = 8, c.image_mlp = 192;
    c.image_activation = ACT_QUICK_GELU;
    vit = clip_with(c, 32);
    tiny_tokens(&tokens);
    if (!clip_encode_texts(tiny.clip, &tokens, true, (Arithmetic){0}, &captions, NULL, &err)) die("%s", err.text);
    return 0;
}

static int close_all(void **state)
{
    token_list_free(&tokens);
    text_features_free(&captions);
    clip_free(resnet);
    clip_free(vit);
    json_free(record);
    tensor_file_close(golden);
    return tiny_close(state);
}

static Run with_data(Run run, const Clip *clip)
{
    run.clip = clip;
    run.captions = (LabelledCaptions){&captions, tiny.labels};
    return run;
}

static Run pvp_run(const Clip *clip, const Options *options, uint64_t seed)
{
    return with_data(tiny_run("pvp", options, seed), clip);
}

/* Trains one variant; the caller frees run and options. */
static Run trained(const char *name, Options *options)
{
    Error err = {0};
    const char *tower = NULL;
    assert_true(json_string(golden_variant(record, name), "tower", &tower, &err));
    Run run = with_data(tiny_variant(record, name, "pvp", options), strcmp(tower, "vit") ? resnet : vit);
    if (!run.method->train(&run, &err)) fail_msg("%s: %s", name, err.text);
    return run;
}

/* Every so many of the values are stored. */
static void assert_thinned(const char *variant, const char *part, const float *values, size_t count)
{
    char name[128];
    snprintf(name, sizeof name, "%s.%s", variant, part);
    const size_t stored = golden_view(golden, name)->count, step = (count + stored - 1) / stored;
    float *thinned = xmalloc(stored * sizeof *thinned);
    assert_int_equal((count + step - 1) / step, stored);
    for (size_t i = 0; i < stored; i++) thinned[i] = values[i * step];
    assert_golden(golden, variant, part, thinned, stored);
    free(thinned);
}

static void check_variant(const char *name, size_t steps, size_t arrays)
{
    Options options;
    Scores scores;
    Run run = trained(name, &options);
    const size_t count = tiny.images.count * tiny.classes.count;
    assert_int_equal(run.loss_count, steps);
    assert_thinned(name, "loss", run.loss, run.loss_count);
    assert_int_equal(run.learned_count, arrays);
    for (size_t i = 0; i < run.learned_count; i++)
        assert_thinned(name, run.learned[i]->name, run.learned[i]->value, shape_size(run.learned[i]->shape));
    tiny_score_stored(&run, &options, &scores);
    assert_thinned(name, "scores", scores.combined, count);
    assert_thinned(name, "scores_global", scores.global, count);
    assert_thinned(name, "scores_local", scores.local, count);
    scores_free(&scores);
    run_free(&run);
    options_free(&options);
}

static void fifty_steps_of_stage_1_follow_the_reference_through_a_resnet(void **state)
{
    (void)state;
    check_variant("resnet_stage1", 50, 2);
}

static void fifty_steps_of_stage_1_follow_the_reference_through_a_vit(void **state)
{
    (void)state;
    check_variant("vit_stage1", 50, 2);
}

/* An epoch at 1.0, as published; and three at 0.3. */
static void the_first_epochs_of_stage_1_have_a_rate_of_their_own(void **state)
{
    (void)state;
    check_variant("resnet_warmup", 40, 2);
    check_variant("vit_warmup", 50, 2);
}

static void both_stages_follow_the_reference_through_a_resnet(void **state)
{
    (void)state;
    check_variant("resnet_both", 60, 8);
}

static void both_stages_follow_the_reference_through_a_vit(void **state)
{
    (void)state;
    check_variant("vit_both", 60, 8);
}

static void vectors_in_place_of_images_follow_the_reference(void **state)
{
    (void)state;
    check_variant("vector_stage1", 50, 2);
    check_variant("vector_both", 26, 8);
}

static void every_option_reaches_its_place(void **state)
{
    (void)state;
    check_variant("vit_adam", 30, 8);
}

static void check_gradient(const char *name)
{
    static const char *const parts[] = {"pseudo_global", "pseudo_local", "adapter_text_1"};
    Options options;
    Run run = trained(name, &options);
    assert_thinned(name, "loss", run.loss, run.loss_count);
    for (size_t i = 0; i < (run.learned_count > 2 ? 3 : 2); i++) {
        const Parameter *p = run_learned(&run, parts[i]);
        char part[64];
        snprintf(part, sizeof part, "%s.gradient", parts[i]);
        assert_thinned(name, part, p->gradient, shape_size(p->shape));
    }
    run_free(&run);
    options_free(&options);
}

static void gradients_reach_the_pixels_through_a_resnet(void **state)
{
    (void)state;
    check_gradient("resnet_gradient1");
    check_gradient("resnet_gradient2");
}

static void gradients_reach_the_pixels_through_a_vit(void **state)
{
    (void)state;
    check_gradient("vit_gradient1");
    check_gradient("vit_gradient2");
}

static Run trained_with(const Clip *clip, const char *json, Options *options)
{
    Error err = {0};
    tiny_options("pvp", json, options);
    Run run = pvp_run(clip, options, 7);
    if (!run.method->train(&run, &err)) fail_msg("%s", err.text);
    return run;
}

/* 12 images; pieces of 5 leave a last one of 2. */
static void the_tower_in_pieces_learns_what_the_whole_learns(void **state)
{
    (void)state;
    Options options[2];
    Run whole =
        trained_with(vit, "{\"stage2\": false, \"stage1_epochs\": 2, \"batch\": 16, \"tower_batch\": 0}", &options[0]);
    Run pieces =
        trained_with(vit, "{\"stage2\": false, \"stage1_epochs\": 2, \"batch\": 16, \"tower_batch\": 5}", &options[1]);
    assert_int_equal(whole.loss_count, 8);
    assert_true(worst_error(pieces.loss, whole.loss, 8) < 1e-5);
    for (size_t i = 0; i < 2; i++) {
        const Parameter *a = pieces.learned[i], *b = whole.learned[i];
        assert_true(worst_error(a->value, b->value, shape_size(b->shape)) < 1e-5);
    }
    run_free(&whole), run_free(&pieces);
    options_free(&options[0]), options_free(&options[1]);
}

static void same_seed_gives_the_same_bits(void **state)
{
    (void)state;
    Options options[2];
    Run runs[2];
    for (size_t i = 0; i < 2; i++)
        runs[i] =
            trained_with(resnet, "{\"stage1_epochs\": 2, \"epochs\": 2, \"batch\": 16, \"context\": 4}", &options[i]);
    assert_int_equal(runs[0].loss_count, 16);
    assert_memory_equal(runs[0].loss, runs[1].loss, 16 * sizeof(float));
    for (size_t i = 0; i < 2; i++) run_free(&runs[i]), options_free(&options[i]);
}

static void assert_refused(const Clip *clip, const TextFeatures *texts, const char *json, const char *what)
{
    Options options;
    Error err = {0};
    tiny_options("pvp", json, &options);
    Run run = pvp_run(clip, &options, 1);
    run.captions.features = texts;
    assert_false(run.method->train(&run, &err));
    if (!strstr(err.text, what)) fail_msg("%s", err.text);
    run_free(&run);
    options_free(&options);
}

static void impossible_trainings_are_refused_with_a_sentence(void **state)
{
    (void)state;
    TextFeatures globals = captions, none = captions;
    globals.local = NULL;
    none.count = 0;
    assert_refused(tiny.clip, &captions, "{}", "no image tower");
    assert_refused(vit, &globals, "{}", "no token features");
    assert_refused(vit, &none, "{}", "nothing to train on");
    assert_refused(vit, &captions, "{\"stage1_schedule\": 10}", "shorter than stage1_epochs");
    assert_refused(vit, &captions, "{\"context\": 39, \"stage1_epochs\": 1}", "use a shorter context");
}

static void test_features_without_positions_are_refused(void **state)
{
    (void)state;
    Options options;
    Scores scores;
    Error err = {0};
    Run run = trained_with(vit, "{\"variant\": \"vector\", \"stage2\": false, \"stage1_epochs\": 1}", &options);
    ImageFeatures bare = tiny.images;
    bare.local = NULL;
    assert_false(run.method->score(&run, &bare, &scores, &err));
    assert_non_null(strstr(err.text, "no local part"));
    run_free(&run);
    options_free(&options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_reach_the_pixels_through_a_resnet),
        cmocka_unit_test(gradients_reach_the_pixels_through_a_vit),
        cmocka_unit_test(fifty_steps_of_stage_1_follow_the_reference_through_a_resnet),
        cmocka_unit_test(fifty_steps_of_stage_1_follow_the_reference_through_a_vit),
        cmocka_unit_test(the_first_epochs_of_stage_1_have_a_rate_of_their_own),
        cmocka_unit_test(both_stages_follow_the_reference_through_a_resnet),
        cmocka_unit_test(both_stages_follow_the_reference_through_a_vit),
        cmocka_unit_test(vectors_in_place_of_images_follow_the_reference),
        cmocka_unit_test(every_option_reaches_its_place),
        cmocka_unit_test(the_tower_in_pieces_learns_what_the_whole_learns),
        cmocka_unit_test(same_seed_gives_the_same_bits),
        cmocka_unit_test(impossible_trainings_are_refused_with_a_sentence),
        cmocka_unit_test(test_features_without_positions_are_refused),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
