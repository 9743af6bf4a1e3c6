/* TaI, TaI-DPT and the untrained methods against a PyTorch script that follows their definitions
 * (tests/golden/make_methods_tai.py): loss step by step, final contexts, scores. */
#include "methods/shared/templates.h"
#include "tests/methods_fixture.h"

/* Captions, and behind them the template sentences, as whoever runs a method prepares them. */
typedef struct Prepared {
    TokenList tokens;
    TextFeatures features;
    uint8_t *labels;
} Prepared;

static void prepare(const Options *options, Prepared *p)
{
    Error err;
    const bool templates = option_bool(options, "class_templates");
    *p = (Prepared){0};
    p->labels =
        tiny_tokens_and_templates(templates ? template_set(option_text(options, "template_set")) : NULL, &p->tokens);
    if (!clip_encode_texts(tiny.clip, &p->tokens, true, (Arithmetic){0}, &p->features, NULL, &err))
        fail_msg("%s", err.text);
}

static void free_prepared(Prepared *p)
{
    token_list_free(&p->tokens);
    text_features_free(&p->features);
    free(p->labels);
}

/* Trains and scores one variant; the caller looks at `run` and `scores` and frees all three. */
static void run_variant(const char *name, Options *options, Run *run, Scores *scores)
{
    Error err = {0};
    *run = tiny_variant(tiny.record, name, NULL, options);
    Prepared prepared;
    prepare(options, &prepared);
    run->captions = (LabelledCaptions){&prepared.features, prepared.labels};
    if (!run->method->train(run, &err) || !run->method->score(run, &tiny.images, scores, &err))
        fail_msg("%s: %s", name, err.text);
    free_prepared(&prepared);
    run->captions = (LabelledCaptions){0};
}

static void check_variant(const char *name)
{
    Options options;
    Run run;
    Scores scores;
    run_variant(name, &options, &run, &scores);
    const size_t count = tiny.images.count * tiny.classes.count;
    assert_golden(tiny.st, name, "loss", run.loss, run.loss_count);
    assert_learned_golden(tiny.st, name, &run);
    assert_golden(tiny.st, name, "scores", scores.combined, count);
    if (option_bool(&options, "local")) {
        assert_int_equal(run.learned_count, 2);
        assert_golden(tiny.st, name, "scores_global", scores.global, count);
        assert_golden(tiny.st, name, "scores_local", scores.local, count);
    }
    scores_free(&scores);
    run_free(&run);
    options_free(&options);
}

static void captions_have_the_tokens_and_features_of_the_reference(void **state)
{
    (void)state;
    Options options;
    Prepared p;
    tiny_options("tai_dpt", "{\"class_templates\": false}", &options);
    prepare(&options, &p);
    int64_t *tokens = golden_integers(tiny.st, "caption_tokens");
    assert_int_equal(golden_view(tiny.st, "caption_tokens")->count, p.tokens.offsets[p.tokens.count]);
    for (size_t i = 0; i < p.tokens.offsets[p.tokens.count]; i++) assert_int_equal(p.tokens.tokens[i], tokens[i]);
    assert_true(golden_error(tiny.st, "caption_global", p.features.global, p.features.count * p.features.width) <
                golden_tolerance);
    free(tokens);
    free_prepared(&p);
    options_free(&options);
}

static void fifty_steps_of_sgd_follow_the_reference(void **state)
{
    (void)state;
    check_variant("curve");
}

static void template_sentences_stand_behind_the_captions_class_by_class(void **state)
{
    (void)state;
    check_variant("templates");
}

static void the_global_branch_alone_follows_the_reference(void **state)
{
    (void)state;
    check_variant("global");
}

static void adam_and_adamw_follow_the_reference(void **state)
{
    (void)state;
    check_variant("adam");
    check_variant("adamw"); /* a context a class and clipped gradients too */
}

static void names_in_the_middle_and_in_front_follow_the_reference(void **state)
{
    (void)state;
    check_variant("middle");
    check_variant("front");
}

static void a_context_of_words_draws_nothing_but_permutations(void **state)
{
    (void)state;
    check_variant("words");
}

static void a_batch_larger_than_the_captions_takes_them_all(void **state)
{
    (void)state;
    check_variant("all_at_once");
}

static void normalised_scores_follow_the_reference(void **state)
{
    (void)state;
    Options options, test_options;
    Run run;
    Scores scores;
    run_variant("adam", &options, &run, &scores);
    scores_free(&scores);
    const char *const rules[] = {"softmax", "zscore"};
    for (size_t i = 0; i < 2; i++) {
        char json[64], part[64];
        Error err;
        snprintf(json, sizeof json, "{\"context\": 7, \"normalise\": \"%s\"}", rules[i]);
        tiny_options("tai_dpt", json, &test_options);
        run.options = &test_options;
        assert_true(run.method->score(&run, &tiny.images, &scores, &err));
        const size_t count = tiny.images.count * tiny.classes.count;
        snprintf(part, sizeof part, "scores.%s", rules[i]);
        assert_golden(tiny.st, "adam", part, scores.combined, count);
        snprintf(part, sizeof part, "scores_local.%s", rules[i]);
        assert_golden(tiny.st, "adam", part, scores.local, count);
        scores_free(&scores);
        options_free(&test_options);
    }
    run_free(&run);
    options_free(&options);
}

static void same_seed_gives_the_same_bits_and_another_seed_does_not(void **state)
{
    (void)state;
    Options options;
    Prepared prepared;
    Run runs[3];
    Error err;
    tiny_options("tai_dpt", "{\"class_templates\": false, \"batch\": 16, \"epochs\": 2, \"lr\": 0.1}", &options);
    prepare(&options, &prepared);
    for (size_t i = 0; i < 3; i++) {
        runs[i] = tiny_run("tai_dpt", &options, i == 2 ? 8 : 7);
        runs[i].captions = (LabelledCaptions){&prepared.features, prepared.labels};
        assert_true(runs[i].method->train(&runs[i], &err));
        assert_int_equal(runs[i].loss_count, 8);
    }
    assert_memory_equal(runs[0].loss, runs[1].loss, 8 * sizeof(float));
    assert_memory_not_equal(runs[0].loss, runs[2].loss, 8 * sizeof(float));
    for (size_t i = 0; i < 3; i++) run_free(&runs[i]);
    free_prepared(&prepared);
    options_free(&options);
}

static void score_once(const char *method, const char *json, uint64_t seed, Scores *scores)
{
    Options options;
    Error err = {0};
    tiny_options(method, json, &options);
    Run run = tiny_run(method, &options, seed);
    if (!run.method->score(&run, &tiny.images, scores, &err)) fail_msg("%s: %s", method, err.text);
    run_free(&run);
    options_free(&options);
}

static void untrained_contexts_are_drawn_as_tai_draws_them(void **state)
{
    (void)state;
    Scores scores;
    const size_t count = tiny.images.count * tiny.classes.count;
    score_once("random_context", "{\"context\": 6}", 21, &scores);
    assert_golden(tiny.st, "random", "scores", scores.combined, count);
    assert_golden(tiny.st, "random", "scores_global", scores.global, count);
    assert_golden(tiny.st, "random", "scores_local", scores.local, count);
    scores_free(&scores);
    Scores alone;
    score_once("random_context", "{\"context\": 6, \"local\": false}", 21, &alone);
    assert_golden(tiny.st, "random", "scores_global", alone.combined, count);
    scores_free(&alone);
}

static void zero_shot_scores_follow_the_reference(void **state)
{
    (void)state;
    Scores scores;
    const size_t count = tiny.images.count * tiny.classes.count;
    score_once("zsclip", "{}", 0, &scores);
    assert_golden(tiny.st, "zs", "single", scores.combined, count);
    scores_free(&scores);
    score_once("zsclip", "{\"templates\": \"mini9\"}", 0, &scores);
    assert_golden(tiny.st, "zs", "mini9", scores.combined, count);
    scores_free(&scores);
    score_once("zsclip", "{\"local\": true}", 0, &scores);
    assert_golden(tiny.st, "zs", "single", scores.global, count);
    assert_golden(tiny.st, "zs", "local", scores.local, count);
    for (size_t i = 0; i < count; i++)
        assert_true(fabsf(scores.combined[i] - (scores.global[i] + scores.local[i]) / 2) < 1e-4f);
    scores_free(&scores);
    score_once("zsclip", "{\"local_only\": true}", 0, &scores);
    assert_golden(tiny.st, "zs", "local", scores.combined, count);
    scores_free(&scores);
}

static void assert_training_refused(const char *json, const char *part)
{
    Options options;
    Prepared prepared;
    Error err = {0};
    tiny_options("tai_dpt", json, &options);
    prepare(&options, &prepared);
    Run run = tiny_run("tai_dpt", &options, 1);
    run.captions = (LabelledCaptions){&prepared.features, prepared.labels};
    assert_false(run.method->train(&run, &err));
    if (!strstr(err.text, part)) fail_msg("%s", err.text);
    run_free(&run);
    free_prepared(&prepared);
    options_free(&options);
}

static void impossible_trainings_are_refused_with_a_sentence(void **state)
{
    (void)state;
    assert_training_refused("{\"context\": 36, \"class_templates\": false}", "use a shorter context");
    assert_training_refused("{\"context_init\": \" \", \"class_templates\": false}", "no tokens");
    assert_training_refused("{\"lr\": 1000, \"warmup_lr\": 1000, \"scale\": 1000000, \"margin\": 1000000, "
                            "\"weight_decay\": 1, \"epochs\": 3000, \"batch\": 64, \"class_templates\": false}",
                            "not a number");
}

static void no_captions_are_refused_with_a_sentence(void **state)
{
    (void)state;
    Options options;
    Error err = {0};
    tiny_options("tai", "{\"class_templates\": false}", &options);
    Run run = tiny_run("tai", &options, 1);
    size_t offsets[1] = {0};
    const TextFeatures none = {.width = 32, .offsets = offsets};
    run.captions = (LabelledCaptions){&none, NULL};
    assert_false(run.method->train(&run, &err));
    assert_non_null(strstr(err.text, "nothing to train on"));
    run_free(&run);
    options_free(&options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(captions_have_the_tokens_and_features_of_the_reference),
        cmocka_unit_test(fifty_steps_of_sgd_follow_the_reference),
        cmocka_unit_test(template_sentences_stand_behind_the_captions_class_by_class),
        cmocka_unit_test(the_global_branch_alone_follows_the_reference),
        cmocka_unit_test(adam_and_adamw_follow_the_reference),
        cmocka_unit_test(names_in_the_middle_and_in_front_follow_the_reference),
        cmocka_unit_test(a_context_of_words_draws_nothing_but_permutations),
        cmocka_unit_test(a_batch_larger_than_the_captions_takes_them_all),
        cmocka_unit_test(normalised_scores_follow_the_reference),
        cmocka_unit_test(same_seed_gives_the_same_bits_and_another_seed_does_not),
        cmocka_unit_test(untrained_contexts_are_drawn_as_tai_draws_them),
        cmocka_unit_test(zero_shot_scores_follow_the_reference),
        cmocka_unit_test(impossible_trainings_are_refused_with_a_sentence),
        cmocka_unit_test(no_captions_are_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, tiny_open, tiny_close);
}
