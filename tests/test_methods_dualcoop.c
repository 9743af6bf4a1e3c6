/* DualCoOp against a PyTorch script that follows its definition (tests/golden/make_baselines1.py): loss step by step, learned
 * contexts, scores. DualCoOp amplifies rounding (by 770 with shared contexts, focusing gradients and lr 5e-4, which no tolerance
 * survives); the script measures that and keeps to rates at which a rounding error of 1e-7 arrives as less than 1e-5. */
#include "tests/baselines_fixture.h"

static void fifty_steps_with_contexts_a_class_follow_the_reference(void **state)
{
    (void)state;
    check_baseline("dualcoop_specific", 2);
}

static void shared_contexts_and_gradients_through_the_focus_follow_the_reference(void **state)
{
    (void)state;
    check_baseline("dualcoop_shared", 2);
}

static void contexts_of_words_of_different_lengths_follow_the_reference(void **state)
{
    (void)state;
    check_baseline("dualcoop_words", 2);
}

static void the_probability_is_the_softmax_over_the_pair(void **state)
{
    (void)state;
    check_pair_probability("dualcoop", "dualcoop_shared");
}

static void labels_that_are_not_known_change_nothing(void **state)
{
    (void)state;
    check_unknown_image("dualcoop_specific");
    check_unknown_class("dualcoop");
}

static void impossible_trainings_are_refused_with_a_sentence(void **state)
{
    (void)state;
    check_bad_images_are_refused("dualcoop");
    check_local_features_are_needed("dualcoop");
    check_refused("dualcoop", "{\"context\": 4, \"context_init_negative\": \" \"}", &baselines.images, "no tokens");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_steps_with_contexts_a_class_follow_the_reference),
        cmocka_unit_test(shared_contexts_and_gradients_through_the_focus_follow_the_reference),
        cmocka_unit_test(contexts_of_words_of_different_lengths_follow_the_reference),
        cmocka_unit_test(the_probability_is_the_softmax_over_the_pair),
        cmocka_unit_test(labels_that_are_not_known_change_nothing),
        cmocka_unit_test(impossible_trainings_are_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, baselines_open, baselines_close);
}
