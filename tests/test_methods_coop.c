/* CoOp against a PyTorch script that follows its definition (tests/golden/make_baselines1.py): loss step by step, learned
 * context, scores. */
#include "tests/baselines_fixture.h"

static void fifty_steps_with_a_shared_context_follow_the_reference(void **state)
{
    (void)state;
    check_baseline("coop_shared", 1);
}

static void fifty_steps_with_a_context_a_class_follow_the_reference(void **state)
{
    (void)state;
    check_baseline("coop_specific", 1);
}

static void a_context_of_words_draws_nothing_but_permutations(void **state)
{
    (void)state;
    check_baseline("coop_words", 1);
}

static void the_asymmetric_loss_learns_its_threshold_as_the_reference_does(void **state)
{
    (void)state;
    check_baseline("coop_asl", 2);
}

static void the_softmax_loss_follows_the_reference(void **state)
{
    (void)state;
    check_baseline("coop_softmax", 1);
}

static void labels_that_are_not_known_change_nothing(void **state)
{
    (void)state;
    check_unknown_image("coop_shared");
    check_unknown_image("coop_softmax");
    check_unknown_class("coop");
}

static void impossible_trainings_are_refused_with_a_sentence(void **state)
{
    (void)state;
    check_bad_images_are_refused("coop");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_steps_with_a_shared_context_follow_the_reference),
        cmocka_unit_test(fifty_steps_with_a_context_a_class_follow_the_reference),
        cmocka_unit_test(a_context_of_words_draws_nothing_but_permutations),
        cmocka_unit_test(the_asymmetric_loss_learns_its_threshold_as_the_reference_does),
        cmocka_unit_test(the_softmax_loss_follows_the_reference),
        cmocka_unit_test(labels_that_are_not_known_change_nothing),
        cmocka_unit_test(impossible_trainings_are_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, baselines_open, baselines_close);
}
