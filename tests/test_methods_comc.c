/* CoMC against a PyTorch script that follows its definition (tests/golden/make_baselines2.py): loss step by step, classifier, scores. */
#include "methods/comc/comc_internal.h"
#include "tests/baselines2_fixture.h"

static TextFeatures captions; /* the captions, and behind them the template sentences of set mini9 */
static uint8_t *caption_labels;

/* Features as the tests of TaI have checked them against the reference's. */
static int open_base(void **state)
{
    Error err = {0};
    TokenList tokens = {0};
    baselines_open(state);
    caption_labels = tiny_tokens_and_templates(template_set("mini9"), &tokens);
    const bool good = clip_encode_texts(tiny.clip, &tokens, false, (Arithmetic){0}, &captions, NULL, &err);
    token_list_free(&tokens);
    return good ? 0 : -1;
}

static int close_base(void **state)
{
    text_features_free(&captions);
    free(caption_labels);
    return baselines_close(state);
}

static void run_trial(Trial *t, const char *options, uint64_t seed, bool with_templates)
{
    Error err = {0};
    TextFeatures features = captions;
    if (!with_templates) features.count = tiny.captions.count;
    const LabelledCaptions texts = {&features, caption_labels};
    if (!trial_run(t, "comc", options, seed, (LabelledImages){0}, texts, &tiny.images, &err)) fail_msg("%s", err.text);
}

static void assert_equals_reference(const char *options, uint64_t seed, bool with_templates, const char *golden)
{
    Trial t;
    run_trial(&t, options, seed, with_templates);
    const size_t count = tiny.images.count * tiny.classes.count;
    const Parameter *weight = run_learned(&t.run, "weight");
    assert_golden(base.st, golden, "loss", t.run.loss, t.run.loss_count);
    assert_golden(base.st, golden, "weight", weight->value, shape_size(weight->shape));
    assert_golden(base.st, golden, "scores_global", t.scores.global, count);
    assert_golden(base.st, golden, "scores_local", t.scores.local, count);
    assert_golden(base.st, golden, "scores", t.scores.combined, count);
    trial_free(&t);
}

static void curve_and_scores_equal_the_reference(void **state)
{
    (void)state;
    assert_equals_reference(
        "{\"epochs\": 10, \"batch\": 12, \"lr\": 0.01, \"class_templates\": false, \"templates\": \"mini9\"}", 5, false,
        "comc");
}

static void template_sentences_stand_behind_a_limited_number_of_captions(void **state)
{
    (void)state;
    assert_equals_reference(
        "{\"epochs\": 6, \"batch\": 20, \"lr\": 0.003, \"warmup_lr\": 0.001, \"warmup_epochs\": 2, \"weight_decay\": 0,"
        " \"noise\": 0.05, \"margin\": 0.2, \"scale\": 3, \"template_set\": \"mini9\", \"caption_limit\": 40,"
        " \"templates\": \"mini9\", \"bank\": \"sentences\", \"tau_bank\": 20, \"mix\": 0.6, \"local_weight\": 0.25}",
        6, true, "comc.templates_too");
}

static void without_a_mix_features_stay_where_they_are(void **state)
{
    (void)state;
    Error err = {0};
    const ImageFeatures *f = &base.test;
    float *out = xcalloc(f->count * f->width, sizeof *out);
    assert_true(comc_move(f->global, f->count, f->width, base.train.global, base.train.count, 100, 0, out, &err));
    assert_memory_equal(out, f->global, f->count * f->width * sizeof *out);
    free(out);
}

static void the_bank_is_where_a_full_mix_ends(void **state)
{
    (void)state;
    Error err = {0};
    const ImageFeatures *f = &base.test;
    float *out = xcalloc(f->count * f->width, sizeof *out);
    assert_true(comc_move(f->global, f->count, f->width, f->global + 3 * f->width, 1, 100, 1, out, &err));
    for (size_t i = 0; i < f->count; i++)
        assert_true(worst_error(out + i * f->width, f->global + 3 * f->width, f->width) < 1e-6);
    free(out);
}

static void images_without_positions_are_refused(void **state)
{
    (void)state;
    Error err = {0};
    Trial t;
    TextFeatures features = captions;
    features.count = tiny.captions.count;
    assert_false(trial_run(&t, "comc", "{\"epochs\": 1, \"class_templates\": false}", 1, (LabelledImages){0},
                           (LabelledCaptions){&features, caption_labels}, &base.test, &err));
    assert_non_null(strstr(err.text, "no local part"));
    trial_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curve_and_scores_equal_the_reference),
        cmocka_unit_test(template_sentences_stand_behind_a_limited_number_of_captions),
        cmocka_unit_test(without_a_mix_features_stay_where_they_are),
        cmocka_unit_test(the_bank_is_where_a_full_mix_ends),
        cmocka_unit_test(images_without_positions_are_refused),
    };
    return cmocka_run_group_tests(tests, open_base, close_base);
}
