/* Text residual: CLIP's own class features, each moved by a learned vector (after TaskRes, Yu et al., CVPR 2023, which
 * learns it from labelled images; here from labelled captions, as TaI does). */
#include "methods/palbench.h"

#include <string.h>

/* In formulas:
 *
 *     w_c = n(t_c + alpha r_c)    t_c = n(text("a photo of a c.")) frozen, r_c learned, 0 at the start
 *     training on a caption t:  z_c = 4 <t, w_c>, ranking loss on its labels      test on an image x:  z_c = 4 <x, w_c>
 *
 * Draws with seed s: one permutation of the captions an epoch. */

static const float cosine_factor = 4;

static const Option options[] = {
    FIT_OPTIONS,
    OPTION_REAL("margin", 1, 0, 1e6, "of the ranking loss"),
    OPTION_REAL("alpha", 0.5, 0, 1e3, "how far a residual moves its class"),
    NORMALISE_OPTION,
    OPTION_END,
};

static unsigned needs(const Options *o)
{
    (void)o; /* the same whatever the options say */
    return NEED_CLASS_TEXT | NEED_CAPTIONS;
}

/* w [N, D]: training and scoring share the formula. */
static Node *class_features(Graph *g, const Run *run)
{
    Node *text = parameter(g, run_learned(run, "text")), *residual = parameter(g, run_learned(run, "residual"));
    const float alpha = (float)option_real(run->options, "alpha");
    return l2_normalise(g, add(g, text, scale(g, residual, alpha)), 1e-12f);
}

/* What load() needs to know. */
typedef struct Batch {
    const LabelledCaptions *captions;
    Node *x, *y; /* [B, D], [B, N] */
} Batch;

/* Puts captions items[0 .. B-1] into the graph's inputs. */
static void load(void *context, const int64_t *items)
{
    const Batch *b = context;
    const size_t count = node_shape(b->x).dim[0], width = node_shape(b->x).dim[1], classes = node_shape(b->y).dim[1];
    for (size_t i = 0; i < count; i++) {
        const size_t row = (size_t)items[i];
        memcpy(node_data(b->x) + i * width, b->captions->features->global + row * width, width * sizeof(float));
        for (size_t c = 0; c < classes; c++)
            node_data(b->y)[i * classes + c] = (float)b->captions->labels[row * classes + c];
    }
}

static bool train(Run *run, Error *err)
{
    Parameter *text = run_learn(run, "text", shape(run->classes, run->width), err);
    Parameter *residual = text ? run_learn(run, "residual", shape(run->classes, run->width), err) : NULL;
    if (!residual || !class_text_of(run, (const char *const[]){"a photo of a {}."}, 1, text->value, err)) return false;
    text->frozen = true;

    const FitPlan plan = fit_plan(run->options, run->captions.features->count);
    if (plan.items == 0) return fail(err, "no caption names a class, so there is nothing to train on");
    Random random;
    random_seed(&random, run->seed);
    Graph *g = graph_new((GraphOptions){.arithmetic = run->arithmetic});
    Batch batch = {&run->captions, input(g, "captions", shape(plan.batch, run->width)),
                   input(g, "labels", shape(plan.batch, run->classes))};
    Node *scores = scale(g, matmul_nt(g, batch.x, class_features(g, run)), cosine_factor);
    Node *loss = ranking_loss(g, scores, batch.y, (float)option_real(run->options, "margin"), 1);
    const bool good = graph_compile(g, NULL, 0, loss, err) && fit(run, g, loss, &plan, &random, load, &batch, err);
    graph_free(g);
    return good;
}

static bool score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    if (!scores_init(scores, test->count, run->classes, false, err)) return false;
    Graph *g = graph_new((GraphOptions){.arithmetic = run->arithmetic});
    Node *classes = class_features(g, run);
    const bool good = graph_compile(g, &classes, 1, NULL, err);
    if (good) {
        graph_forward(g);
        score_global(test, node_data(classes), run->classes, cosine_factor, scores->combined);
        normalise_scores(run, test->count, cosine_factor, scores->combined);
    } else {
        scores_free(scores);
    }
    graph_free(g);
    return good;
}

/* Every caption meets every class, forward and backward. */
static void cost(const Workload *work, Cost *cost)
{
    const double weights = work->classes * (double)work->clip->config.embed;
    cost->train_flop = (double)option_int(work->options, "epochs") * work->texts * 3 * 2 * weights;
    cost->learned = 2 * weights;
}

static const Method text_residual = {
    .name = "text_residual",
    .summary = "a learned residual on each class's text feature, trained on captions (after TaskRes)",
    .options = options,
    .version = 1,
    .settings = ZERO_SHOT,
    .position = POOL_POSITION_OFF,
    .needs = needs,
    .train = train,
    .score = score,
    .cost = cost,
};

PALBENCH_PLUGIN(&text_residual);
