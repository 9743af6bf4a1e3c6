/* SPARC against a script on numpy's sort and scikit-learn's PCA (tests/golden/make_baselines2.py). */
#include "methods/shared/standardise.h"
#include "methods/sparc/sparc_internal.h"
#include "tests/baselines2_fixture.h"

static bool run_trial(Trial *t, const char *options, const ImageFeatures *test, Error *err)
{
    const TextFeatures texts = {.count = tiny.captions.count}; /* labels are all it reads */
    return trial_run(t, "sparc", options, 1, (LabelledImages){0}, (LabelledCaptions){&texts, tiny.labels}, test, err);
}

static void assert_scores(const char *options, const char *golden)
{
    Error err = {0};
    Trial t;
    if (!run_trial(&t, options, &base.test, &err)) fail_msg("%s", err.text);
    assert_golden(base.st, "sparc", golden, t.scores.combined, base.test.count * tiny.classes.count);
    trial_free(&t);
}

static void scores_equal_the_reference(void **state)
{
    (void)state;
    assert_scores("{\"templates\": \"mini9\"}", "published");
    assert_scores("{\"templates\": \"mini9\", \"pairs\": false}", "no_pairs");
}

/* Class 0 has one pair, so its third highest is its highest. */
static void pairs_can_come_from_the_captions(void **state)
{
    (void)state;
    assert_scores("{\"templates\": \"single\", \"pair_source\": \"captions\", \"pair_threshold\": 0.3,"
                  " \"pair_frame\": \"a {} and a {}\", \"fusion_weight\": 0.7}",
                  "captions");
    assert_scores("{\"templates\": \"mini9\", \"pair_source\": \"captions\", \"pair_threshold\": 0.3,"
                  " \"pair_frame\": \"a {} and a {}\", \"fusion\": \"third\"}",
                  "third");
}

static void every_part_can_be_left_out(void **state)
{
    (void)state;
    const char *const parts[][2] = {
        {"\"fusion\": \"second\"", "second"},
        {"\"fusion\": \"max\", \"normalise_image\": false", "max"},
        {"\"fusion\": \"mean\", \"normalise_prompt\": false", "mean"},
        {"\"normalise_image\": false, \"normalise_prompt\": false", "raw"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *options = xformat("{\"templates\": \"mini9\", \"pair_frame\": \"a {} and a {}\", %s}", parts[i][0]);
        assert_scores(options, parts[i][1]);
        free(options);
    }
}

static void equal_images_have_equal_scores(void **state)
{
    (void)state;
    Error err = {0};
    Trial t;
    const size_t half = base.test.count / 2, classes = tiny.classes.count, width = base.test.width;
    ImageFeatures twice = {.count = 2 * half, .width = width, .global = xcalloc(2 * half * width, sizeof(float))};
    for (size_t i = 0; i < 2; i++)
        memcpy(twice.global + i * half * width, base.test.global, half * width * sizeof(float));
    if (!run_trial(&t, "{\"templates\": \"mini9\"}", &twice, &err)) fail_msg("%s", err.text);
    assert_golden(base.st, "sparc", "twice", t.scores.combined, twice.count * classes);
    assert_memory_equal(t.scores.combined, t.scores.combined + half * classes, half * classes * sizeof(float));
    trial_free(&t);
    free(twice.global);
}

/* Ties among order statistics: the values are equal, so which stands first changes nothing. */
static void fusion_of_ties_and_constants_is_finite(void **state)
{
    (void)state;
    const float single[4] = {1, 1, 1, 1};
    for (Fusion fusion = FUSE_PCA; fusion <= FUSE_MEAN; fusion++) {
        float compound[8] = {2, 2, 2, 2, 2, 2, 2, 2}, r[4];
        sparc_fuse(fusion, compound, 4, 2, single, 1, r);
        for (size_t n = 0; n < 4; n++) assert_true(fabs((double)r[n] - (fusion == FUSE_PCA ? 5.0 / 3 : 2)) < 1e-6);
    }
}

/* Two columns of one variance and no covariance have no first axis: some axis is taken, and weights still sum to 1. */
static void equal_eigenvalues_are_no_trouble(void **state)
{
    (void)state;
    const float single[4] = {1, -1, -1, 1};
    float compound[4] = {1, 1, -1, -1}, r[4];
    sparc_fuse(FUSE_PCA, compound, 4, 1, single, 1, r);
    double sum = 0;
    for (size_t n = 0; n < 4; n++) sum += fabs((double)r[n]);
    assert_true(isfinite(sum) && sum > 0 && sum <= 4.0001);
}

static void a_constant_column_is_standardised_to_zero(void **state)
{
    (void)state;
    float x[6] = {5, 1, 5, 2, 5, 3};
    standardise_columns(x, 3, 2);
    const float expected[6] = {0, -1, 0, 0, 0, 1};
    assert_true(worst_error(x, expected, 6) < 1e-6);
}

static void one_image_and_bad_frames_are_refused(void **state)
{
    (void)state;
    Error err = {0};
    Trial t;
    ImageFeatures one = base.test;
    one.count = 1;
    assert_false(run_trial(&t, "{}", &one, &err));
    assert_non_null(strstr(err.text, "two of each"));
    trial_free(&t);
    const char *const bad[] = {"{\"pair_frame\": \"{} and\"}", "{\"pair_frame\": \"{} {} {}\"}",
                               "{\"plain_frame\": \"it\"}"};
    for (size_t i = 0; i < 3; i++) {
        assert_false(run_trial(&t, bad[i], &base.test, &err));
        assert_int_equal(err.exit_status, 2);
        trial_free(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_equal_the_reference),
        cmocka_unit_test(pairs_can_come_from_the_captions),
        cmocka_unit_test(every_part_can_be_left_out),
        cmocka_unit_test(equal_images_have_equal_scores),
        cmocka_unit_test(fusion_of_ties_and_constants_is_finite),
        cmocka_unit_test(equal_eigenvalues_are_no_trouble),
        cmocka_unit_test(a_constant_column_is_standardised_to_zero),
        cmocka_unit_test(one_image_and_bad_frames_are_refused),
    };
    return cmocka_run_group_tests(tests, baselines_open, baselines_close);
}
