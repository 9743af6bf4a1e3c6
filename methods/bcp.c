/* BCP, Bayesian co-occurrence correction at test time (arXiv 2606.12925, ICML 2026; from a digest, no code), of any method's scores.
 * A post-processing: one pass over the test images as an unlabelled stream, batch 1. */
#include "methods/shared/method.h"

#include "harness/graph/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In formulas:
 *
 *     p = softmax_c(scale s)        anchor a = argmax p; without p_a > mu nothing is corrected [digest]
 *     s'_k = scale s_k + log P(k|a) - log P(k) for k != a,  s'_a = scale s_a                   [digest, but for s'_a]
 *     m = sum p, U = sum p p^T over the t images seen, of the original p [digest]; P(k) = m_k / t, P(k|a) = U_ka / m_a, so
 *     that the correction is log( t (U_ka + eps) / ((m_k + eps) (m_a + eps)) ), once t >= start [not confirmed]
 *
 * Not confirmed, and therefore options: mu, eps, start, whether an image counts before or after its own correction, whether s' or its
 * softmax is ranked. Choosing mu by labelled images breaks the claim that none are seen. `scale` brings scores to logits: 1
 * for those that are 100 times a cosine, 25 for 4 times one.
 * Draws: one permutation of the images by the seed, the stream's order; `order` "file" has none. */

static const char *const order_choices[] = {"seed", "file", NULL}, *const rank_choices[] = {"logits", "softmax", NULL},
                         *const count_choices[] = {"after", "before", NULL};

static const Option options[] = {
    OPTION_REAL("scale", 1, 1e-9, 1e9, "what brings scores to logits: 1 for 100 cos, 25 for 4 cos"),
    OPTION_REAL("mu", 0.5, 0, 1, "how probable the likeliest class must be to correct the others"),
    OPTION_REAL("eps", 1e-6, 1e-12, 1e6, "added to the sums of probabilities and of their products"),
    OPTION_INT("start", 50, 1, 1000000000, "images that must have been seen before the first correction"),
    OPTION_CHOICE("count", "after", count_choices,
                  "whether an image enters the sums after its own correction or before"),
    OPTION_CHOICE("order", "seed", order_choices, "of the stream: drawn by the seed, or the data set's"),
    OPTION_CHOICE("rank", "logits", rank_choices,
                  "what is ranked: corrected logits, or their softmax over the classes"),
    BRANCHES_OPTION,
    OPTION_END,
};

static unsigned needs(const Options *o)
{
    (void)o;
    return 0;
}

/* What the stream has shown. */
typedef struct Stream {
    size_t classes, seen;
    double *mass, *joint; /* m [N], U [N, N] */
} Stream;

/* p = softmax(z); returns the likeliest class, the first of equal ones. */
static size_t softmax(const double *z, size_t classes, double *p)
{
    size_t best = 0;
    double sum = 0;
    for (size_t c = 1; c < classes; c++) best = z[c] > z[best] ? c : best;
    for (size_t c = 0; c < classes; c++) sum += p[c] = exp(z[c] - z[best]);
    for (size_t c = 0; c < classes; c++) p[c] /= sum;
    return best;
}

static void take_in(Stream *s, const double *p)
{
    for (size_t a = 0; a < s->classes; a++) {
        s->mass[a] += p[a];
        for (size_t k = 0; k < s->classes; k++) s->joint[a * s->classes + k] += p[a] * p[k];
    }
    s->seen++;
}

static void correct(const Stream *s, size_t anchor, double eps, double *z)
{
    const double *joint = s->joint + anchor * s->classes, t = (double)s->seen;
    for (size_t k = 0; k < s->classes; k++)
        if (k != anchor) z[k] += log(t * (joint[k] + eps) / ((s->mass[k] + eps) * (s->mass[anchor] + eps)));
}

static void run_stream(const Run *run, Stream *s, const int64_t *order, size_t images, const float *in, float *out)
{
    const Options *o = run->options;
    const size_t classes = s->classes, start = option_int(o, "start");
    const double scale = option_real(o, "scale"), mu = option_real(o, "mu"), eps = option_real(o, "eps");
    const bool before = strcmp(option_text(o, "count"), "before") == 0,
               ranks = strcmp(option_text(o, "rank"), "softmax") == 0;
    double *z = xcalloc(classes, sizeof *z), *p = xcalloc(classes, sizeof *p);
    for (size_t i = 0; i < images; i++) {
        const size_t at = (size_t)order[i] * classes;
        for (size_t c = 0; c < classes; c++) z[c] = scale * (double)in[at + c];
        const size_t anchor = softmax(z, classes, p);
        const double sure = p[anchor];
        if (before) take_in(s, p);
        if (sure > mu && s->seen >= start) correct(s, anchor, eps, z);
        if (!before) take_in(s, p);
        if (ranks) softmax(z, classes, p);
        for (size_t c = 0; c < classes; c++) out[at + c] = (float)(ranks ? p[c] : z[c]);
    }
    free(z);
    free(p);
}

static bool rescore(Run *run, const float *const *of, size_t images, float *scores, Error *err)
{
    Stream s = {.classes = run->classes};
    int64_t *order;
    if (!big_alloc(&order, images, sizeof *order, "the order of the test images", err) ||
        !big_alloc(&s.joint, run->classes * run->classes, sizeof *s.joint, "pairs of classes", err)) {
        free(order);
        return false;
    }
    s.mass = xcalloc(run->classes, sizeof *s.mass);
    memset(s.joint, 0, run->classes * run->classes * sizeof *s.joint);
    Random random;
    random_seed(&random, run->seed);
    for (size_t i = 0; i < images; i++) order[i] = (int64_t)i;
    if (strcmp(option_text(run->options, "order"), "seed") == 0) random_permutation(&random, order, images);
    run_stream(run, &s, order, images, of[0], scores);
    free(order);
    free(s.mass);
    free(s.joint);
    return true;
}

extern const Method method_bcp;
const Method method_bcp = {
    .name = "bcp",
    .summary = "BCP: scores corrected by what classes the test images seen before had together; depends on their order",
    .note = "re-implementation from a digest",
    .options = options,
    .version = 1,
    .settings = ZERO_SHOT | LABELLED, /* its member's */
    .needs = needs,
    .members = 1,
    .rescore = rescore,
};
