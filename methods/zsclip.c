/* Zero-shot CLIP (methods.md, "ZSCLIP"): score_c = 100 <x, n(text("a photo of a c."))>, or the mean of several sentences a class,
 * n(mean_i n(text_i)). With `local` it is CLIP-DPT: 100 sum_j softmax_j(tau s_jc) s_jc beside it, merged half and half. */
#include "methods/branches.h"
#include "methods/templates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float cosine_factor = 100;

static const Option options[] = {
    OPTION_CHOICE("templates", "single", template_set_names,
                  "sentences a class: one, CLIP's 80, or the embedded world's nine"),
    OPTION_TEXT("frame", "a photo of a {}.", "the sentence when templates is \"single\"; {} stands for the class name"),
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

static void unit_length(double *sum, size_t width, float *out)
{
    double square = 0;
    for (size_t i = 0; i < width; i++) square += sum[i] * sum[i];
    const double inverse = square > 0 ? 1 / sqrt(square) : 0;
    for (size_t i = 0; i < width; i++) out[i] = (float)(sum[i] * inverse);
}

/* Class features [classes, D] of the mean over `count` frames. */
static bool encode_classes(const Run *run, const char *const *frames, size_t count, float *features, Error *err)
{
    TokenList tokens = {0};
    TextFeatures texts = {0};
    for (size_t i = 0; i < run->classes * count; i++) {
        char *sentence = template_fill(frames[i % count], run->class_names[i / count]);
        tokenizer_encode(run->tokenizer, sentence, run->clip->config.context, &tokens);
        free(sentence);
    }
    const bool good = clip_encode_texts(run->clip, &tokens, false, &texts, NULL, err);
    token_list_free(&tokens);
    if (!good) return false;
    double *sum = xcalloc(texts.width, sizeof *sum);
    for (size_t c = 0; c < run->classes; c++) {
        memset(sum, 0, texts.width * sizeof *sum);
        for (size_t k = 0; k < count; k++)
            for (size_t i = 0; i < texts.width; i++) sum[i] += (double)texts.global[(c * count + k) * texts.width + i];
        unit_length(sum, texts.width, features + c * texts.width);
    }
    free(sum);
    text_features_free(&texts);
    return true;
}

static bool class_features(const Run *run, float *features, Error *err)
{
    const TemplateSet *set = template_set(option_text(run->options, "templates"));
    const char *frame = option_text(run->options, "frame");
    if (set->count > 1) return encode_classes(run, set->frames, set->count, features, err);
    if (!strstr(frame, "{}"))
        return fail_usage(err, "the frame \"%s\" has no {} for the class name; write one, as \"a photo of a {}.\"",
                          frame);
    return encode_classes(run, &frame, 1, features, err);
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
    const size_t width = run->clip->config.embed;
    if (test->width != width)
        return fail(err, "the test features have %zu values, the model's joint space has %zu", test->width, width);
    const bool local = wants_local(run->options);
    float *features = xcalloc(run->classes * width, sizeof *features);
    bool good = class_features(run, features, err) && scores_init(scores, test->count, run->classes, local, err);
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
};
