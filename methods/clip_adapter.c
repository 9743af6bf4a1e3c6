/* CLIP-Adapter (Gao et al., IJCV 2024; gaopengcuhk/CLIP-Adapter, clip_adapter.py): a bottleneck behind the frozen image
 * tower. */
#include "methods/shared/branches.h"
#include "methods/shared/class_text.h"
#include "methods/shared/fit.h"
#include "methods/shared/labelled.h"

#include "harness/graph/ops.h"

#include <math.h>
#include <stdlib.h>

/* In formulas:
 *
 *     A(x) = relu(U relu(V x)),  V [D/4, D], U [D, D/4], no bias
 *     x' = n(ratio A(x) + (1 - ratio) x),  ratio 0.2;  cos_c = <x', T_c>,  T the text features of a fixed sentence
 * The published code puts CLIP's features in before they are made unit length; as A(a x) = a A(x) for a > 0, x' is the same.
 * Loss: one of labelled.h; softmax is the published one for a single label an image. Labels that are not known are in no part of
 * a loss. Score: 4 cos.
 * Training as the published code says to, with CoOp's command for ImageNet, that is configs/trainers/CoOp/rn50_ep50.yaml: SGD 2e-3,
 * 50 epochs, batch 32, first epoch at 1e-5, cosine; features are those of whole images, without its random crops and flips.
 * Draws with seed s: V, then U, each uniform in +-1/sqrt(inputs) as torch.nn.Linear starts, then one permutation of the images
 * an epoch. */

static const float cosine_factor = 4;

enum { IMAGES_AT_ONCE = 256 };

static const Option options[] = {
    OPTION_REAL("ratio", 0.2, 0, 1, "share of the adapter's output in an image's feature"),
    OPTION_INT("reduction", 4, 1, 1 << 16, "how many times narrower the adapter's middle is than the feature"),
    CLASS_TEXT_OPTIONS,
    FIT_OPTIONS_WITH(50, 32, 2e-3),
    LABELLED_LOSS_OPTIONS,
    NORMALISE_OPTION,
    OPTION_END,
};

static unsigned needs(const Options *o)
{
    (void)o;
    return NEED_CLASS_TEXT | NEED_TRAIN_IMAGES;
}

/* torch.nn.Linear's own start: kaiming_uniform with a = sqrt(5) is uniform in +-1/sqrt(inputs). */
static void start_linear(Random *random, Parameter *p)
{
    const float bound = 1 / sqrtf((float)p->shape.dim[1]);
    const size_t count = shape_size(p->shape);
    random_uniform(random, p->value, count);
    for (size_t i = 0; i < count; i++) p->value[i] = p->value[i] * 2 * bound - bound;
}

/* <x', T_c> [B, N] of x [B, D] */
static Node *adapted_cosines(Graph *g, const Run *run, Node *x, const float *text)
{
    const float ratio = (float)option_real(run->options, "ratio");
    Node *down = parameter(g, run_learned(run, "down")), *up = parameter(g, run_learned(run, "up"));
    Node *adapted = relu(g, linear(g, relu(g, linear(g, x, down, NULL)), up, NULL));
    Node *mixed = l2_normalise(g, add(g, scale(g, adapted, ratio), scale(g, x, 1 - ratio)), 1e-12f);
    return matmul_nt(g, mixed, constant(g, shape(run->classes, run->clip->config.embed), text));
}

static bool train_adapter(Run *run, const float *text, Error *err)
{
    const size_t width = run->clip->config.embed, reduction = option_int(run->options, "reduction");
    if (reduction > width)
        return fail_usage(err, "a reduction of %zu leaves nothing of features of %zu values; use a smaller one",
                          reduction, width);
    Parameter *down = run_learn(run, "down", shape(width / reduction, width), err);
    Parameter *up = down ? run_learn(run, "up", shape(width, width / reduction), err) : NULL, *threshold;
    if (!up || !labelled_threshold(run, text, &threshold, err)) return false;
    Random random;
    random_seed(&random, run->seed);
    start_linear(&random, down);
    start_linear(&random, up);

    const FitPlan plan = fit_plan(run->options, run->images.features->count);
    LabelledStep step;
    labelled_step_init(&step, run, plan.batch);
    step.loss = labelled_loss(&step, run, adapted_cosines(step.g, run, labelled_globals(&step), text), threshold);
    const bool good = graph_compile(step.g, NULL, 0, step.loss, err) &&
                      fit(run, step.g, step.loss, &plan, &random, labelled_load, &step, err);
    labelled_step_free(&step);
    return good;
}

static bool train(Run *run, Error *err)
{
    if (!labelled_check(run, false, err)) return false;
    float *text = xcalloc(run->classes * run->clip->config.embed, sizeof *text);
    const bool good = class_text_features(run, text, err) && train_adapter(run, text, err);
    free(text);
    return good;
}

static bool score_adapted(const Run *run, const ImageFeatures *test, const float *text, float *scores, Error *err)
{
    Graph *g = graph_new((GraphOptions){.arithmetic = run->arithmetic});
    Node *x = input(g, "images", shape(IMAGES_AT_ONCE, test->width));
    Node *z = scale(g, adapted_cosines(g, run, x, text), cosine_factor);
    const bool good = graph_compile(g, &z, 1, NULL, err);
    if (good) score_batches(g, x, z, test->global, test->count, scores);
    graph_free(g);
    return good;
}

static bool score(Run *run, const ImageFeatures *test, Scores *scores, Error *err)
{
    if (!run_check_test(run, test, false, err) || !scores_init(scores, test->count, run->classes, false, err))
        return false;
    float *text = xcalloc(run->classes * test->width, sizeof *text);
    const bool good = class_text_features(run, text, err) && score_adapted(run, test, text, scores->combined, err);
    free(text);
    if (good)
        normalise_scores(run, test->count, cosine_factor, scores->combined);
    else
        scores_free(scores);
    return good;
}

/* Two products with the bottleneck and one with the classes, forward and backward. */
static void cost(const Workload *work, Cost *cost)
{
    const double width = (double)work->clip->config.embed;
    const double bottleneck = 2 * width * width / (double)option_int(work->options, "reduction");
    cost->train_flop =
        (double)option_int(work->options, "epochs") * work->labelled * 3 * 2 * (bottleneck + width * work->classes);
    cost->learned = bottleneck;
    cost->score_flop = work->test * 2 * bottleneck + cost_class_text(work);
}

extern const Method method_clip_adapter;
const Method method_clip_adapter = {
    .name = "clip_adapter",
    .summary = "a bottleneck adapter on the image feature, learned on labelled images",
    .options = options,
    .version = 1,
    .settings = LABELLED,
    .position = POOL_POSITION_GLOBAL,
    .needs = needs,
    .train = train,
    .score = score,
    .cost = cost,
};
