/* PVP at test time. Class features of both kinds and branches are made first; the score is a sum of up to four parts,
 * two families (visual, text) with a global and a local part each, every part normalised by itself. A local part sees
 * one position more than there are: the image's own global feature, unadapted. */
#include "methods/pvp/pvp_internal.h"

#include "methods/shared/branches.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const float cosine_factor = 4;

enum { IMAGES_AT_ONCE = 64 };

void pvp_find_partner(const Run *run, PvpPartner *p)
{
    const Options *o = run->options;
    const float ratio = (float)option_real(o, "adapter_ratio"), dropout = (float)option_real(o, "adapter_dropout");
    p->context[PVP_GLOBAL] = run_learned(run, "context_global");
    p->context[PVP_LOCAL] = run_learned(run, "context_local");
    p->text = (PvpAdapter){run_learned(run, "adapter_text_1"), run_learned(run, "adapter_text_2"), ratio, dropout};
    p->visual =
        (PvpAdapter){run_learned(run, "adapter_visual_1"), run_learned(run, "adapter_visual_2"), ratio, dropout};
}

/* ---- features of the classes ---- */

typedef struct Classes { /* [N, D] each, unit length; T NULL after stage 1 alone */
    float *V[PVP_BRANCHES], *T[PVP_BRANCHES];
} Classes;

static void free_classes(Classes *c)
{
    for (size_t b = 0; b < PVP_BRANCHES; b++) free(c->V[b]), free(c->T[b]);
}

static void normalise_rows(float *rows, size_t count, size_t width)
{
    for (size_t i = 0; i < count; i++) {
        double sum = 0;
        for (size_t k = 0; k < width; k++) sum += (double)rows[i * width + k] * (double)rows[i * width + k];
        const float inverse = (float)(1 / fmax(sqrt(sum), 1e-12));
        for (size_t k = 0; k < width; k++) rows[i * width + k] *= inverse;
    }
}

/* V from what was learned: the vectors, or the images through the tower. */
static bool visual_classes(const Run *run, Classes *c, Error *err)
{
    Parameter *learned[] = {run_learned(run, "pseudo_global"), run_learned(run, "pseudo_local")};
    const size_t width = run->clip->config.embed, bytes = run->classes * width * sizeof(float);
    const bool pixels = pvp_has_pixels(run->options);
    PvpTower tower;
    if (pixels) {
        if (!pvp_tower_init(&tower, run, learned, false, err)) return false;
        pvp_tower_forward(&tower);
    }
    for (size_t b = 0; b < PVP_BRANCHES; b++) {
        c->V[b] = memcpy(xmalloc(bytes), pixels ? tower.features_of[b].value : learned[b]->value, bytes);
        normalise_rows(c->V[b], run->classes, width);
    }
    if (pixels) pvp_tower_free(&tower);
    return true;
}

/* T, and V adapted. */
static bool adapted_classes(const Run *run, const PvpPartner *p, Classes *c, Error *err)
{
    const size_t classes = run->classes, width = run->clip->config.embed;
    for (size_t b = 0; b < PVP_BRANCHES; b++) {
        c->T[b] = xcalloc(classes * width, sizeof(float));
        if (!prompts_compute(&p->wording, p->context[b], run->arithmetic, c->T[b], err) ||
            !pvp_adapt_rows(&p->text, c->T[b], classes, width, run->arithmetic, err) ||
            !pvp_adapt_rows(&p->visual, c->V[b], classes, width, run->arithmetic, err))
            return false;
    }
    return true;
}

/* ---- scores ---- */

typedef struct Scorer {
    Run *run;
    const ImageFeatures *test; /* global is x', adapted in stage 2 */
    const float *raw;          /* [count, D] x as it was: one more position */
    float *z;                  /* [count, N] one of the four parts */
} Scorer;

static void add_part(const Scorer *s, float *sum)
{
    normalise_scores(s->run, s->test->count, cosine_factor, s->z);
    for (size_t i = 0; i < s->test->count * s->run->classes; i++) sum[i] += s->z[i];
}

/* The positions of some images, and behind them the image's global feature: [n, P + 1, D]. */
static ImageFeatures with_global(const Scorer *s, size_t first, size_t n, float *local)
{
    const ImageFeatures *f = s->test;
    const size_t width = f->width, image = f->positions * width;
    for (size_t i = 0; i < n; i++) {
        float *to = local + i * (image + width);
        image_local_copy(f, first + i, 1, to);
        memcpy(to + image, s->raw + (first + i) * width, width * sizeof *to);
    }
    return (ImageFeatures){.count = n, .width = width, .positions = f->positions + 1, .local = local};
}

static bool local_part(const Scorer *s, const float *classes, const char *tau, Error *err)
{
    const size_t count = s->test->count, n_classes = s->run->classes;
    const float sharpness = (float)option_real(s->run->options, tau);
    float *local;
    if (!big_alloc(&local, IMAGES_AT_ONCE * (s->test->positions + 1), s->test->width * sizeof *local, "positions", err))
        return false;
    bool good = true;
    for (size_t first = 0; first < count && good; first += IMAGES_AT_ONCE) {
        const size_t n = count - first < IMAGES_AT_ONCE ? count - first : IMAGES_AT_ONCE;
        const ImageFeatures some = with_global(s, first, n, local);
        good = score_local(&some, classes, n_classes, sharpness, cosine_factor, s->z + first * n_classes, err);
    }
    free(local);
    return good;
}

static bool add_family(const Scorer *s, float *const *classes, const char *tau, Scores *scores, Error *err)
{
    score_global(s->test, classes[PVP_GLOBAL], s->run->classes, cosine_factor, s->z);
    add_part(s, scores->global);
    if (!local_part(s, classes[PVP_LOCAL], tau, err)) return false;
    add_part(s, scores->local);
    return true;
}

static bool add_families(const Scorer *s, const Classes *c, Scores *scores, Error *err)
{
    if (c->T[PVP_GLOBAL] && !add_family(s, c->T, "tau_text_test", scores, err)) return false;
    if (!add_family(s, c->V, "tau_visual_test", scores, err)) return false;
    for (size_t i = 0; i < s->test->count * s->run->classes; i++)
        scores->combined[i] = scores->global[i] + scores->local[i];
    return true;
}

/* x' in place of x, then everything. partner NULL: stage 1 alone. */
static bool score_images(Run *run, const PvpPartner *partner, const Classes *c, const ImageFeatures *test,
                         Scores *scores, Error *err)
{
    ImageFeatures adapted = *test;
    Scorer s = {.run = run, .test = &adapted, .raw = test->global};
    const size_t width = test->width;
    if (!big_alloc(&s.z, test->count * run->classes, sizeof *s.z, "scores", err)) return false;
    bool good = big_alloc(&adapted.global, test->count, width * sizeof(float), "adapted image features", err);
    if (good) {
        if (test->count) memcpy(adapted.global, test->global, test->count * width * sizeof(float));
        good =
            (!partner || pvp_adapt_rows(&partner->visual, adapted.global, test->count, width, run->arithmetic, err)) &&
            add_families(&s, c, scores, err);
        free(adapted.global);
    }
    free(s.z);
    return good;
}

static bool score_with(Run *run, PvpPartner *partner, const ImageFeatures *test, Scores *scores, Error *err)
{
    Classes c = {0};
    if (partner) pvp_find_partner(run, partner);
    bool good = visual_classes(run, &c, err) && (!partner || adapted_classes(run, partner, &c, err)) &&
                scores_init(scores, test->count, run->classes, true, err);
    if (good) {
        good = score_images(run, partner, &c, test, scores, err);
        if (good) scores->local_classes = c.V[PVP_LOCAL], c.V[PVP_LOCAL] = NULL;
        if (!good) scores_free(scores);
    }
    free_classes(&c);
    return good;
}

bool pvp_score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    if (!run_check_test(run, test, true, err)) return false;
    if (!option_bool(run->options, "stage2")) return score_with(run, NULL, test, scores, err);
    PvpPartner partner = {0};
    if (!prompts_init(&partner.wording, run, err)) return false;
    const bool good = score_with(run, &partner, test, scores, err);
    prompts_free(&partner.wording);
    return good;
}
