/* SPARC's normalisation alone, of any method's scores (Miller et al., CVPR 2025, run_SPARC.py [code]; the whole method:
 * sparc/sparc_internal.h). A post-processing, training-free and transductive: */
#include "methods/shared/method.h"
#include "methods/shared/standardise.h"

#include <string.h>

/* In formulas:
 *
 *     per image:   s_c <- (s_c - mean_c s) / sd_c s                 over the classes
 *     per prompt:  s_c <- (s_c - mean s_c) / sd s_c                 over the test images; a column is a prompt's scores
 *
 * sd with n - 1; what does not vary becomes 0. The second step changes no class's order of images, so mAP sees the first alone, and
 * what ranks classes within an image sees both. No draws. */

static const Option options[] = {
    OPTION_BOOL("normalise_image", true, "standardise the scores of an image"),
    OPTION_BOOL("normalise_prompt", true, "standardise the scores of a class over the test images"),
    BRANCHES_OPTION,
    OPTION_END,
};

static unsigned needs(const Options *o)
{
    (void)o;
    return 0;
}

static bool rescore(Run *run, const float *const *of, size_t images, float *scores, Error *err)
{
    const size_t classes = run->classes;
    if (images < 2 || classes < 2)
        return fail(err,
                    "SPARC standardises over the test images and over the classes: two of each are the least, "
                    "here are %zu images and %zu classes",
                    images, classes);
    memcpy(scores, of[0], images * classes * sizeof *scores);
    for (size_t n = 0; n < images && option_bool(run->options, "normalise_image"); n++)
        standardise(scores + n * classes, classes, moments_of(scores + n * classes, classes));
    if (option_bool(run->options, "normalise_prompt")) standardise_columns(scores, images, classes);
    return true;
}

extern const Method method_sparc_norm;
const Method method_sparc_norm = {
    .name = "sparc_norm",
    .summary = "SPARC's normalisation of another result's scores: per image, then per class over the test images",
    .options = options,
    .version = 1,
    .settings = ZERO_SHOT | LABELLED, /* its member's */
    .needs = needs,
    .members = 1,
    .rescore = rescore,
};
