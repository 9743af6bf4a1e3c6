/* The two methods of tip_adapter_internal.h: with the cache as it is, and with learned keys. Tip-Adapter makes no
 * draws, Tip-Adapter-F one permutation of the labelled images an epoch. */
#include "methods/tip_adapter/tip_adapter_internal.h"

#include "harness/graph/ops.h"
#include "methods/shared/branches.h"
#include "methods/shared/labelled.h"

#include <stdlib.h>

enum { IMAGES_AT_ONCE = 64 };

#define CACHE_OPTIONS                                                                                                  \
    CLASS_TEXT_OPTIONS, OPTION_REAL("clip_scale", 100, 1e-6, 1e6, "of the cosines with the class features"),           \
        OPTION_BOOL("balance", false, "divide what the cache says of a class by the number of its positives")

static const Option options[] = {
    CACHE_OPTIONS,
    OPTION_REAL_AT_TEST("alpha", 1, 0, 1e6, "weight of the cache"),
    OPTION_REAL_AT_TEST("beta", 5.5, 0, 1e6, "sharpness of the cache"),
    NORMALISE_OPTION,
    OPTION_END,
};

static const Option options_f[] = {
    CACHE_OPTIONS,
    OPTION_REAL("alpha", 1, 0, 1e6, "weight of the cache"),
    OPTION_REAL("beta", 5.5, 0, 1e6, "sharpness of the cache"),
    FIT_OPTIONS_OF(20, 256, "adamw", 1e-3, 0.01, 0),
    OPTION_REAL("eps", 1e-4, 0, 1, "of AdamW and Adam; 0: 1e-8"),
    LABELLED_LOSS_OPTIONS,
    NORMALISE_OPTION,
    OPTION_END,
};

TipFormula tip_formula(const Options *o)
{
    return (TipFormula){.clip_scale = (float)option_real(o, "clip_scale"),
                        .alpha = (float)option_real(o, "alpha"),
                        .beta = (float)option_real(o, "beta")};
}

Node *tip_scores(Graph *g, Node *x, Node *text, Node *keys, Node *values, TipFormula f)
{
    Node *clip = scale(g, matmul_nt(g, x, text), f.clip_scale);
    Node *distance = subtract(g, matmul_nt(g, x, keys), constant_scalar(g, 1));
    Node *cache = matmul(g, exponential(g, scale(g, distance, f.beta)), values);
    return add(g, clip, scale(g, cache, f.alpha));
}

static unsigned needs(const Options *o)
{
    (void)o;
    return NEED_CLASS_TEXT | NEED_TRAIN_IMAGES;
}

static bool train(Run *run, Error *err)
{
    return labelled_check(run, false, err) && tip_make_cache(run, err);
}

static bool train_f(Run *run, Error *err)
{
    if (!train(run, err)) return false;
    float *text = xcalloc(run->classes * run->width, sizeof *text);
    const bool good = class_text_features(run, text, err) && tip_fine_tune(run, text, err);
    free(text);
    return good;
}

/* The last batch is filled up with zeros, whose scores are dropped. */
static bool score_images(const Run *run, const ImageFeatures *test, const float *text, float *scores, Error *err)
{
    const size_t width = test->width, classes = run->classes;
    Graph *g = graph_new((GraphOptions){.arithmetic = run->arithmetic});
    Node *x = input(g, "images", shape(IMAGES_AT_ONCE, width));
    const Parameter *keys = run_learned(run, "cache_keys"), *values = run_learned(run, "cache_values");
    Node *z = tip_scores(g, x, constant(g, shape(classes, width), text), constant(g, keys->shape, keys->value),
                         constant(g, values->shape, values->value), tip_formula(run->options));
    const bool good = graph_compile(g, &z, 1, NULL, err);
    if (good) score_batches(g, x, z, test->global, test->count, scores);
    graph_free(g);
    return good;
}

static bool score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    const size_t width = run_learned(run, "cache_keys")->shape.dim[1];
    if (test->width != width)
        return fail(err, "the test features have %zu values, those of the cache have %zu", test->width, width);
    if (!scores_init(scores, test->count, run->classes, false, err)) return false;
    float *text = xcalloc(run->classes * width, sizeof *text);
    const bool good = class_text_features(run, text, err) && score_images(run, test, text, scores->combined, err);
    free(text);
    if (good)
        normalise_scores(run, test->count, tip_formula(run->options).clip_scale, scores->combined);
    else
        scores_free(scores);
    return good;
}

/* The cache: a key and the labels of every labelled image. */
static void cost(const Workload *work, Cost *cost)
{
    const double cache = work->labelled * ((double)work->clip->config.embed + work->classes);
    cost->learned = cache;
    cost->score_flop = work->test * 2 * cache + cost_class_text(work);
}

/* Every training image meets the whole cache, forward and backward. */
static void cost_f(const Workload *work, Cost *c)
{
    cost(work, c);
    c->train_flop = (double)option_int(work->options, "epochs") * work->labelled * 3 * 2 * c->learned;
}

extern const Method method_tip_adapter, method_tip_adapter_f;
const Method method_tip_adapter = {
    .name = "tip_adapter",
    .summary = "a cache of labelled images' features beside zero-shot CLIP, nothing trained",
    .options = options,
    .version = 1,
    .settings = LABELLED,
    .position = POOL_POSITION_GLOBAL,
    .needs = needs,
    .train = train,
    .score = score,
    .cost = cost,
};
const Method method_tip_adapter_f = {
    .name = "tip_adapter_f",
    .summary = "Tip-Adapter with learned keys",
    .options = options_f,
    .version = 1,
    .settings = LABELLED,
    .position = POOL_POSITION_GLOBAL,
    .needs = needs,
    .train = train_f,
    .score = score,
    .cost = cost_f,
};
