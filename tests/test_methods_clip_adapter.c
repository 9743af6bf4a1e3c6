/* CLIP-Adapter against a PyTorch script that follows its definition (tests/golden/make_baselines1.py): loss step by step,
 * learned matrices, scores. */
#include "tests/baselines_fixture.h"

static void fifty_steps_follow_the_reference(void **state)
{
    (void)state;
    check_baseline("adapter_ranking", 2);
}

static void the_softmax_loss_follows_the_reference(void **state)
{
    (void)state;
    check_baseline("adapter_softmax", 2);
}

static void the_asymmetric_loss_learns_its_threshold_as_the_reference_does(void **state)
{
    (void)state;
    check_baseline("adapter_asl", 3);
}

static void labels_that_are_not_known_change_nothing(void **state)
{
    (void)state;
    check_unknown_image("adapter_ranking");
    check_unknown_image("adapter_softmax");
}

static void without_the_adapter_the_score_is_that_of_zero_shot_clip(void **state)
{
    (void)state;
    Options options, zero;
    Scores scores, expected;
    Error err = {0};
    Run run = train_json("clip_adapter", "{\"ratio\": 0, \"epochs\": 1}", baselines.labels, &options);
    tiny_score_stored(&run, &options, &scores);
    tiny_options("zsclip", "{}", &zero);
    Run other = tiny_run("zsclip", &zero, 1);
    assert_true(other.method->score(&other, &tiny.images, &expected, &err));
    const size_t count = tiny.images.count * tiny.classes.count;
    for (size_t i = 0; i < count; i++) expected.combined[i] *= 0.04f; /* 4 cos and 100 cos */
    assert_true(worst_error(scores.combined, expected.combined, count) < 1e-5);
    scores_free(&scores);
    scores_free(&expected);
    run_free(&run);
    run_free(&other);
    options_free(&options);
    options_free(&zero);
}

static void impossible_trainings_are_refused_with_a_sentence(void **state)
{
    (void)state;
    check_bad_images_are_refused("clip_adapter");
    check_refused("clip_adapter", "{\"reduction\": 33}", &baselines.images, "use a smaller one");
    check_refused("clip_adapter", "{\"frame\": \"a photo\"}", &baselines.images, "no {}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_steps_follow_the_reference),
        cmocka_unit_test(the_softmax_loss_follows_the_reference),
        cmocka_unit_test(the_asymmetric_loss_learns_its_threshold_as_the_reference_does),
        cmocka_unit_test(labels_that_are_not_known_change_nothing),
        cmocka_unit_test(without_the_adapter_the_score_is_that_of_zero_shot_clip),
        cmocka_unit_test(impossible_trainings_are_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, baselines_open, baselines_close);
}
