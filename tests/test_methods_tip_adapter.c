/* Tip-Adapter and Tip-Adapter-F against a PyTorch script that follows their definition (tests/golden/make_baselines2.py): loss step by
 * step, keys, scores. A fifth of the labels are unknown; one image has no positive label. */
#include "tests/baselines2_fixture.h"

static void run_trial(Trial *t, const char *method, const char *options, uint64_t seed)
{
    Error err = {0};
    const LabelledImages images = {&base.train, base.labels};
    if (!trial_run(t, method, options, seed, images, (LabelledCaptions){0}, &base.test, &err)) fail_msg("%s", err.text);
}

static size_t score_count(void)
{
    return base.test.count * tiny.classes.count;
}

static void assert_scores(const char *options, const char *golden)
{
    Trial t;
    run_trial(&t, "tip_adapter", options, 1);
    assert_golden(base.st, "tip", "keys", run_learned(&t.run, "cache_keys")->value,
                  shape_size(run_learned(&t.run, "cache_keys")->shape));
    assert_golden(base.st, "tip", golden, t.scores.combined, score_count());
    trial_free(&t);
}

static void tip_adapter_scores_equal_the_reference(void **state)
{
    (void)state;
    assert_scores("{}", "scores");
    assert_scores("{\"balance\": true, \"alpha\": 30, \"beta\": 3}", "balanced");
    assert_scores("{\"normalise\": \"zscore\"}", "zscore");
}

static void assert_curve(const char *options, uint64_t seed, const char *golden)
{
    Trial t;
    run_trial(&t, "tip_adapter_f", options, seed);
    const Parameter *keys = run_learned(&t.run, "cache_keys");
    assert_golden(base.st, golden, "loss", t.run.loss, t.run.loss_count);
    assert_golden(base.st, golden, "keys", keys->value, shape_size(keys->shape));
    assert_golden(base.st, golden, "scores", t.scores.combined, score_count());
    trial_free(&t);
}

static void tip_adapter_f_learns_step_by_step_as_the_reference(void **state)
{
    (void)state;
    assert_curve("{\"epochs\": 10, \"batch\": 12}", 3, "tip_f");
    assert_curve("{\"epochs\": 13, \"batch\": 16, \"lr\": 0.01, \"alpha\": 20, \"beta\": 2, \"clip_scale\": 30, "
                 "\"weight_decay\": 0.1,"
                 " \"eps\": 0, \"margin\": 0.5, \"scale\": 2, \"balance\": true}",
                 4, "tip_f.other");
    assert_curve("{\"epochs\": 5, \"batch\": 12, \"loss\": \"softmax\"}", 7, "tip_f.softmax");
    assert_curve("{\"epochs\": 5, \"batch\": 12, \"loss\": \"asl\"}", 8, "tip_f.asl");
}

/* What the definition implies: exp(-beta (1 - 1)) = 1 for the image itself, and other keys are far with a large beta. */
static void a_sharp_cache_remembers_its_images(void **state)
{
    (void)state;
    Error err = {0};
    Trial t;
    const LabelledImages images = {&base.train, base.labels};
    if (!trial_run(&t, "tip_adapter", "{\"alpha\": 1000, \"beta\": 10000, \"clip_scale\": 1e-6}", 1, images,
                   (LabelledCaptions){0}, &base.train, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < base.train.count * tiny.classes.count; i++)
        assert_true(fabs((double)t.scores.combined[i] - (base.labels[i] > 0 ? 1000 : 0)) < 10);
    trial_free(&t);
}

static void without_a_positive_label_there_is_no_cache(void **state)
{
    (void)state;
    Error err = {0};
    Trial t;
    int8_t *none = xcalloc(base.train.count, tiny.classes.count);
    const LabelledImages images = {&base.train, none};
    assert_false(trial_run(&t, "tip_adapter_f", "{}", 1, images, (LabelledCaptions){0}, &base.test, &err));
    assert_non_null(strstr(err.text, "the cache is empty"));
    trial_free(&t);
    free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tip_adapter_scores_equal_the_reference),
        cmocka_unit_test(tip_adapter_f_learns_step_by_step_as_the_reference),
        cmocka_unit_test(a_sharp_cache_remembers_its_images),
        cmocka_unit_test(without_a_positive_label_there_is_no_cache),
    };
    return cmocka_run_group_tests(tests, baselines_open, baselines_close);
}
