/* Latents, captions and noise of a step are drawn from a generator that its number seeds; the graph is the U-Net
 * behind CLIP's frozen text tower, which is computed in it again at every step, as captions hardly repeat. The rest is
 * pretrain_loop.c. */
#include "harness/pretrain/pretrain_denoiser.h"

#include "datasets/mini/mini_world.h"
#include "harness/diffusion/noise_schedule.h"
#include "harness/graph/random.h"
#include "harness/pretrain/mini_diffusion.h"
#include "harness/pretrain/pretrain_autoencoder.h"
#include "harness/pretrain/pretrain_batch.h"
#include "harness/stages/generator_accuracy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_CAPTIONS = 200, BATCH = 32, LATENTS = MINI_LATENT_SIDE * MINI_LATENT_SIDE * MINI_LATENT_CHANNELS };

static const double singles_at_first = 0.85, singles_at_last = 0.55, singles_span = 480000; /* images */
static const double empty_share = 0.1, full_stop_share = 0.25;
static const CaptionStyle caption_style = {.mention = 1, .photo = 0.15};

typedef struct Denoiser {
    const PretrainRun *run;
    const DenoiserInputs *in;
    Tokenizer *tokenizer;
    NoiseSchedule schedule;
    UNet *unet;
    uint64_t seed;
    Node *sample, *target, *waves, *ids;
} Denoiser;

/* ---- batches ---- */

static size_t choose_scene(const Denoiser *d, Random *random, uint64_t step, size_t i)
{
    const PretrainLatents *l = d->in->latents;
    const double at = fmin(1, (double)(step * BATCH) / singles_span);
    const double share = singles_at_first + (singles_at_last - singles_at_first) * at;
    if ((double)i < share * BATCH) return random_below(random, l->singles);
    return l->singles + random_below(random, l->count - l->singles);
}

static void write_caption(const Denoiser *d, Random *random, size_t place, int32_t *ids)
{
    const uint64_t index = (uint64_t)d->in->latents->scenes[place], seed = random_u64(random);
    const double chance = random_double(random);
    char caption[WORLD_CAPTION_MAX] = "";
    WorldScene scene;
    world_scene(&scene, WORLD_PRETRAIN, index);
    if (chance >= empty_share) world_caption(&scene, &caption_style, seed, pretrain_scene_mirrored(index), caption);
    const size_t length = strlen(caption);
    if (length && length + 1 < sizeof caption && (double)(seed >> 32) < full_stop_share * 4294967296.0)
        memcpy(caption + length, ".", 2);
    pretrain_tokens(d->tokenizer, caption, d->in->clip->config.context, ids);
}

/* One image of the batch at time t. */
static void mix(const Denoiser *d, size_t i, size_t place, size_t t, const float *noise)
{
    const float signal = sqrtf(d->schedule.signal[t]), rest = sqrtf(1 - d->schedule.signal[t]);
    const float *x = d->in->latents->values + place * LATENTS, *e = noise + i * LATENTS;
    float *sample = node_data(d->sample) + i * LATENTS, *target = node_data(d->target) + i * LATENTS;
    for (size_t k = 0; k < LATENTS; k++) {
        sample[k] = signal * x[k] + rest * e[k];
        target[k] = signal * e[k] - rest * x[k];
    }
    unet_time_waves(d->unet, (float)t, node_data(d->waves) + i * d->unet->config.channels[0]);
}

/* Draws, an image after the other: scene, caption's seed, whether it is empty; then the times' order and places within their
 * strata; then the noise. */
static void load(void *context, uint64_t step)
{
    Denoiser *d = context;
    Random random;
    size_t places[BATCH];
    int64_t order[BATCH];
    float within[BATCH], *noise = xmalloc(BATCH * LATENTS * sizeof *noise);
    random_seed(&random, mixed_bits(d->seed ^ mixed_bits(step)));
    for (size_t i = 0; i < BATCH; i++) {
        places[i] = choose_scene(d, &random, step, i);
        write_caption(d, &random, places[i], node_indices(d->ids) + i * d->in->clip->config.context);
    }
    random_permutation(&random, order, BATCH);
    random_uniform(&random, within, BATCH);
    random_normal(&random, noise, BATCH * LATENTS);
    for (size_t i = 0; i < BATCH; i++) {
        const double t = ((double)order[i] + (double)within[i]) / BATCH * (double)d->schedule.timesteps;
        mix(d, i, places[i], (size_t)t, noise);
    }
    free(noise);
}

/* ---- the graph ---- */

static void build(Denoiser *d, PretrainLoop *l)
{
    const UNet *unet = d->unet;
    const Clip *clip = d->in->clip;
    const Shape latents = shape(BATCH, MINI_LATENT_SIDE, MINI_LATENT_SIDE, MINI_LATENT_CHANNELS);
    Graph *g = l->graph = graph_new((GraphOptions){0});
    d->sample = input(g, "sample", latents);
    d->target = input(g, "target", latents);
    d->waves = input(g, "waves", shape(BATCH, unet->config.channels[0]));
    d->ids = input_indices(g, "ids", shape(BATCH, clip->config.context));

    Node *embedded = embedding(g, parameter(g, clip_weight(clip, "token_embedding.weight")), d->ids);
    Node **times = xcalloc(unet_residuals(&unet->config), sizeof(Node *));
    Node **texts = xcalloc(2 * unet_crosses(&unet->config), sizeof(Node *));
    unet_text_nodes(g, unet, clip_text_hidden(g, clip, embedded), texts);
    unet_time_nodes(g, unet, d->waves, NULL, times);
    Node *error = subtract(g, unet_node(g, unet, d->sample, times, texts), d->target);
    l->loss = l->losses[0] = mean_of_all(g, mul(g, error, error));
    free(times);
    free(texts);
}

/* The figures are those of a model as users will open it: stored, and read again. */
static bool figures(void *context, Text *line, Error *err)
{
    const Denoiser *d = context;
    const DenoiserInputs *in = d->in;
    double percent;
    char *folder = path_join(d->run->work, "preview");
    const bool good =
        mini_diffusion_save(in->clip, in->clip_folder, in->vae, d->unet, folder, true, err) &&
        generator_accuracy(folder, in->judge, pretrain_figure_images(d->run, LOG_CAPTIONS), NULL, &percent, err);
    free(folder);
    if (good) text_addf(line, "\t%.1f", percent);
    return good;
}

/* ---- all of it ---- */

static bool read_schedule(NoiseSchedule *schedule, Error *err)
{
    JsonFile *file = json_parse("the scheduler", mini_scheduler_config, strlen(mini_scheduler_config), err);
    if (!file) return false;
    const bool good = noise_schedule_read(schedule, json_root(file), true, BETAS_SCALED_LINEAR, 0.00085, 0.012, err);
    json_free(file);
    return good;
}

static bool train(Denoiser *d, PretrainLoop *l, bool *done, Error *err)
{
    if (!(d->tokenizer = tokenizer_open(d->in->clip_folder, err)) || !read_schedule(&d->schedule, err) ||
        !(d->unet = unet_new("the denoiser", mini_unet_config, d->run->seed, err)))
        return false;
    weights_freeze(&d->unet->set, false);
    mini_quiet_start(&d->unet->set);
    build(d, l);
    const OptimiserOptions adamw = {.kind = OPTIMISER_ADAMW, .beta1 = 0.9, .beta2 = 0.99, .weight_decay = 0.01};
    return pretrain_state_init(l->state, d->unet->set.weights, d->unet->set.count, adamw, true, err) &&
           pretrain_loop(l, done, err);
}

bool pretrain_denoiser(const PretrainRun *run, const DenoiserInputs *in, UNet **unet, bool *done, Error *err)
{
    Denoiser d = {.run = run, .in = in, .seed = mixed_bits(run->seed + 1)};
    PretrainState state = {0};
    PretrainLoop l = {.run = run,
                      .name = "denoiser",
                      .what = "training the denoiser",
                      .title = "v_loss\tgenerated_single_object_top1",
                      .state = &state,
                      .steps = in->images / BATCH,
                      .batch = BATCH,
                      .steps_a_log_line = 2000,
                      .peak_lr = 1e-3,
                      .warmup_steps = 200,
                      .decay_share = 0.4,
                      .gradient_limit = 1,
                      .average = 0.999,
                      .context = &d,
                      .load = load,
                      .figures = figures};
    /* Without the number of images: until the rate begins to fall, a run may be made longer. */
    l.config = xformat(
        "{\"part\":\"denoiser\",\"scenes\":%zu,\"seed\":%llu,\"world\":%d,\"clip\":\"%s\",\"config\":%s}",
        in->latents->count, (unsigned long long)run->seed, world_version, in->clip->fingerprint, mini_unet_config);
    *done = false;
    const bool good = train(&d, &l, done, err);
    graph_free(l.graph);
    pretrain_state_free(&state);
    pretrain_loop_free(&l);
    noise_schedule_free(&d.schedule);
    if (d.tokenizer) tokenizer_free(d.tokenizer);
    if (good && *done) {
        weights_freeze(&d.unet->set, true);
        *unet = d.unet;
    } else {
        unet_free(d.unet);
    }
    return good;
}
