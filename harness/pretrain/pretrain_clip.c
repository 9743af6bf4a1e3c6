/* One Trainer holds everything; setup, then steps with a log line and a checkpoint now and then, then the folder. A
 * loop of its own beside pretrain_loop.c: the rate is a cosine, the scale is clamped after each step, and the log
 * measures four forms of zero-shot on the tuning split. */
#include "harness/pretrain/pretrain_clip.h"

#include "datasets/mini/mini_world.h"
#include "harness/base/clock.h"
#include "harness/base/text.h"
#include "harness/clip/vocabulary.h"
#include "harness/graph/ops.h"
#include "harness/io/artifact.h"
#include "harness/pretrain/pretrain_batch.h"
#include "harness/pretrain/pretrain_eval.h"
#include "harness/pretrain/pretrain_loss.h"
#include "harness/pretrain/pretrain_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The recipe; what was tried beside it stands in results/pretrained/NOTES.md. */
static const size_t recipe_pairs = 480000, recipe_batch = 128, recipe_scenes = SIZE_MAX;
static const double peak_lr = 2e-3, warmup_steps = 100, weight_decay = 0.1, gradient_limit = 1;
static const double first_scale = 14, largest_scale = 100;
static const ContrastiveOptions contrast = {.local_weight = 0.4f, .local_temperature = 10, .group = 32};
enum { GLOBAL_LOSS, LOCAL_LOSS }; /* state.means */
enum { STEPS_A_LOG_LINE = 250, TUNE_IMAGES = 2000, CONTEXT = 32 };

typedef struct Trainer {
    PretrainClipOptions options;
    Tokenizer *tokenizer;
    Clip *clip;
    PretrainState state;
    PretrainBatch batch;
    Graph *graph;
    Node *pixels, *ids, *ends;
    ContrastiveLoss loss;
    Parameter *scale; /* logit_scale */
    char *config, *checkpoint, *log_path, *preview;
    Text log;
} Trainer;

static ClipConfig mini_sizes(size_t vocabulary)
{
    Preprocessing pictures = preprocessing_standard();
    memcpy(pictures.mean, (const float[3]){0.48f, 0.48f, 0.45f}, sizeof pictures.mean);
    memcpy(pictures.std, (const float[3]){0.26f, 0.26f, 0.27f}, sizeof pictures.std);
    return (ClipConfig){
        .embed = 128,
        .has_image = true,
        .has_text = true,
        .image_size = WORLD_SIZE,
        .is_resnet = true,
        .stages = 2,
        .blocks = {2, 3},
        .stem_width = 32,
        .image_width = 256,
        .image_heads = 4,
        .image_activation = ACT_QUICK_GELU,
        .layer_norm_eps = 1e-5f,
        .preprocessing = pictures,
        .text_width = 128,
        .text_heads = 4,
        .text_layers = 3,
        .text_mlp = 512,
        .context = CONTEXT,
        .vocabulary = vocabulary,
        .text_activation = ACT_QUICK_GELU,
        .text_layer_norm_eps = 1e-5f,
        .logit_scale = (float)log(first_scale),
    };
}

static void build_graph(Trainer *t)
{
    const Clip *clip = t->clip;
    const size_t batch = t->options.batch;
    Graph *g = t->graph = graph_new((GraphOptions){0});
    t->pixels = input(g, "pixels", shape(batch, WORLD_SIZE, WORLD_SIZE, 3));
    t->ids = input_indices(g, "ids", shape(batch, CONTEXT));
    t->ends = input_indices(g, "ends", shape(batch));

    const ImageTower image = clip_image_tower(g, clip, t->pixels, POOL_POSITION_GLOBAL, true);
    Node *embedded = embedding(g, parameter(g, clip_weight(clip, "token_embedding.weight")), t->ids);
    Node *at_end = gather_positions(g, clip_text_hidden(g, clip, embedded), t->ends);
    Node *factor = exponential(g, parameter(g, t->scale));
    t->loss = contrastive_loss(g, image.global, image.local, clip_text_project(g, clip, at_end), factor, contrast);
}

static void resolve_options(Trainer *t, const PretrainClipOptions *options)
{
    t->options = *options;
    if (!t->options.pairs) t->options.pairs = recipe_pairs;
    if (!t->options.batch) t->options.batch = recipe_batch;
    if (!t->options.scenes) t->options.scenes = recipe_scenes;
    if (!t->options.tune_images) t->options.tune_images = TUNE_IMAGES;
    if (!t->options.checkpoint_seconds) t->options.checkpoint_seconds = 180;
    t->config = xformat("{\"stage\":\"pretrain-clip\",\"pairs\":%zu,\"batch\":%zu,\"scenes\":\"%zu\",\"seed\":%llu,"
                        "\"world\":%d}",
                        t->options.pairs, t->options.batch, t->options.scenes, (unsigned long long)t->options.seed,
                        world_version);
    t->checkpoint = path_join(t->options.work, "checkpoint.h5");
    t->log_path = path_join(t->options.work, "training_log.tsv");
    t->preview = path_join(t->options.work, "preview");
}

static bool restore(Trainer *t, Progress *progress, Error *err)
{
    if (t->options.resume && !path_exists(t->checkpoint))
        progress_note(progress, "%s: no checkpoint yet, beginning anew", t->checkpoint);
    if (!t->options.resume || !path_exists(t->checkpoint)) {
        text_add(&t->log, "step\tpairs\tseconds\tpairs_per_second\tlearning_rate\tloss\tlocal_loss\ttemperature\t"
                          "tune_raw\ttune_normalised\ttune_local\ttune_local_normalised\n");
        return true;
    }
    char *log = NULL;
    size_t length = 0;
    if (!pretrain_state_load(&t->state, t->checkpoint, t->config, err)) return false;
    if (!read_file(t->log_path, 1 << 24, &log, &length, err)) return false;
    /* Lines written after the checkpoint will be written again. */
    size_t kept = 0;
    for (char *line = log; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
        if (line == log || strtoull(line, NULL, 10) <= t->state.step)
            kept = (size_t)((strchr(line, '\n') ? strchr(line, '\n') + 1 : line + strlen(line)) - log);
    text_add_bytes(&t->log, log, kept);
    free(log);
    progress_note(progress, "going on after step %llu", (unsigned long long)t->state.step);
    return true;
}

static bool setup(Trainer *t, Progress *progress, Error *err)
{
    if (!make_folders(t->options.work, err) || !vocabulary_write(world_words(), t->options.work, err)) return false;
    if (!(t->tokenizer = tokenizer_open(t->options.work, err))) return false;
    if (!(t->clip = clip_new(mini_sizes(tokenizer_size(t->tokenizer)), t->options.seed, err))) return false;
    t->scale = clip_weight(t->clip, "logit_scale");
    const OptimiserOptions adamw = {
        .kind = OPTIMISER_ADAMW, .beta1 = 0.9, .beta2 = 0.98, .eps = 1e-6, .weight_decay = weight_decay};
    if (!pretrain_state_init(&t->state, t->clip->weights, t->clip->count, adamw, false, err)) return false;
    build_graph(t);
    return pretrain_batch_init(&t->batch, t->options.batch, CONTEXT, err) &&
           graph_compile(t->graph, NULL, 0, t->loss.total, err) && restore(t, progress, err);
}

static uint64_t all_steps(const Trainer *t)
{
    return t->options.pairs / t->options.batch;
}

static double step_lr(const Trainer *t, uint64_t step)
{
    const double steps = (double)all_steps(t), at = (double)step;
    return peak_lr * fmin(1, (at + 1) / warmup_steps) * 0.5 * (1 + cos(M_PI * at / steps));
}

static bool train_step(Trainer *t, Error *err)
{
    PretrainState *s = &t->state;
    const ClipConfig *c = &t->clip->config;
    pretrain_batch_fill(&t->batch, s->step * t->options.batch, t->options.scenes, t->options.seed, t->tokenizer,
                        c->preprocessing.mean, c->preprocessing.std);
    memcpy(node_data(t->pixels), t->batch.pixels, node_bytes(t->pixels));
    memcpy(node_indices(t->ids), t->batch.ids, node_bytes(t->ids));
    memcpy(node_indices(t->ends), t->batch.ends, node_bytes(t->ends));
    graph_forward(t->graph);
    const double loss = *node_data(t->loss.global), local = *node_data(t->loss.local);
    if (!isfinite(loss) || !isfinite(local))
        return fail(err, "pretraining: the loss is not a number at step %llu; try another --seed",
                    (unsigned long long)s->step + 1);
    graph_backward(t->graph);
    clip_gradient_norm(s->trained, s->count, gradient_limit);
    optimiser_step(s->optimiser, step_lr(t, s->step));
    t->scale->value[0] = fminf(fmaxf(t->scale->value[0], 0), (float)log(largest_scale));
    pretrain_state_mean(s, GLOBAL_LOSS, loss);
    pretrain_state_mean(s, LOCAL_LOSS, local);
    s->step++;
    return true;
}

static bool write_log(const Trainer *t, Error *err)
{
    return write_file(t->log_path, t->log.data, t->log.length, err);
}

/* The log's figures are those of a model as users will open it: saved, read again, batch norms folded. */
static bool log_line(Trainer *t, Progress *progress, Error *err)
{
    PretrainState *s = &t->state;
    if (!clip_save(t->clip, t->preview, false, err)) return false;
    Clip *frozen = clip_open(t->preview, err);
    if (!frozen) return false;
    WorldZeroShot tune;
    const bool good = world_zero_shot(frozen, t->tokenizer, WORLD_TUNE, t->options.tune_images, &tune, err);
    clip_free(frozen);
    if (!good) return false;
    const double pairs = (double)(s->step * t->options.batch), rate = pairs / s->seconds;
    text_addf(&t->log, "%llu\t%.0f\t%.1f\t%.1f\t%.3g\t%.4f\t%.4f\t%.3f\t%.2f\t%.2f\t%.2f\t%.2f\n",
              (unsigned long long)s->step, pairs, s->seconds, rate, step_lr(t, s->step - 1), s->means[GLOBAL_LOSS],
              s->means[LOCAL_LOSS], exp((double)t->scale->value[0]), tune.raw, tune.normalised, tune.local_raw,
              tune.local_normalised);
    progress_note(
        progress,
        "step %llu: loss %.3f, local %.3f, scale %.1f; tune mAP raw %.1f, normalised %.1f, local %.1f / %.1f; "
        "%.0f pairs/s",
        (unsigned long long)s->step, s->means[GLOBAL_LOSS], s->means[LOCAL_LOSS], exp((double)t->scale->value[0]),
        tune.raw, tune.normalised, tune.local_raw, tune.local_normalised, rate);
    return write_log(t, err);
}

static uint64_t last_step(const Trainer *t)
{
    const uint64_t stop = t->options.stop_after;
    return stop && stop < all_steps(t) ? stop : all_steps(t);
}

static bool train(Trainer *t, Progress *progress, Error *err)
{
    const uint64_t steps = last_step(t);
    double saved_at = seconds_now();
    progress_begin(progress, "pretraining CLIP", t->options.pairs, "pairs");
    while (t->state.step < steps) {
        const double start = seconds_now();
        if (!train_step(t, err)) return false;
        t->state.seconds += seconds_now() - start;
        progress_step(progress, t->state.step * t->options.batch);
        const bool last = t->state.step == steps;
        if ((t->state.step % STEPS_A_LOG_LINE == 0 || last) && !log_line(t, progress, err)) return false;
        if (last || seconds_now() - saved_at > (double)t->options.checkpoint_seconds) {
            if (!write_log(t, err) || !pretrain_state_save(&t->state, t->checkpoint, t->config, err)) return false;
            saved_at = seconds_now();
        }
    }
    progress_end(progress);
    return true;
}

static bool publish(const Trainer *t, Error *err)
{
    char *log = path_join(t->options.out, "training_log.tsv");
    const bool good = make_folders(t->options.out, err) && vocabulary_write(world_words(), t->options.out, err) &&
                      clip_save(t->clip, t->options.out, true, err) && write_file(log, t->log.data, t->log.length, err);
    free(log);
    return good;
}

bool pretrain_clip(const PretrainClipOptions *options, Progress *progress, Error *err)
{
    Trainer t = {0};
    resolve_options(&t, options);
    bool good = setup(&t, progress, err) && train(&t, progress, err);
    if (good && t.state.step < all_steps(&t))
        progress_note(progress, "stopped after step %llu; go on with --resume", (unsigned long long)t.state.step);
    else
        good = good && publish(&t, err);
    graph_free(t.graph);
    pretrain_batch_free(&t.batch);
    pretrain_state_free(&t.state);
    if (t.clip) clip_free(t.clip);
    if (t.tokenizer) tokenizer_free(t.tokenizer);
    text_free(&t.log);
    free(t.config), free(t.checkpoint), free(t.log_path), free(t.preview);
    return good;
}
