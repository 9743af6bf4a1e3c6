/* Builds the loss as a graph, leaves the steps to pretrain_loop.c, and afterwards moves the latents to mean 0 and
 * variance 1 by changing the two 1x1 convolutions around them: the model that is stored computes what was trained, in
 * other units, and no scaling factor is left to be forgotten. */
#include "harness/pretrain/pretrain_autoencoder.h"

#include "harness/graph/random.h"
#include "harness/pretrain/mini_diffusion.h"
#include "harness/pretrain/pretrain_batch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 16, PIXELS = WORLD_SIZE * WORLD_SIZE * 3, HELD_OUT = 400, STATISTICS = 2000, EVALUATE = 100 };
enum { LATENT_SIDE = MINI_LATENT_SIDE, CHANNELS = MINI_LATENT_CHANNELS };
enum { LATENTS = LATENT_SIDE * LATENT_SIDE * CHANNELS };

static const float l1_weight = 0.5f, l2_weight = 2, kl_weight = 1e-3f;
static const float least_logvar = -12, largest_logvar = 6;

const uint64_t held_out_scene = (uint64_t)1 << 40;

bool pretrain_scene_mirrored(uint64_t index)
{
    return mixed_bits(index) & 1;
}

void pretrain_scene_pixels(uint64_t index, float *pixels)
{
    static const float middle[3] = {0.5f, 0.5f, 0.5f};
    WorldScene scene;
    world_scene(&scene, WORLD_PRETRAIN, index);
    pretrain_picture(&scene, pretrain_scene_mirrored(index), middle, middle, pixels);
}

static void scenes(uint64_t first, size_t count, float *pixels)
{
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < count; i++) pretrain_scene_pixels(first + i, pixels + i * PIXELS);
}

/* ---- the graph ---- */

typedef struct Autoencoder {
    const PretrainRun *run;
    uint64_t seed;
    Vae *vae;
    Node *pixels, *noise;
} Autoencoder;

static Node *mean_of_squares(Graph *g, Node *x)
{
    return mean_of_all(g, mul(g, x, x));
}

static void build(Autoencoder *a, PretrainLoop *l)
{
    Graph *g = l->graph = graph_new((GraphOptions){0});
    a->pixels = input(g, "pixels", shape(BATCH, WORLD_SIZE, WORLD_SIZE, 3));
    a->noise = input(g, "noise", shape(BATCH, LATENT_SIDE, LATENT_SIDE, CHANNELS));
    Node *moments = vae_encoder_node(g, a->vae, a->pixels);
    Node *mean = slice(g, moments, 3, 0, CHANNELS);
    Node *logvar = clamp(g, slice(g, moments, 3, CHANNELS, CHANNELS), least_logvar, largest_logvar);
    Node *latents = add(g, mean, mul(g, a->noise, exponential(g, scale(g, logvar, 0.5f))));
    Node *error = subtract(g, vae_decoder_node(g, a->vae, latents), a->pixels);

    Node *l1 = mean_of_all(g, add(g, relu(g, error), relu(g, scale(g, error, -1))));
    Node *l2 = mean_of_squares(g, error);
    Node *spread = mean_of_all(g, subtract(g, exponential(g, logvar), logvar));
    Node *kl = scale(g, add(g, add(g, mean_of_squares(g, mean), spread), constant_scalar(g, -1)), 0.5f);
    l->loss = add(g, add(g, scale(g, l1, l1_weight), scale(g, l2, l2_weight)), scale(g, kl, kl_weight));
    l->losses[0] = l->loss, l->losses[1] = l2, l->losses[2] = kl;
}

static void load(void *context, uint64_t step)
{
    Autoencoder *a = context;
    Random random;
    scenes(step * BATCH, BATCH, node_data(a->pixels));
    random_seed(&random, mixed_bits(a->seed ^ mixed_bits(step)));
    random_normal(&random, node_data(a->noise), BATCH * LATENTS);
}

/* ---- figures ---- */

/* Mean over `images` held-out scenes of 10 log10(4 / mean squared error), the picture rebuilt from its latents' means. */
static bool autoencoder_psnr(const Vae *vae, size_t images, double *psnr, Error *err)
{
    VaeRunner *encoder = vae_encoder_new(vae, 1, LATENT_SIDE, LATENT_SIDE, (GraphOptions){0}, err);
    VaeRunner *decoder = encoder ? vae_decoder_new(vae, 1, LATENT_SIDE, LATENT_SIDE, (GraphOptions){0}, err) : NULL;
    float *last = xmalloc(3 * PIXELS * sizeof *last), *first = last + PIXELS, *again = first + PIXELS;
    float mean[LATENTS], logvar[LATENTS];
    double sum = 0;
    for (size_t i = 0; i < images && decoder; i++) {
        double error = 0;
        pretrain_scene_pixels(held_out_scene + i, last);
        to_channels_first(last, 1, 3, WORLD_SIZE * WORLD_SIZE, first);
        vae_encode(encoder, first, mean, logvar);
        vae_decode(decoder, mean, again);
        for (size_t k = 0; k < PIXELS; k++) {
            const double d = (double)fminf(fmaxf(again[k], -1), 1) - (double)first[k];
            error += d * d / PIXELS;
        }
        sum += 10 * log10(4 / error);
    }
    *psnr = sum / (double)images;
    free(last);
    const bool good = decoder != NULL;
    vae_runner_free(encoder);
    vae_runner_free(decoder);
    return good;
}

static bool figures(void *context, Text *line, Error *err)
{
    const Autoencoder *a = context;
    double psnr;
    if (!autoencoder_psnr(a->vae, pretrain_figure_images(a->run, HELD_OUT), &psnr, err)) return false;
    text_addf(line, "\t%.2f", psnr);
    return true;
}

/* ---- latents of mean 0 and variance 1 ---- */

static bool latent_moments(const Vae *vae, size_t images, double mean[CHANNELS], double deviation[CHANNELS], Error *err)
{
    VaeRunner *encoder = vae_encoder_new(vae, 1, LATENT_SIDE, LATENT_SIDE, (GraphOptions){0}, err);
    if (!encoder) return false;
    float *last = xmalloc(2 * PIXELS * sizeof *last), *first = last + PIXELS, latents[LATENTS], logvar[LATENTS];
    double sum[CHANNELS] = {0}, squares[CHANNELS] = {0};
    const size_t plane = LATENT_SIDE * LATENT_SIDE;
    for (size_t i = 0; i < images; i++) {
        pretrain_scene_pixels(i, last);
        to_channels_first(last, 1, 3, WORLD_SIZE * WORLD_SIZE, first);
        vae_encode(encoder, first, latents, logvar);
        for (size_t k = 0; k < LATENTS; k++) {
            const double value = (double)latents[k];
            sum[k / plane] += value, squares[k / plane] += value * value;
        }
    }
    for (size_t c = 0; c < CHANNELS; c++) {
        const double n = (double)(images * plane);
        mean[c] = sum[c] / n;
        deviation[c] = sqrt(squares[c] / n - mean[c] * mean[c]);
    }
    free(last);
    vae_runner_free(encoder);
    return true;
}

/* Encoder: (W h + b - mean) / deviation, and the logarithm of the variance less 2 ln deviation. Decoder: W (deviation z + mean) + b. */
static void fold(Vae *vae, const double mean[CHANNELS], const double deviation[CHANNELS])
{
    float *out = weights_find(&vae->set, "quant_conv.weight")->value;
    float *out_bias = weights_find(&vae->set, "quant_conv.bias")->value;
    float *in = weights_find(&vae->set, "post_quant_conv.weight")->value;
    float *in_bias = weights_find(&vae->set, "post_quant_conv.bias")->value;
    for (size_t c = 0; c < CHANNELS; c++) {
        const float m = (float)mean[c], s = (float)deviation[c];
        for (size_t k = 0; k < 2 * CHANNELS; k++) out[c * 2 * CHANNELS + k] /= s;
        out_bias[c] = (out_bias[c] - m) / s;
        out_bias[CHANNELS + c] -= 2 * logf(s);
        for (size_t k = 0; k < CHANNELS; k++) {
            float *weight = &in[k * CHANNELS + c];
            in_bias[k] += *weight * m;
            *weight *= s;
        }
    }
}

static bool finish(const PretrainRun *run, Vae *vae, size_t images, Error *err)
{
    double mean[CHANNELS], deviation[CHANNELS];
    char *folder = path_join(run->work, "vae");
    weights_freeze(&vae->set, true);
    bool good = latent_moments(vae, images < STATISTICS ? images : STATISTICS, mean, deviation, err);
    if (good) fold(vae, mean, deviation);
    good = good && vae_save(vae, mini_vae_config, folder, false, err);
    free(folder);
    return good;
}

/* ---- all of it ---- */

bool pretrain_autoencoder(const PretrainRun *run, size_t images, Vae **vae, bool *done, Error *err)
{
    Autoencoder a = {.run = run, .seed = mixed_bits(run->seed)};
    PretrainState state = {0};
    PretrainLoop l = {.run = run,
                      .name = "autoencoder",
                      .what = "training the autoencoder",
                      .title = "loss\tmean_square_error\tkl\tpsnr",
                      .state = &state,
                      .steps = images / BATCH,
                      .batch = BATCH,
                      .steps_a_log_line = 500,
                      .peak_lr = 2e-3,
                      .warmup_steps = 50,
                      .decay_share = 0.6,
                      .gradient_limit = 0.5,
                      .average = 0.995,
                      .context = &a,
                      .load = load,
                      .figures = figures};
    l.config = xformat("{\"part\":\"autoencoder\",\"images\":%zu,\"seed\":%llu,\"world\":%d,\"config\":%s}", images,
                       (unsigned long long)run->seed, world_version, mini_vae_config);
    *done = false;
    bool good = (a.vae = vae_new("the autoencoder", mini_vae_config, run->seed, err)) != NULL;
    if (good) {
        weights_freeze(&a.vae->set, false);
        mini_quiet_start(&a.vae->set);
        const OptimiserOptions adam = {.kind = OPTIMISER_ADAM, .beta1 = 0.9, .beta2 = 0.99};
        good = pretrain_state_init(&state, a.vae->set.weights, a.vae->set.count, adam, true, err);
        build(&a, &l);
        good = good && pretrain_loop(&l, done, err);
    }
    graph_free(l.graph);
    pretrain_state_free(&state);
    pretrain_loop_free(&l);
    good = good && (!*done || finish(run, a.vae, images, err));
    if (good && *done)
        *vae = a.vae;
    else
        vae_free(a.vae);
    return good;
}
