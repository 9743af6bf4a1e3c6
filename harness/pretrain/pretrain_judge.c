/* The twenty logistic losses are one cross entropy over pairs of logits, not there and there, which the graph has
 * already. What is measured and stored is the folded form, batch norm inside the convolutions, as users will open
 * it. */
#include "harness/pretrain/pretrain_judge.h"

#include "harness/pretrain/pretrain_autoencoder.h"
#include "harness/pretrain/pretrain_batch.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH = 64, HELD_OUT = 1000, PIXELS = WORLD_SIZE * WORLD_SIZE * 3 };
/* The judge's scenes are not those that autoencoder and denoiser see. */
static const uint64_t first_scene = (uint64_t)1 << 32;

typedef struct Training {
    const PretrainRun *run;
    Judge *judge;
    Node *pixels, *targets;
} Training;

static void load(void *context, uint64_t step)
{
    Training *t = context;
    float *pixels = node_data(t->pixels);
    int32_t *targets = node_indices(t->targets);
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < BATCH; i++) {
        const uint64_t index = first_scene + step * BATCH + i;
        WorldScene scene;
        uint8_t labels[WORLD_CLASSES];
        pretrain_scene_pixels(index, pixels + i * PIXELS);
        world_scene(&scene, WORLD_PRETRAIN, index);
        world_labels(&scene, labels);
        for (size_t c = 0; c < WORLD_CLASSES; c++) targets[i * WORLD_CLASSES + c] = labels[c];
    }
}

/* Share (percent) of `count` held-out single-object scenes whose class has the largest logit. */
static bool judge_accuracy(const Judge *judge, size_t count, double *percent, Error *err)
{
    uint8_t *images = NULL;
    int *classes = xcalloc(count, sizeof *classes);
    float *logits = xcalloc(count * JUDGE_CLASSES, sizeof *logits);
    bool good = big_alloc(&images, count * PIXELS, 1, "pictures to judge", err);
    size_t found = 0, right = 0;
    for (uint64_t index = held_out_scene; good && found < count; index++) {
        WorldScene scene;
        world_scene(&scene, WORLD_PRETRAIN, index);
        if (scene.count != 1) continue;
        world_render(&scene, images + found * PIXELS);
        classes[found++] = scene.objects[0].class;
    }
    good = good && judge_logits(judge, images, count, logits, err);
    for (size_t i = 0; i < count && good; i++) right += judge_best(logits + i * JUDGE_CLASSES) == (size_t)classes[i];
    *percent = 100 * (double)right / (double)count;
    free(images), free(classes), free(logits);
    return good;
}

static bool figures(void *context, Text *line, Error *err)
{
    const Training *t = context;
    double percent;
    Judge *folded = judge_fold(t->judge, err);
    const bool good = folded && judge_accuracy(folded, pretrain_figure_images(t->run, HELD_OUT), &percent, err);
    judge_free(folded);
    if (good) text_addf(line, "\t%.2f", percent);
    return good;
}

static void build(Training *t, PretrainLoop *l)
{
    Graph *g = l->graph = graph_new((GraphOptions){0});
    t->pixels = input(g, "pixels", shape(BATCH, WORLD_SIZE, WORLD_SIZE, 3));
    t->targets = input_indices(g, "targets", shape(BATCH, WORLD_CLASSES));
    Node *pairs = reshape(g, judge_node(g, t->judge, t->pixels), shape(BATCH, WORLD_CLASSES, 2));
    l->loss = l->losses[0] = scale(g, cross_entropy(g, pairs, t->targets), WORLD_CLASSES);
}

bool pretrain_judge(const PretrainRun *run, size_t images, Judge **judge, bool *done, Error *err)
{
    Training t = {.run = run};
    PretrainState state = {0};
    PretrainLoop l = {.run = run,
                      .name = "judge",
                      .what = "training the judge",
                      .title = "loss\theld_out_single_object_top1",
                      .state = &state,
                      .steps = images / BATCH,
                      .batch = BATCH,
                      .steps_a_log_line = 250,
                      .peak_lr = 3e-3,
                      .warmup_steps = 100,
                      .decay_share = 1,
                      .gradient_limit = 5,
                      .context = &t,
                      .load = load,
                      .figures = figures};
    l.config = xformat("{\"part\":\"judge\",\"images\":%zu,\"seed\":%llu,\"world\":%d}", images,
                       (unsigned long long)run->seed, world_version);
    *done = false;
    bool good = (t.judge = judge_new(mixed_bits(run->seed), err)) != NULL;
    if (good) {
        const OptimiserOptions adamw = {.kind = OPTIMISER_ADAMW, .weight_decay = 0.05};
        build(&t, &l);
        good = pretrain_state_init(&state, t.judge->set.weights, t.judge->set.count, adamw, false, err) &&
               pretrain_loop(&l, done, err);
    }
    if (good && *done) good = (*judge = judge_fold(t.judge, err)) != NULL;
    graph_free(l.graph);
    pretrain_state_free(&state);
    pretrain_loop_free(&l);
    judge_free(t.judge);
    return good;
}
