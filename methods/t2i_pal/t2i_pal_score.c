/* T2I-PAL at test time: what was learned is found by name, class features are computed once a branch, and the
 * training's own graph of scores runs over the test images in batches. */
#include "harness/graph/ops.h"
#include "methods/shared/branches.h"
#include "methods/t2i_pal/t2i_pal_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float cosine_factor = 4; /* of both branches' scores, as in t2i_pal_graph.c */

enum { IMAGES_AT_ONCE = 32 };

static void find_branch(const Pal *pal, PalBranch *branch, const Run *run, const char *which)
{
    const struct {
        Parameter **place;
        const char *name;
        bool has;
    } parts[] = {
        {&branch->context, "context", pal->prompts},
        {&branch->prototypes, "prototypes", pal->prior == PAL_PROTOTYPES},
        {&branch->keys, "cache_keys", pal->prior == PAL_CACHE},
        {&branch->values, "cache_values", pal->prior == PAL_CACHE},
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!parts[i].has) continue;
        char name[64];
        snprintf(name, sizeof name, "%s_%s", parts[i].name, which);
        *parts[i].place = run_learned(run, name);
    }
}

/* z^g or z^l of all images; the branch's class features are left in `values` [N, D]. */
static bool score_branch(const Run *run, const Pal *pal, bool local, const ImageFeatures *test, float *values,
                         float *scores, Error *err)
{
    const PalBranch *branch = local ? &pal->local : &pal->global;
    if (!pal_class_values(pal, branch, run->arithmetic, values, err)) return false;
    if (test->count == 0) return true;
    Graph *g = graph_new((GraphOptions){.arithmetic = run->arithmetic});
    const PalNodes nodes = pal_nodes_of(g, pal, branch, values);
    const float tau = pal_tau(run->options, "tau_test");
    Node *x = local ? input(g, "positions", shape(IMAGES_AT_ONCE, test->positions, test->width))
                    : input(g, "images", shape(IMAGES_AT_ONCE, test->width));
    Node *z = local ? pal_local_scores(g, pal, x, nodes, tau) : pal_global_scores(g, pal, x, nodes);
    bool good = graph_compile(g, &z, 1, NULL, err);
    if (good && local) good = score_local_batches(g, x, z, test, scores, err);
    if (good && !local) score_batches(g, x, z, test->global, test->count, scores);
    if (good) normalise_scores(run, test->count, cosine_factor, scores);
    graph_free(g);
    return good;
}

static bool score_branches(const Run *run, const Pal *pal, const ImageFeatures *test, Scores *scores, Error *err)
{
    float *values = xcalloc(pal->classes * pal->width, sizeof *values);
    bool good = score_branch(run, pal, false, test, values, pal->with_local ? scores->global : scores->combined, err);
    if (!pal->with_local) {
        free(values);
        return good;
    }
    good = good && score_branch(run, pal, true, test, values, scores->local, err);
    if (good) scores_combine(scores, test->count, pal->classes, 0.5f);
    scores->local_classes = values;
    return good;
}

bool pal_score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    Pal pal;
    if (!run_check_test(run, test, option_bool(run->options, "local"), err) || !pal_init(&pal, run, err)) return false;
    find_branch(&pal, &pal.global, run, "global");
    if (pal.with_local) find_branch(&pal, &pal.local, run, "local");
    bool good = scores_init(scores, test->count, run->classes, pal.with_local, err);
    if (good) {
        good = score_branches(run, &pal, test, scores, err);
        if (!good) scores_free(scores);
    }
    pal_free(&pal);
    return good;
}
