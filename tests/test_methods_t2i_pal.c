/* T2I-PAL with and without each of its pieces against a PyTorch script that follows its definition
 * (tests/golden/make_t2i_pal.py): loss step by step, learned arrays, scores. */
#include "methods/shared/heat_map.h"
#include "methods/t2i_pal/t2i_pal_internal.h"
#include "tests/gradient_check.h"
#include "tests/methods_fixture.h"

static TensorFile *golden;
static JsonFile *record;
static ImageFeatures generated;
static int8_t *generated_labels;
static TokenList tokens;
static TextFeatures captions;

static int open_all(void **state)
{
    Error err;
    tiny_open(state);
    golden = golden_open("tests/golden/t2i_pal.safetensors");
    record = json_read("tests/golden/t2i_pal.json", &err);
    if (!record) die("%s", err.text);
    generated = golden_images(golden, "generated");
    generated_labels = golden_labels(golden, "generated_labels");
    tiny_tokens(&tokens);
    if (!clip_encode_texts(tiny.clip, &tokens, true, (Arithmetic){0}, &captions, NULL, &err)) die("%s", err.text);
    return 0;
}

static int close_all(void **state)
{
    token_list_free(&tokens);
    text_features_free(&captions);
    free(generated.global);
    free(generated.local);
    free(generated_labels);
    json_free(record);
    tensor_file_close(golden);
    return tiny_close(state);
}

static Run with_data(Run run)
{
    run.generated = (LabelledImages){&generated, generated_labels};
    run.captions = (LabelledCaptions){&captions, tiny.labels};
    return run;
}

static Run pal_run(const Options *options, uint64_t seed)
{
    return with_data(tiny_run("t2i_pal", options, seed));
}

static void check_variant(const char *name, size_t arrays)
{
    Options options;
    Scores scores;
    Error err = {0};
    Run run = with_data(tiny_variant(record, name, "t2i_pal", &options));
    if (!run.method->train(&run, &err)) fail_msg("%s: %s", name, err.text);
    assert_golden(golden, name, "loss", run.loss, run.loss_count);
    assert_int_equal(run.learned_count, arrays);
    assert_learned_golden(golden, name, &run);
    tiny_score_stored(&run, &options, &scores);
    const size_t count = tiny.images.count * tiny.classes.count;
    assert_golden(golden, name, "scores", scores.combined, count);
    if (option_bool(&options, "local")) {
        assert_golden(golden, name, "scores_global", scores.global, count);
        assert_golden(golden, name, "scores_local", scores.local, count);
    }
    scores_free(&scores);
    run_free(&run);
    options_free(&options);
}

static void all_pieces_together_follow_the_reference(void **state)
{
    (void)state;
    check_variant("full", 4);
}

static void each_piece_left_out_follows_the_reference(void **state)
{
    (void)state;
    check_variant("images_only", 4);
    check_variant("no_heat_map", 4);
    check_variant("no_adapter", 2);
    check_variant("prompts_for_prototypes", 2);
    check_variant("mixed_prompts_for_prototypes", 2);
    check_variant("prototypes_alone", 2);
}

static void the_global_branch_alone_with_checked_labels_follows_the_reference(void **state)
{
    (void)state;
    check_variant("global", 2);
    check_variant("global_prompts_alone", 1);
}

static void caches_with_learned_keys_follow_the_reference(void **state)
{
    (void)state;
    check_variant("cache", 6);
    check_variant("global_cache", 3);
    check_variant("cache_alone", 4);
    check_variant("cache_without_heat_map", 6);
}

static void adamw_with_a_context_a_class_follows_the_reference(void **state)
{
    (void)state;
    check_variant("adamw", 4);
}

static void same_seed_gives_the_same_bits_and_another_seed_does_not(void **state)
{
    (void)state;
    Options options;
    Run runs[3];
    Error err;
    tiny_options("t2i_pal", "{\"batch\": 10, \"epochs\": 2, \"context\": 3, \"lr\": 0.01}", &options);
    for (size_t i = 0; i < 3; i++) {
        runs[i] = pal_run(&options, i == 2 ? 8 : 7);
        assert_true(runs[i].method->train(&runs[i], &err));
        assert_int_equal(runs[i].loss_count, 8);
    }
    assert_memory_equal(runs[0].loss, runs[1].loss, 8 * sizeof(float));
    assert_memory_not_equal(runs[0].loss, runs[2].loss, 8 * sizeof(float));
    for (size_t i = 0; i < 3; i++) run_free(&runs[i]);
    options_free(&options);
}

/* ---- gradients of the local branch, by everything it learns ---- */

enum { BATCH = 3, POSITIONS = 4, CLASSES = 5, WIDTH = 6, KEYS = 2 };
static float some_positions[BATCH * POSITIONS * WIDTH];

/* parameters: L, then prototypes or keys */
static Node *build_local(Graph *g, Node *const *p, const void *context)
{
    const Pal *pal = context;
    const float valid[CLASSES * KEYS] = {1, 1, 1, 0, 1, 1, 0, 0, 0, 1};
    Node *x = constant(g, shape(BATCH, POSITIONS, WIDTH), some_positions);
    const PalNodes local = {
        .classes = p[0], .prototypes = p[1], .keys = p[1], .values = constant_copy(g, shape(CLASSES, KEYS), valid)};
    return pal_local_scores(g, pal, x, local, 2.0f);
}

static void gradients_of_the_local_branch_equal_finite_differences(void **state)
{
    (void)state;
    for (size_t i = 0; i < BATCH * POSITIONS * WIDTH; i++) some_positions[i] = (float)((i * 37 + 11) % 23) / 11.5f - 1;
    Pal pal = {.with_local = true, .alpha = 0.7f, .beta = 0.8f, .classes = CLASSES, .width = WIDTH};
    const GradientCheck check = {.low = -1, .high = 1, .bits_may_differ = true};
    pal.prior = PAL_PROTOTYPES;
    const Shape prototypes[] = {shape(CLASSES, WIDTH), shape(CLASSES, WIDTH)};
    check_gradients("prototypes", build_local, &pal, prototypes, 2, check);
    pal.prior = PAL_CACHE;
    const Shape keys[] = {shape(CLASSES, WIDTH), shape(CLASSES, KEYS, WIDTH)};
    check_gradients("cache", build_local, &pal, keys, 2, check);
}

static void a_heat_map_without_sharpness_pools_the_mean(void **state)
{
    (void)state;
    const size_t classes = tiny.classes.count, width = generated.width, positions = generated.positions;
    float *weights = xcalloc(positions * classes, sizeof *weights);
    float *scratch = xcalloc((positions + 3) * classes, sizeof *scratch), *u = xcalloc(width, sizeof *u);
    heat_map(generated.local, positions, width, generated.global, classes, 0, weights, scratch);
    heat_map_pool(generated.local, positions, width, weights, classes, 1, u);
    double square = 0;
    for (size_t i = 0; i < width; i++) square += (double)u[i] * (double)u[i];
    assert_true(fabs(square - 1) < 1e-5);
    for (size_t i = 0; i < positions * classes; i++) assert_true(fabsf(weights[i] - 1 / (float)positions) < 1e-6f);
    free(weights);
    free(scratch);
    free(u);
}

/* Without an adapter 4 sum_j softmax_j(tau m_jc) m_jc over a map is the local score. */
static void local_scores_follow_from_the_heat_maps(void **state)
{
    (void)state;
    Options options;
    Scores scores;
    Error err;
    tiny_options("t2i_pal", "{\"batch\": 10, \"epochs\": 2, \"context\": 3, \"adapter\": false, \"tau_test\": 7}",
                 &options);
    Run run = pal_run(&options, 3);
    assert_true(run.method->train(&run, &err) && run.method->score(&run, &tiny.images, &scores, &err));
    const size_t classes = tiny.classes.count, positions = tiny.images.positions, width = tiny.images.width;
    assert_non_null(scores.local_classes);
    float *maps = xcalloc(classes * positions, sizeof *maps);
    for (size_t n = 0; n < tiny.images.count; n++) {
        heat_map_similarity(tiny.images.local + n * positions * width, positions, width, scores.local_classes, classes,
                            maps);
        for (size_t c = 0; c < classes; c++) {
            double sum = 0, weighted = 0;
            for (size_t j = 0; j < positions; j++) {
                const double m = (double)maps[c * positions + j], e = exp(7 * m);
                sum += e, weighted += e * m;
            }
            assert_true(fabs(4 * weighted / sum - (double)scores.local[n * classes + c]) < 1e-5);
        }
    }
    free(maps);
    scores_free(&scores);
    run_free(&run);
    options_free(&options);
}

/* ---- what is asked for, what is refused ---- */

static void inputs_are_asked_for_as_the_options_take_them(void **state)
{
    (void)state;
    const unsigned images = NEED_CLASS_TEXT | NEED_TOWER | NEED_GENERATED_IMAGES,
                   local = NEED_GENERATED_LOCAL | NEED_TEST_LOCAL;
    const struct {
        const char *json;
        unsigned needs;
    } cases[] = {
        {"{}", images | local | NEED_CAPTIONS | NEED_CAPTION_TOKENS | NEED_TEMPLATES},
        {"{\"text_mix\": 0}", images | local},
        {"{\"prompts\": false}", images | local},
        {"{\"local\": false, \"class_templates\": false}", images | NEED_CAPTIONS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Options options;
        tiny_options("t2i_pal", cases[i].json, &options);
        assert_int_equal(method_find("t2i_pal")->needs(&options), cases[i].needs);
        options_free(&options);
    }
}

static void assert_refused(const char *json, const ImageFeatures *images, const TextFeatures *texts, const char *part)
{
    Options options;
    Error err = {0};
    tiny_options("t2i_pal", json, &options);
    Run run = pal_run(&options, 1);
    run.generated.features = images;
    run.captions.features = texts;
    assert_false(run.method->train(&run, &err));
    if (!strstr(err.text, part)) fail_msg("%s", err.text);
    run_free(&run);
    options_free(&options);
}

static void impossible_trainings_are_refused_with_a_sentence(void **state)
{
    (void)state;
    ImageFeatures other = generated, global_only = generated;
    TextFeatures no_tokens = captions;
    other.width = 8;
    global_only.local = NULL;
    no_tokens.local = NULL;
    assert_refused("{}", NULL, &captions, "generate some first");
    assert_refused("{}", &other, &captions, "joint space");
    assert_refused("{}", &global_only, &captions, "no local features");
    assert_refused("{}", &generated, NULL, "set it to 0");
    assert_refused("{}", &generated, &no_tokens, "no token features");
    assert_refused("{\"prompts\": false, \"adapter\": false}", &generated, NULL, "nothing to learn");
    assert_refused("{\"prototypes\": \"cache\", \"label_check\": 1}", &generated, &captions, "cache is empty");
    assert_refused("{\"context\": 36}", &generated, &captions, "use a shorter context");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_pieces_together_follow_the_reference),
        cmocka_unit_test(each_piece_left_out_follows_the_reference),
        cmocka_unit_test(the_global_branch_alone_with_checked_labels_follows_the_reference),
        cmocka_unit_test(caches_with_learned_keys_follow_the_reference),
        cmocka_unit_test(adamw_with_a_context_a_class_follows_the_reference),
        cmocka_unit_test(same_seed_gives_the_same_bits_and_another_seed_does_not),
        cmocka_unit_test(gradients_of_the_local_branch_equal_finite_differences),
        cmocka_unit_test(a_heat_map_without_sharpness_pools_the_mean),
        cmocka_unit_test(local_scores_follow_from_the_heat_maps),
        cmocka_unit_test(inputs_are_asked_for_as_the_options_take_them),
        cmocka_unit_test(impossible_trainings_are_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
