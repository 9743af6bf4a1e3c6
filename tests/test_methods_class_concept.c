/* Class concepts and context-guided features against numpy (tests/golden/make_class_concept.py), and what their definition implies. */
#include "methods/shared/method.h"
#include "tests/golden_arrays.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static TensorFile *st;
static ImageFeatures images;
static TextFeatures texts;
static uint8_t *labels;
static size_t classes;
static Clip clip; /* of its joint space alone is anything read */

static int open_golden(void **state)
{
    (void)state;
    st = golden_open("tests/golden/class_concept.safetensors");
    const TensorView *local = golden_view(st, "local");
    images = (ImageFeatures){.count = local->dim[0],
                             .positions = local->dim[1],
                             .width = local->dim[2],
                             .global = golden_floats(st, "images"),
                             .local = golden_floats(st, "local")};
    texts = (TextFeatures){
        .count = golden_view(st, "texts")->dim[0], .width = images.width, .global = golden_floats(st, "texts")};
    classes = golden_view(st, "labels")->dim[1];
    int64_t *wide = golden_integers(st, "labels");
    labels = xmalloc(texts.count * classes);
    for (size_t i = 0; i < texts.count * classes; i++) labels[i] = (uint8_t)wide[i];
    free(wide);
    clip.config.embed = images.width;
    return 0;
}

static int close_golden(void **state)
{
    (void)state;
    free(images.global), free(images.local), free(texts.global), free(labels);
    tensor_file_close(st);
    return 0;
}

static bool scored(const char *options, uint64_t seed, const LabelledCaptions *captions, Scores *scores, Error *err)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    JsonFile *file = json_parse("options", options, strlen(options), err);
    Options values;
    Run run = {.method = method_find("class_concept"),
               .clip = &clip,
               .classes = classes,
               .width = images.width,
               .class_names = names,
               .seed = seed,
               .captions = *captions};
    if (!file || !options_read(&values, run.method->options, json_root(file), err)) fail_msg("%s", err->text);
    run.options = &values;
    const bool good = run.method->score(&run, &images, scores, err);
    options_free(&values);
    json_free(file);
    return good;
}

static Scores golden_scored(const char *options, uint64_t seed)
{
    Error err = {0};
    Scores scores;
    if (!scored(options, seed, &(LabelledCaptions){&texts, labels}, &scores, &err)) fail_msg("%s", err.text);
    return scores;
}

/* Floats against doubles; the sharpest softmax multiplies a cosine's rounding by 80. */
static void expect(const char *name, const char *options, uint64_t seed)
{
    Scores scores = golden_scored(options, seed);
    float *golden = golden_floats(st, name);
    for (size_t i = 0; i < images.count * classes; i++) assert_true(fabsf(scores.combined[i] - golden[i]) < 2e-5f);
    free(golden);
    scores_free(&scores);
}

static void scores_equal_numpys(void **state)
{
    (void)state;
    expect("defaults", "{\"layout\": \"5x5x2\"}", 1);
    expect("other_order", "{\"layout\": \"2x5x5\"}", 9);
    expect("flat", "{\"layout\": \"50\", \"local\": false}", 1);
    expect("deep", "{\"layout\": \"2x2x2x2x3\", \"scale\": 20, \"scale_local\": 10, \"tau\": 25}", 1);
    expect("concept", "{\"layout\": \"50\", \"context\": false}", 1);
}

static void captions_are_cut_or_repeated_to_fit(void **state)
{
    (void)state;
    expect("fewer", "{\"layout\": \"3x4x3\"}", 1);
    expect("more", "{\"layout\": \"4x5x4\"}", 1);
}

/* One axis, and axes of length 1 beside it, are the same softmax. */
static void axes_of_one_change_nothing(void **state)
{
    (void)state;
    Scores a = golden_scored("{\"layout\": \"50\"}", 1), b = golden_scored("{\"layout\": \"1x50x1\"}", 1);
    for (size_t i = 0; i < images.count * classes; i++) assert_true(fabsf(a.combined[i] - b.combined[i]) < 1e-6f);
    scores_free(&a), scores_free(&b);
}

/* Of a single caption every image is that caption. */
static void one_caption_makes_all_images_equal(void **state)
{
    (void)state;
    Scores s = golden_scored("{\"layout\": \"1\", \"local\": false}", 4);
    for (size_t i = classes; i < images.count * classes; i++)
        assert_true(fabsf(s.combined[i] - s.combined[i % classes]) < 1e-6f);
    scores_free(&s);
}

static void a_class_that_nothing_names_scores_0(void **state)
{
    (void)state;
    Scores s = golden_scored("{\"layout\": \"5x5x2\"}", 1);
    for (size_t i = 0; i < images.count; i++) assert_true(s.combined[i * classes + 4] == 0);
    scores_free(&s);
}

static void classes_that_change_places_change_the_scores_places(void **state)
{
    (void)state;
    Error err = {0};
    uint8_t *turned = xmalloc(texts.count * classes);
    for (size_t i = 0; i < texts.count; i++)
        for (size_t c = 0; c < classes; c++) turned[i * classes + c] = labels[i * classes + (c + 1) % classes];
    Scores a = golden_scored("{\"layout\": \"5x5x2\"}", 1), b;
    assert_true(scored("{\"layout\": \"5x5x2\"}", 1, &(LabelledCaptions){&texts, turned}, &b, &err));
    for (size_t i = 0; i < images.count; i++)
        for (size_t c = 0; c < classes; c++)
            assert_true(fabsf(b.combined[i * classes + c] - a.combined[i * classes + (c + 1) % classes]) < 1e-6f);
    scores_free(&a), scores_free(&b);
    free(turned);
}

static void a_layout_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",          "x",
                                        "5x",        "x5",
                                        "5*5",       "0x4",
                                        "-3",        "5xx5",
                                        "5x5x",      "99999999",
                                        "9999x9999", "2x2x2x2x2x2x2x2x2",
                                        "5 x5",      "184467440737095516170x1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        Error err = {0};
        Scores s = {0};
        char *options = xformat("{\"layout\": \"%s\"}", wrong[i]);
        if (scored(options, 1, &(LabelledCaptions){&texts, labels}, &s, &err)) fail_msg("\"%s\" is taken", wrong[i]);
        assert_int_equal(err.exit_status, EXIT_USAGE);
        free(options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_equal_numpys),
        cmocka_unit_test(captions_are_cut_or_repeated_to_fit),
        cmocka_unit_test(axes_of_one_change_nothing),
        cmocka_unit_test(one_caption_makes_all_images_equal),
        cmocka_unit_test(a_class_that_nothing_names_scores_0),
        cmocka_unit_test(classes_that_change_places_change_the_scores_places),
        cmocka_unit_test(a_layout_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
