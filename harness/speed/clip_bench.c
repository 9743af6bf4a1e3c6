/* The graph is the one that encoding runs; a model without weights gets random ones, since the time does not depend on
 * them. The fastest of several runs counts: other work can only make one slower. */
#include "harness/speed/clip_bench.h"

#include "harness/base/clock.h"
#include "harness/graph/ops.h"
#include "harness/graph/random.h"
#include "harness/stages/features.h"
#include "harness/stages/stage.h"

static Clip *open_clip(const ClipBenchOptions *o, Error *err)
{
    if (o->path) return clip_open(o->path, err);
    ClipConfig config;
    if (!clip_config_of(o->arch, &config, err)) return NULL;
    config.has_text = false; /* only the image tower is measured */
    Clip *clip = clip_new(config, 1, err);
    if (clip) clip_freeze(clip);
    return clip;
}

static bool measure(const Clip *clip, Graph *g, const ClipBenchOptions *o, ClipBenchResult *r, Progress *progress,
                    Error *err)
{
    Node *pixels = input(g, "pixels", shape(o->batch, r->size, r->size, 3));
    const ImageTower tower = clip_image_tower(g, clip, pixels, POOL_POSITION_ON, o->local);
    if (!graph_compile(g, (Node *[]){tower.global, tower.local}, o->local ? 2 : 1, NULL, err)) return false;
    Random random;
    random_seed(&random, 1);
    random_normal(&random, node_data(pixels), node_bytes(pixels) / sizeof(float));

    progress_begin(progress, "image tower", o->repeats, "batches");
    graph_forward(g); /* the first run touches every page */
    if (o->print_operators) graph_time_operators(g, true);
    r->seconds = 1e30;
    for (size_t i = 0; i < o->repeats; i++) {
        const double start = seconds_now();
        graph_forward(g);
        const double seconds = seconds_now() - start;
        if (seconds < r->seconds) r->seconds = seconds;
        progress_step(progress, i + 1);
    }
    progress_end(progress);
    if (o->print_operators) graph_print_times(g);

    const GraphCost cost = graph_cost(g);
    r->flop = cost.forward_flop;
    r->peak_bytes = cost.buffer_bytes + cost.packed_bytes;
    for (size_t i = 0; i < clip->count; i++) r->peak_bytes += shape_size(clip->weights[i].shape) * sizeof(float);
    return true;
}

bool clip_bench(ClipBenchOptions o, ClipBenchResult *r, Progress *progress, Error *err)
{
    if (!o.batch) o.batch = 8;
    if (!o.repeats) o.repeats = 5;
    Clip *clip = open_clip(&o, err);
    if (!clip) return false;
    *r = (ClipBenchResult){.batch = o.batch, .size = o.size ? o.size : clip->config.image_size};
    bool good = clip->config.has_image || fail(err, "%s: the model has no image tower", clip->path);
    good = good && encode_size_check(clip, o.size, err);
    if (good) {
        Graph *g = graph_new((GraphOptions){.arithmetic = o.arithmetic});
        good = measure(clip, g, &o, r, progress, err);
        graph_free(g);
    }
    clip_free(clip);
    return good;
}
