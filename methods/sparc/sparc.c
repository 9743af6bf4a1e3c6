/* SPARC: options and the course of a scoring; formulas in sparc_internal.h. */
#include "methods/sparc/sparc_internal.h"

#include "harness/graph/onednn.h"
#include "methods/shared/branches.h"
#include "methods/shared/standardise.h"
#include "methods/shared/tai_common.h"

#include <stdlib.h>
#include <string.h>

static const char *const source_choices[] = {"all", "captions", NULL};

static const Option options[] = {
    CLASS_TEXT_OPTIONS_WITH("clip80"),
    OPTION_TEXT("plain_frame", "{}", "the sentence whose scores pairs are standardised with, image by image"),
    OPTION_BOOL("pairs", true, "fuse scores of sentences with two class names; without, the standardised scores alone"),
    OPTION_TEXT("pair_frame", "{} and {}", "such a sentence"),
    OPTION_CHOICE("pair_source", "all", source_choices,
                  "which pairs: all, or those that the data set's captions name together"),
    OPTION_REAL("pair_threshold", 0.05, 0, 1,
                "with captions: share of the captions with the first class that must name the second too"),
    OPTION_CHOICE("label_rule", "published", label_rule_choices,
                  "noun filter of the captions: the authors' lemmatiser, or irregular plurals too"),
    OPTION_BOOL("normalise_image", true, "standardise the scores of an image"),
    OPTION_BOOL("normalise_prompt", true, "standardise the scores of a sentence over the test images"),
    OPTION_CHOICE("fusion", "pca", fusion_choices,
                  "what is made of a class's pairs: the principal axis of their order statistics and the class's own "
                  "score, one of these, or their mean"),
    OPTION_REAL("fusion_weight", 0.5, 0, 1, "share of that in the score"),
    OPTION_END,
};

static bool from_captions(const Options *o)
{
    return option_bool(o, "pairs") && !strcmp(option_text(o, "pair_source"), "captions");
}

static unsigned needs(const Options *o)
{
    return NEED_CLASS_TEXT | (option_bool(o, "pairs") ? NEED_TOWER : 0u) | (from_captions(o) ? NEED_CAPTIONS : 0u);
}

typedef struct Sparc {
    const Run *run;
    const ImageFeatures *test;
    size_t pair_count;
    Pair *pairs;
    float *text;      /* [N, D] of one kind after the other */
    float *pair_text; /* [pairs, D] */
    float *single;    /* [images, N] */
    Moments *plain;   /* [images] */
} Sparc;

static bool measure_plain(Sparc *s, Error *err)
{
    const size_t classes = s->run->classes, images = s->test->count;
    const char *frame = option_text(s->run->options, "plain_frame");
    if (!strstr(frame, "{}"))
        return fail_usage(err, "the frame \"%s\" has no {} for the class name; write one, as \"{}\"", frame);
    float *z;
    if (!class_text_of(s->run, &frame, 1, s->text, err) ||
        !big_alloc(&z, images * classes, sizeof *z, "scores of plain names", err))
        return false;
    score_global(s->test, s->text, classes, 1, z);
    s->plain = xcalloc(images, sizeof *s->plain);
    for (size_t n = 0; n < images; n++) s->plain[n] = moments_of(z + n * classes, classes);
    free(z);
    return true;
}

static bool score_single(Sparc *s, Error *err)
{
    const Options *o = s->run->options;
    const size_t classes = s->run->classes, images = s->test->count;
    if (!class_text_features(s->run, s->text, err) ||
        !big_alloc(&s->single, images * classes, sizeof *s->single, "scores of classes", err))
        return false;
    score_global(s->test, s->text, classes, 1, s->single);
    for (size_t n = 0; n < images && option_bool(o, "normalise_image"); n++)
        standardise(s->single + n * classes, classes, moments_of(s->single + n * classes, classes));
    if (option_bool(o, "normalise_prompt")) standardise_columns(s->single, images, classes);
    return true;
}

/* Features of the pairs that name a class, one after the other; returns how many. */
static size_t gather_pairs(const Sparc *s, size_t class, float *features)
{
    const size_t width = s->run->width;
    size_t k = 0;
    for (size_t p = 0; p < s->pair_count; p++)
        if (s->pairs[p].a == class || s->pairs[p].b == class)
            memcpy(features + k++ * width, s->pair_text + p * width, width * sizeof *features);
    return k;
}

/* One class at a time, so that memory is images x classes and not images x pairs. */
static void fuse_classes(const Sparc *s, float *features, float *compound, float *fused, float *scores)
{
    const Options *o = s->run->options;
    const size_t classes = s->run->classes, images = s->test->count;
    const float share = (float)option_real(o, "fusion_weight");
    Fusion fusion = FUSE_PCA;
    while (strcmp(fusion_choices[fusion], option_text(o, "fusion"))) fusion++;
    for (size_t c = 0; c < classes; c++) {
        const size_t k = gather_pairs(s, c, features);
        if (k) {
            score_global(s->test, features, k, 1, compound);
            for (size_t n = 0; n < images && option_bool(o, "normalise_image"); n++)
                standardise(compound + n * k, k, s->plain[n]);
            if (option_bool(o, "normalise_prompt")) standardise_columns(compound, images, k);
            sparc_fuse(fusion, compound, images, k, s->single + c, classes, fused);
        }
        for (size_t n = 0; n < images; n++) {
            const float single = s->single[n * classes + c];
            scores[n * classes + c] = k ? (1 - share) * single + share * fused[n] : single;
        }
    }
}

static bool fuse(Sparc *s, float *scores, Error *err)
{
    const size_t classes = s->run->classes, images = s->test->count;
    float *features = NULL, *compound = NULL, *fused = NULL;
    const bool good = big_alloc(&s->pair_text, s->pair_count * s->run->width, sizeof(float), "pair features", err) &&
                      sparc_pair_text(s->run, s->pairs, s->pair_count, s->pair_text, err) &&
                      big_alloc(&features, classes * s->run->width, sizeof *features, "pair features", err) &&
                      big_alloc(&compound, images * classes, sizeof *compound, "scores of pairs", err) &&
                      big_alloc(&fused, images, sizeof *fused, "fused scores", err);
    if (good) fuse_classes(s, features, compound, fused, scores);
    free(features);
    free(compound);
    free(fused);
    return good;
}

static bool score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    if (!run_check_test(run, test, false, err)) return false;
    if (test->count < 2 || run->classes < 2)
        return fail(err,
                    "SPARC standardises over the test images and over the classes: two of each are the least, "
                    "here are %zu images and %zu classes",
                    test->count, run->classes);
    if (!scores_init(scores, test->count, run->classes, false, err)) return false;
    Sparc s = {.run = run, .test = test, .text = xcalloc(run->classes * run->width, sizeof(float))};
    s.pairs = sparc_pairs(run, &s.pair_count);
    bool good = score_single(&s, err);
    if (good && s.pair_count)
        good = measure_plain(&s, err) && fuse(&s, scores->combined, err);
    else if (good)
        memcpy(scores->combined, s.single, test->count * run->classes * sizeof *s.single);
    free(s.pairs);
    free(s.text);
    free(s.pair_text);
    free(s.single);
    free(s.plain);
    if (!good) scores_free(scores);
    return good;
}

/* Sentences of all pairs of classes, or as many as captions could name, and their scores. */
static void cost(const Workload *work, Cost *cost)
{
    const double pairs = option_bool(work->options, "pairs") ? work->classes * (work->classes - 1) / 2 : 0;
    cost->score_flop =
        cost_class_text(work) + cost_sentences(work, pairs) + 2 * work->test * pairs * (double)work->clip->config.embed;
}

extern const Method method_sparc;
const Method method_sparc = {
    .name = "sparc",
    .summary = "standardised zero-shot scores fused with those of class pairs; transductive: over the test images",
    .note = "pairs of class names in place of the published prompts, which training labels and a language model chose",
    .options = options,
    .version = 1,
    .settings = ZERO_SHOT,
    .position = POOL_POSITION_GLOBAL,
    .needs = needs,
    .score = score,
    .cost = cost,
};
