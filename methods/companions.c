/* DualPrompt's companions, carried over to scores (ours, after Dual-prompt, ICLR 2026: dualprompt/): any method's score of a class, mixed
 * with the mean of those of the class and its companions. A post-processing, training-free. */
#include "methods/shared/branches.h"
#include "methods/shared/cooccurrence.h"
#include "methods/shared/method.h"
#include "methods/shared/tai_common.h"

#include <stdlib.h>

/* In formulas:
 *
 *     s'_c = (1 - lambda) s_c + lambda mean of s over {c} and its companions,  lambda 0.5
 *     score = softmax over the classes of scale s', or s' itself
 *
 * The published correction adds the score of a sentence that names the companions, "a photo of a {c} often including a {o}"; such a
 * sentence's feature lies near the mean of those of its names, and that mean is what a score matrix has. Companions by the published
 * rule (methods/shared/cooccurrence.h), P(j|i) counted in the data set's captions, which is ours too: the paper counts in
 * training labels or asks a language model. No draws. */

static const Option options[] = {
    OPTION_REAL("lambda", 0.5, 0, 1, "share of the mean over a class and its companions"),
    COMPANION_OPTIONS,
    OPTION_CHOICE("label_rule", "published", label_rule_choices,
                  "noun filter of the captions: the authors' lemmatiser, or irregular plurals too"),
    OPTION_BOOL("softmax", true, "rank the softmax over the classes, as published"),
    OPTION_REAL("scale", 1, 1e-9, 1e9, "what brings scores to logits: 1 for 100 cos, 25 for 4 cos"),
    BRANCHES_OPTION,
    OPTION_END,
};

static unsigned needs(const Options *o)
{
    (void)o;
    return NEED_CAPTIONS;
}

/* What a class is made of. */
typedef struct Mixture {
    size_t count, *list; /* companions */
} Mixture;

static Mixture *find_companions(const Run *run)
{
    const size_t classes = run->classes;
    const CompanionRule rule = companion_rule(run->options);
    double *p = xcalloc(classes * classes, sizeof *p);
    Mixture *mixtures = xcalloc(classes, sizeof *mixtures);
    count_together(run->captions.labels, run->captions.features->count, classes, p);
    conditional_of(p, classes);
    for (size_t c = 0; c < classes; c++) {
        mixtures[c].list = xcalloc(2 * rule.most, sizeof *mixtures[c].list);
        mixtures[c].count = companions_of(p, classes, c, rule, mixtures[c].list);
    }
    free(p);
    return mixtures;
}

static void mix(const Mixture *m, size_t classes, double lambda, const float *s, float *out)
{
    for (size_t c = 0; c < classes; c++) {
        double sum = (double)s[c];
        for (size_t k = 0; k < m[c].count; k++) sum += (double)s[m[c].list[k]];
        out[c] = (float)((1 - lambda) * (double)s[c] + lambda * sum / (double)(m[c].count + 1));
    }
}

static bool rescore(Run *run, const float *const *of, size_t images, float *scores, Error *err)
{
    (void)err; /* what could be missing is there, or the stage would not run */
    const size_t classes = run->classes;
    const double lambda = option_real(run->options, "lambda"), scale = option_real(run->options, "scale");
    Mixture *mixtures = find_companions(run);
    for (size_t n = 0; n < images; n++) mix(mixtures, classes, lambda, of[0] + n * classes, scores + n * classes);
    if (option_bool(run->options, "softmax")) softmax_scores(images, classes, scale, scores);
    for (size_t c = 0; c < classes; c++) free(mixtures[c].list);
    free(mixtures);
    return true;
}

extern const Method method_companions;
const Method method_companions = {
    .name = "companions",
    .summary = "scores mixed with those of classes that captions name together with a class, after DualPrompt",
    .note = "ours: DualPrompt's rule on scores, with co-occurrence counted in captions",
    .options = options,
    .version = 1,
    .settings = ZERO_SHOT | LABELLED, /* its member's */
    .needs = needs,
    .members = 1,
    .rescore = rescore,
};
