/* What methods say that they cost: the plan's times come from it. */
#include "methods/shared/method.h"
#include "tests/scratch_folder.h"

#include <math.h>

static Clip *clip;

static int open_clip(void **state)
{
    (void)state;
    Error err;
    clip = clip_open("tests/golden/tiny_world/clip", &err);
    return clip ? 0 : -1;
}

static int close_clip(void **state)
{
    (void)state;
    clip_free(clip);
    return 0;
}

/* With so many of everything that there is to do. */
static Cost cost_of(const Method *m, const char *json, double count)
{
    Error err;
    Options options;
    JsonFile *file = json_parse("options", json, strlen(json), &err);
    if (!file || !options_read(&options, m->options, json_root(file), &err)) fail_msg("%s: %s", m->name, err.text);
    const Workload work = {.options = &options,
                           .clip = clip,
                           .classes = 10,
                           .texts = count,
                           .labelled = count,
                           .generated = count,
                           .test = count};
    Cost cost = {0};
    m->cost(&work, &cost);
    options_free(&options);
    json_free(file);
    return cost;
}

static void every_method_that_trains_says_its_cost_and_more_work_costs_more(void **state)
{
    (void)state;
    for (const Method *const *m = method_all(); *m; m++) {
        if (!(*m)->cost) {
            assert_null((*m)->train);
            continue;
        }
        const Cost little = cost_of(*m, "{}", 1000), much = cost_of(*m, "{}", 2000);
        assert_true(isfinite(little.train_flop) && isfinite(little.score_flop) && isfinite(little.learned));
        assert_true(little.train_flop >= 0 && little.score_flop >= 0 && little.learned >= 0);
        assert_true(much.train_flop >= little.train_flop && much.score_flop >= little.score_flop);
        assert_int_equal((*m)->train != NULL, little.learned > 0);
        if (little.train_flop > 0) assert_true(much.train_flop >= 2 * little.train_flop);
    }
}

/* TaI-DPT on the tiny CLIP: two contexts of 16 vectors; 20 epochs of 1000 / 500 steps, each three times the forward of
 * 16 + 10 * 4 tokens for both sets. */
static void prompts_cost_what_their_definition_says(void **state)
{
    (void)state;
    const Cost cost = cost_of(method_find("tai_dpt"), "{\"batch\": 500}", 1000);
    assert_int_equal((size_t)cost.learned, 2 * 16 * clip->config.text_width);
    const double expected = 20.0 * 2 * 2 * 3 * (16 + 40) * clip_token_flop(clip);
    assert_true(fabs(cost.train_flop - expected) <= 1e-9 * expected);
    const Cost limited = cost_of(method_find("tai_dpt"), "{\"batch\": 500, \"caption_limit\": 250}", 1000);
    assert_true(fabs(limited.train_flop - expected / 4) <= 1e-9 * expected);
    const Cost global = cost_of(method_find("tai"), "{\"batch\": 500}", 1000);
    assert_true(fabs(global.train_flop - expected / 2) <= 1e-9 * expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_that_trains_says_its_cost_and_more_work_costs_more),
        cmocka_unit_test(prompts_cost_what_their_definition_says),
    };
    return cmocka_run_group_tests(tests, open_clip, close_clip);
}
