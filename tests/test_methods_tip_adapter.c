/* Tip-Adapter and Tip-Adapter-F against a PyTorch script that follows their definition (tests/golden/make_baselines2.py): loss step by
 * step, keys, scores. A fifth of the labels are unknown; one image has no positive label. */
#include "tests/baselines2_fixture.h"

static Baselines base;

static int open_base(void **state)
{
    (void)state;
    baselines_open(&base);
    return 0;
}

static int close_base(void **state)
{
    (void)state;
    baselines_close(&base);
    return 0;
}

static void run_trial(Trial *t, const char *method, const char *options, uint64_t seed)
{
    Error err = {0};
    const LabelledImages images = {&base.train, base.labels};
    if (!trial_run(t, &base, method, options, seed, images, (LabelledCaptions){0}, &base.test, &err))
        fail_msg("%s", err.text);
}

static size_t score_count(void)
{
    return base.test.count * base.tiny.classes.count;
}

static void assert_scores(const char *options, const char *golden)
{
    Trial t;
    run_trial(&t, "tip_adapter", options, 1);
    assert_golden(&base, "tip.keys", run_learned(&t.run, "cache_keys")->value,
                  shape_size(run_learned(&t.run, "cache_keys")->shape));
    assert_golden(&base, golden, t.scores.combined, score_count());
    trial_free(&t);
}

static void tip_adapter_scores_equal_the_reference(void **state)
{
    (void)state;
    assert_scores("{}", "tip.scores");
    assert_scores("{\"balance\": true, \"alpha\": 30, \"beta\": 3}", "tip.balanced");
    assert_scores("{\"normalise\": \"zscore\"}", "tip.zscore");
}

static void assert_curve(const char *options, uint64_t seed, const char *golden)
{
    Trial t;
    char name[64];
    run_trial(&t, "tip_adapter_f", options, seed);
    const Parameter *keys = run_learned(&t.run, "cache_keys");
    snprintf(name, sizeof name, "%s.loss", golden);
    assert_golden(&base, name, t.run.loss, t.run.loss_count);
    snprintf(name, sizeof name, "%s.keys", golden);
    assert_golden(&base, name, keys->value, shape_size(keys->shape));
    snprintf(name, sizeof name, "%s.scores", golden);
    assert_golden(&base, name, t.scores.combined, score_count());
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
    if (!trial_run(&t, &base, "tip_adapter", "{\"alpha\": 1000, \"beta\": 10000, \"clip_scale\": 1e-6}", 1, images,
                   (LabelledCaptions){0}, &base.train, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < base.train.count * base.tiny.classes.count; i++)
        assert_true(fabs((double)t.scores.combined[i] - (base.labels[i] > 0 ? 1000 : 0)) < 10);
    trial_free(&t);
}

static void without_a_positive_label_there_is_no_cache(void **state)
{
    (void)state;
    Error err = {0};
    Trial t;
    int8_t *none = xcalloc(base.train.count, base.tiny.classes.count);
    const LabelledImages images = {&base.train, none};
    assert_false(trial_run(&t, &base, "tip_adapter_f", "{}", 1, images, (LabelledCaptions){0}, &base.test, &err));
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
    return cmocka_run_group_tests(tests, open_base, close_base);
}
