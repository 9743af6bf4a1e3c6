/* PositiveCoOp and NegativeCoOp against a PyTorch script that follows their definition (tests/golden/make_baselines1.py): loss step
 * by step, context and free vectors learned at rates of their own, scores. As DualCoOp's, trainings at large rates are chaotic: the
 * script keeps to rates at which a rounding error of 1e-7 arrives as less than 1e-5. */
#include "tests/baselines_fixture.h"

static void fifty_steps_with_a_context_a_class_follow_the_reference(void **state)
{
    (void)state;
    check_baseline("positivecoop_specific", 3);
}

static void fifty_steps_with_a_shared_context_follow_the_reference(void **state)
{
    (void)state;
    check_baseline("positivecoop_shared", 3);
}

static void adam_from_short_vectors_follows_the_reference(void **state)
{
    (void)state;
    check_baseline("positivecoop_adam", 3);
}

static void a_vector_that_starts_as_its_prompt_follows_the_reference(void **state)
{
    (void)state;
    check_baseline("positivecoop_text", 3);
}

static void negativecoop_follows_the_reference(void **state)
{
    (void)state;
    check_baseline("negativecoop", 3);
}

static void the_probability_is_the_softmax_over_the_pair(void **state)
{
    (void)state;
    check_pair_probability("positivecoop", "positivecoop_shared");
}

/* What a class learns beside its context is its own too. */
static void labels_that_are_not_known_change_nothing(void **state)
{
    (void)state;
    check_unknown_image("positivecoop_specific");
    check_unknown_class("positivecoop");
}

static void impossible_trainings_are_refused_with_a_sentence(void **state)
{
    (void)state;
    check_bad_images_are_refused("positivecoop");
    check_local_features_are_needed("positivecoop");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifty_steps_with_a_context_a_class_follow_the_reference),
        cmocka_unit_test(fifty_steps_with_a_shared_context_follow_the_reference),
        cmocka_unit_test(adam_from_short_vectors_follows_the_reference),
        cmocka_unit_test(a_vector_that_starts_as_its_prompt_follows_the_reference),
        cmocka_unit_test(negativecoop_follows_the_reference),
        cmocka_unit_test(the_probability_is_the_softmax_over_the_pair),
        cmocka_unit_test(labels_that_are_not_known_change_nothing),
        cmocka_unit_test(impossible_trainings_are_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, baselines_open, baselines_close);
}
