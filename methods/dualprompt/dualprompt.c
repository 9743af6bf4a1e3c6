/* DualPrompt: options and the course of a scoring; formulas in dualprompt_internal.h. */
#include "methods/dualprompt/dualprompt_internal.h"

#include "methods/shared/branches.h"
#include "methods/shared/cooccurrence.h"
#include "methods/shared/tai_common.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TILES = 9 };

static const char *const source_choices[] = {"captions", "labels", NULL};

static const Option options[] = {
    CLASS_TEXT_OPTIONS_WITH("scene85"),
    OPTION_REAL("lambda", 0.5, 0, 1, "share of the correlative sentences"),
    OPTION_BOOL("tiles", true, "the branch of nine tiles a picture, which the code has and the paper's text has not"),
    OPTION_TEXT("link", "published",
                "words between a sentence and the companions; \"published\": as the code has them"),
    COMPANION_OPTIONS,
    OPTION_CHOICE("source", "captions", source_choices,
                  "what is counted: the data set's captions, or labels of training images"),
    OPTION_REAL("share", 0.01, 0, 1, "with labels: of the images that the setting shows, drawn by the seed"),
    OPTION_CHOICE("label_rule", "published", label_rule_choices,
                  "noun filter of the captions: the authors' lemmatiser, or irregular plurals too"),
    OPTION_END,
};

static unsigned needs(const Options *o)
{
    const bool labels = strcmp(option_text(o, "source"), "labels") == 0;
    return NEED_CLASS_TEXT | NEED_TOWER | (labels ? NEED_TRAIN_IMAGES : NEED_CAPTIONS) |
           (option_bool(o, "tiles") ? NEED_TEST_LOCAL | NEED_TEST_TILES : 0u);
}

/* scores->combined <- (1 - lambda) d + lambda r of the whole pictures, or with tiles the mean of that and of theirs. */
static bool mix(const Run *run, const ImageFeatures *test, const float *d, const float *r, Scores *scores, Error *err)
{
    const float lambda = (float)option_real(run->options, "lambda");
    const size_t classes = run->classes, count = test->count * classes;
    float *plain = scores->combined, *whole = scores->global ? scores->global : scores->combined, *other;
    if (!big_alloc(&other, count, sizeof *other, "scores", err)) return false;
    score_global(test, d, classes, 1, plain);
    score_global(test, r, classes, 1, other);
    for (size_t i = 0; i < count; i++) whole[i] = (1 - lambda) * plain[i] + lambda * other[i];
    bool good = true;
    if (scores->local) {
        good =
            score_local(test, d, classes, 1, 1, scores->local, err) && score_local(test, r, classes, 1, 1, other, err);
        for (size_t i = 0; i < count; i++) {
            scores->local[i] = (1 - lambda) * scores->local[i] + lambda * other[i];
            scores->combined[i] = (scores->global[i] + scores->local[i]) / 2;
        }
    }
    free(other);
    return good;
}

static bool score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    const bool tiles = option_bool(run->options, "tiles");
    if (!run_check_test(run, test, tiles, err)) return false;
    if (tiles && test->positions != TILES)
        return fail(err, "the test features have %zu local ones a picture; DualPrompt's are those of %d tiles, 3 x 3",
                    test->positions, TILES);
    if (!scores_init(scores, test->count, run->classes, tiles, err)) return false;
    float *d = xcalloc(run->classes * run->width, sizeof *d), *r = xcalloc(run->classes * run->width, sizeof *r);
    const bool good =
        class_text_features(run, d, err) && correlative_text(run, r, err) && mix(run, test, d, r, scores, err);
    if (good)
        softmax_scores(test->count, run->classes, exp((double)run->clip->config.logit_scale), scores->combined);
    else
        scores_free(scores);
    free(d), free(r);
    return good;
}

static void cost(const Workload *work, Cost *cost)
{
    cost->score_flop = 2 * cost_class_text(work);
}

extern const Method method_dualprompt;
const Method method_dualprompt = {
    .name = "dualprompt",
    .summary = "DualPrompt: zero-shot scores mixed with those of sentences that name what a class occurs with",
    .note = "which classes occur together is counted in captions or labels, not asked of a language model",
    .options = options,
    .version = 1,
    .settings = ZERO_SHOT | LABELLED,
    .position = POOL_POSITION_GLOBAL,
    .needs = needs,
    .score = score,
    .cost = cost,
};
