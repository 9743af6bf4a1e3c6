/* The control of prompt learning: the prompt sets TaI starts from, drawn with the same seed, never trained. What TaI gains over
 * it is learned; what it gains over zero-shot is partly the form of the prompt and of the score. */
#include "methods/shared/branches.h"
#include "methods/shared/tai_common.h"

static const Option options[] = {
    PROMPT_OPTIONS,
    OPTION_BOOL("local", true, "the local branch: a second prompt set on positions"),
    OPTION_REAL_AT_TEST("tau_test", 40, 0, 1e6, "softmax over an image's positions: sharpness"),
    NORMALISE_OPTION,
    OPTION_END,
};

static unsigned needs(const Options *o)
{
    return NEED_CLASS_TEXT | NEED_TOWER | (option_bool(o, "local") ? NEED_TEST_LOCAL : 0u);
}

static bool score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    Prompts prompts;
    if (!prompts_init(&prompts, run, err)) return false;
    const bool with_local = option_bool(run->options, "local");
    Parameter global = {0}, local = {0};
    Random random;
    random_seed(&random, run->seed);
    bool good = parameter_init(&global, "context_global", prompts_shape(&prompts), err) &&
                parameter_init(&local, "context_local", prompts_shape(&prompts), err);
    if (good) {
        prompts_start_values(&prompts, &random, global.value);
        prompts_start_values(&prompts, &random, local.value);
        good = tai_score_prompts(run, &prompts, &global, with_local ? &local : NULL, test, scores, err);
    }
    parameter_free(&global);
    parameter_free(&local);
    prompts_free(&prompts);
    return good;
}

extern const Method method_random_context;
const Method method_random_context = {
    .name = "random_context",
    .summary = "TaI's prompts as they are drawn, untrained: the control of prompt learning",
    .options = options,
    .version = 1,
    .settings = ZERO_SHOT,
    .position = POOL_POSITION_OFF,
    .needs = needs,
    .score = score,
};
