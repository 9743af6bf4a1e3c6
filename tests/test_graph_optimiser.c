/* Optimisers, schedules and clipping against torch.optim over 20 steps (golden/make_graph_core.py). The gradient of every
 * step is worked out here from the values, so that errors would grow from step to step. */
#include "harness/graph/optimiser.h"
#include "tests/golden_arrays.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

enum { STEPS = 20 };
#define ASSERT_NEAR(a, b, tolerance) assert_true(fabs((double)(a) - (double)(b)) <= (double)(tolerance))

typedef struct Pair {
    TensorFile *st;
    Parameter parameter[2];
    Parameter *list[2];
} Pair;

static void golden_name(char name[64], const char *run, const char *what)
{
    snprintf(name, 64, "%s_%s", run, what);
}

static Pair pair_new(void)
{
    Error err;
    Pair p = {.st = golden_open("tests/golden/graph_optimiser.safetensors")};
    const Shape shapes[2] = {shape(3, 5), shape(7)};
    for (int i = 0; i < 2; i++) {
        assert_true(parameter_init(&p.parameter[i], "p", shapes[i], &err));
        float *start = golden_floats(p.st, i ? "start_1" : "start_0");
        memcpy(p.parameter[i].value, start, shape_size(shapes[i]) * sizeof *start);
        free(start);
    }
    return p;
}

static void pair_free(Pair *p)
{
    for (int i = 0; i < 2; i++) parameter_free(&p->parameter[i]);
    tensor_file_close(p->st);
}

/* Of the sum of (v^2 - 1)^2 + v. */
static void work_out_gradients(Pair *p)
{
    for (int i = 0; i < 2; i++) {
        const Parameter *q = &p->parameter[i];
        p->list[i] = &p->parameter[i];
        for (size_t k = 0; k < shape_size(q->shape); k++)
            q->gradient[k] = 4 * q->value[k] * (q->value[k] * q->value[k] - 1) + 1;
    }
}

static void check_values(const Pair *p, const char *run)
{
    for (int i = 0; i < 2; i++) {
        char name[64];
        golden_name(name, run, i ? "1" : "0");
        float *expected = golden_floats(p->st, name);
        for (size_t k = 0; k < shape_size(p->parameter[i].shape); k++)
            ASSERT_NEAR(p->parameter[i].value[k], expected[k], 1e-5); /* values of size 1, 20 steps of 1e-7 */
        free(expected);
    }
}

static void run_like_torch(const char *run, OptimiserOptions options, double lr, double limit)
{
    char name[64];
    Pair p = pair_new();
    work_out_gradients(&p);
    Optimiser *o = optimiser_new(options, p.list, 2);
    if (options.kind == OPTIMISER_ADAMW) optimiser_set_decay(o, 1, 0);
    const Schedule schedule = {.kind = SCHEDULE_COSINE, .lr = lr, .total = STEPS};
    golden_name(name, run, "lr");
    float *rates = golden_floats(p.st, name), *norms = NULL;
    golden_name(name, run, "norms");
    if (limit > 0) norms = golden_floats(p.st, name);
    for (int step = 0; step < STEPS; step++) {
        work_out_gradients(&p);
        if (limit > 0) ASSERT_NEAR(clip_gradient_norm(p.list, 2, limit), norms[step], 1e-4 * (double)norms[step]);
        ASSERT_NEAR(schedule_lr(&schedule, step), rates[step], 1e-7 * lr);
        optimiser_step(o, schedule_lr(&schedule, step));
    }
    assert_int_equal(optimiser_steps(o), STEPS);
    check_values(&p, run);
    free(rates);
    free(norms);
    optimiser_free(o);
    pair_free(&p);
}

static void sgd_follows_torch(void **state)
{
    (void)state;
    run_like_torch("sgd", (OptimiserOptions){.kind = OPTIMISER_SGD}, 0.01, 0);
    run_like_torch("sgd_momentum", (OptimiserOptions){.kind = OPTIMISER_SGD, .momentum = 0.9, .weight_decay = 0.1},
                   0.01, 0);
}

static void adam_follows_torch(void **state)
{
    (void)state;
    run_like_torch("adam", (OptimiserOptions){.kind = OPTIMISER_ADAM, .weight_decay = 0.1}, 0.05, 0);
}

static void adamw_follows_torch_with_decay_of_one_parameter_only(void **state)
{
    (void)state;
    const OptimiserOptions options = {
        .kind = OPTIMISER_ADAMW, .beta1 = 0.8, .beta2 = 0.98, .eps = 1e-6, .weight_decay = 0.3};
    run_like_torch("adamw", options, 0.05, 0);
}

static void clipping_follows_torch(void **state)
{
    (void)state;
    run_like_torch("clipped", (OptimiserOptions){.kind = OPTIMISER_SGD, .momentum = 0.9}, 0.02, 6);
}

static void a_run_goes_on_from_its_state_bit_for_bit(void **state)
{
    (void)state;
    const OptimiserOptions options = {.kind = OPTIMISER_ADAM};
    Pair whole = pair_new(), parts = pair_new();
    work_out_gradients(&whole);
    work_out_gradients(&parts);
    Optimiser *o = optimiser_new(options, whole.list, 2), *first = optimiser_new(options, parts.list, 2);
    for (int step = 0; step < 10; step++) {
        work_out_gradients(&whole);
        optimiser_step(o, 0.01);
    }
    for (int step = 0; step < 4; step++) {
        work_out_gradients(&parts);
        optimiser_step(first, 0.01);
    }
    Optimiser *second = optimiser_new(options, parts.list, 2);
    optimiser_set_steps(second, optimiser_steps(first));
    for (size_t i = 0; i < 2; i++)
        for (int slot = 0; slot < 2; slot++)
            memcpy(optimiser_moment(second, i, slot), optimiser_moment(first, i, slot),
                   shape_size(parts.parameter[i].shape) * sizeof(float));
    for (int step = 4; step < 10; step++) {
        work_out_gradients(&parts);
        optimiser_step(second, 0.01);
    }
    for (int i = 0; i < 2; i++)
        assert_memory_equal(whole.parameter[i].value, parts.parameter[i].value,
                            shape_size(whole.parameter[i].shape) * sizeof(float));
    optimiser_free(o);
    optimiser_free(first);
    optimiser_free(second);
    pair_free(&whole);
    pair_free(&parts);
}

static void frozen_parameters_stay_and_do_not_count_in_the_norm(void **state)
{
    (void)state;
    Pair p = pair_new();
    work_out_gradients(&p);
    p.parameter[0].frozen = true;
    const float before = p.parameter[0].value[0], moving = p.parameter[1].value[0];
    double squares = 0;
    for (size_t i = 0; i < 7; i++) squares += (double)p.parameter[1].gradient[i] * (double)p.parameter[1].gradient[i];
    ASSERT_NEAR(clip_gradient_norm(p.list, 2, 1e9), sqrt(squares), 1e-5);
    Optimiser *o = optimiser_new((OptimiserOptions){.kind = OPTIMISER_SGD}, p.list, 2);
    optimiser_step(o, 0.1);
    assert_true(p.parameter[0].value[0] == before);
    assert_true(p.parameter[1].value[0] != moving);
    optimiser_free(o);
    pair_free(&p);
}

static void schedules_have_the_values_of_their_formulas(void **state)
{
    (void)state;
    const Schedule published = {
        .kind = SCHEDULE_WARMUP_COSINE, .lr = 1e-4, .warmup = 1, .warmup_lr = 1e-5, .total = 20};
    ASSERT_NEAR(schedule_lr(&published, 0), 1e-5, 1e-15);
    ASSERT_NEAR(schedule_lr(&published, 1), 1e-4, 1e-15);
    ASSERT_NEAR(schedule_lr(&published, 11), 0.5e-4, 1e-15);
    const Schedule linear = {.kind = SCHEDULE_WARMUP_COSINE, .lr = 1, .warmup = 4, .total = 24, .linear_warmup = true};
    ASSERT_NEAR(schedule_lr(&linear, 0), 0.25, 1e-12);
    ASSERT_NEAR(schedule_lr(&linear, 3), 1, 1e-12);
    ASSERT_NEAR(schedule_lr(&linear, 4), 1, 1e-12);
    ASSERT_NEAR(schedule_lr(&linear, 14), 0.5, 1e-12);
    ASSERT_NEAR(schedule_lr(&linear, 24), 0, 1e-12);
    ASSERT_NEAR(schedule_lr(&(Schedule){.kind = SCHEDULE_CONSTANT, .lr = 3}, 100), 3, 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sgd_follows_torch),
        cmocka_unit_test(adam_follows_torch),
        cmocka_unit_test(adamw_follows_torch_with_decay_of_one_parameter_only),
        cmocka_unit_test(clipping_follows_torch),
        cmocka_unit_test(a_run_goes_on_from_its_state_bit_for_bit),
        cmocka_unit_test(frozen_parameters_stay_and_do_not_count_in_the_norm),
        cmocka_unit_test(schedules_have_the_values_of_their_formulas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
