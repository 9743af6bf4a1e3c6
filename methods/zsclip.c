/* Zero-shot CLIP (methods/DEFINITIONS.md, "zsclip"): score_c = 100 <x, n(text("a photo of a c."))>, or the mean of
 * several sentences a class, n(mean_i n(text_i)). With `local` it is CLIP-DPT: 100 sum_j softmax_j(tau s_jc) s_jc
 * beside it, merged half and half. */
#include "methods/shared/branches.h"
#include "methods/shared/class_text.h"

#include <stdlib.h>

static const float cosine_factor = 100;

static const Option options[] = {
    CLASS_TEXT_OPTIONS,
    OPTION_BOOL("local", false, "add the local score (CLIP-DPT)"),
    OPTION_REAL("tau", 100, 0, 1e6, "softmax over an image's positions: sharpness"),
    OPTION_REAL("local_weight", 0.5, 0, 1, "share of the local score"),
    OPTION_BOOL("local_only", false, "the local score alone"),
    NORMALISE_OPTION,
    OPTION_END,
};

static bool wants_local(const Options *o)
{
    return option_bool(o, "local") || option_bool(o, "local_only");
}

static unsigned needs(const Options *o)
{
    return NEED_CLASS_TEXT | (wants_local(o) ? NEED_TEST_LOCAL : 0u);
}

static bool score_both(const Run *run, const ImageFeatures *test, const float *features, Scores *scores, Error *err)
{
    const float tau = (float)option_real(run->options, "tau");
    const bool local_only = option_bool(run->options, "local_only");
    score_global(test, features, run->classes, cosine_factor, scores->global);
    if (!score_local(test, features, run->classes, tau, cosine_factor, scores->local, err)) return false;
    normalise_scores(run, test->count, cosine_factor, scores->global);
    normalise_scores(run, test->count, cosine_factor, scores->local);
    scores_combine(scores, test->count, run->classes,
                   local_only ? 1.0f : (float)option_real(run->options, "local_weight"));
    return true;
}

static bool score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    if (!run_check_test(run, test, false, err)) return false;
    const bool local = wants_local(run->options);
    float *features = xcalloc(run->classes * test->width, sizeof *features);
    bool good = class_text_features(run, features, err) && scores_init(scores, test->count, run->classes, local, err);
    if (good && local) {
        good = score_both(run, test, features, scores, err);
        if (!good) scores_free(scores);
    } else if (good) {
        score_global(test, features, run->classes, cosine_factor, scores->combined);
        normalise_scores(run, test->count, cosine_factor, scores->combined);
    }
    free(features);
    return good;
}

static void cost(const Workload *work, Cost *cost)
{
    cost->score_flop = cost_class_text(work);
}

extern const Method method_zsclip;
const Method method_zsclip = {
    .name = "zsclip",
    .summary = "zero-shot CLIP: one sentence a class or an ensemble, with local features if wanted",
    .options = options,
    .version = 1,
    .settings = ZERO_SHOT,
    .position = POOL_POSITION_GLOBAL, /* the plain baseline keeps the positional embedding [code] */
    .needs = needs,
    .score = score,
    .cost = cost,
};
