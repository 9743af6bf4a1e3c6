/* Scenes with a single object come first, then the others, so that drawing from either kind is a range of places. The
 * file of latents says by hash of which autoencoder it is; one of another is made again without asking. */
#include "harness/pretrain/pretrain_latents.h"

#include "datasets/mini/mini_world.h"
#include "harness/base/hash.h"
#include "harness/io/artifact.h"
#include "harness/pretrain/mini_diffusion.h"
#include "harness/pretrain/pretrain_autoencoder.h"

#include <stdlib.h>
#include <string.h>

enum { PIXELS = WORLD_SIZE * WORLD_SIZE * 3, BATCH = 16 };
enum { LATENTS = MINI_LATENT_SIDE * MINI_LATENT_SIDE * MINI_LATENT_CHANNELS };
static const double single_share = 0.6;

static char *config_of(const Vae *vae, size_t count)
{
    char hex[65];
    Hash *hash = hash_new();
    for (size_t i = 0; i < vae->set.count; i++) {
        const Parameter *p = &vae->set.weights[i];
        hash_add(hash, p->value, shape_size(p->shape) * sizeof *p->value);
    }
    hash_finish(hash, hex);
    return xformat("{\"part\":\"latents\",\"scenes\":%zu,\"world\":%d,\"autoencoder\":\"%s\"}", count, world_version,
                   hex);
}

static void choose_scenes(PretrainLatents *l)
{
    size_t one = 0, more = l->singles;
    for (uint64_t index = 0; one < l->singles || more < l->count; index++) {
        WorldScene scene;
        world_scene(&scene, WORLD_PRETRAIN, index);
        if (scene.count == 1 && one < l->singles) l->scenes[one++] = (int64_t)index;
        if (scene.count > 1 && more < l->count) l->scenes[more++] = (int64_t)index;
    }
}

static void encode_batch(VaeRunner *encoder, const PretrainLatents *l, size_t first, size_t n, float *work)
{
    const size_t area = WORLD_SIZE * WORLD_SIZE, plane = MINI_LATENT_SIDE * MINI_LATENT_SIDE;
    float *last = work, *pictures = last + BATCH * PIXELS, *mean = pictures + BATCH * PIXELS;
    float *logvar = mean + BATCH * LATENTS;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++) pretrain_scene_pixels((uint64_t)l->scenes[first + i], last + i * PIXELS);
    to_channels_first(last, n, 3, area, pictures);
    vae_encode(encoder, pictures, mean, logvar);
    to_channels_last(mean, n, MINI_LATENT_CHANNELS, plane, l->values + first * LATENTS);
}

static bool compute(const PretrainRun *run, const Vae *vae, PretrainLatents *l, Error *err)
{
    VaeRunner *encoder = vae_encoder_new(vae, BATCH, MINI_LATENT_SIDE, MINI_LATENT_SIDE, (GraphOptions){0}, err);
    if (!encoder) return false;
    float *work = xcalloc((size_t)BATCH * 2 * (PIXELS + LATENTS), sizeof *work);
    choose_scenes(l);
    progress_begin(run->progress, "encoding scenes", l->count, "scenes");
    for (size_t i = 0; i < l->count; i += BATCH) {
        encode_batch(encoder, l, i, l->count - i < BATCH ? l->count - i : BATCH, work);
        progress_step(run->progress, i);
    }
    progress_end(run->progress);
    free(work);
    vae_runner_free(encoder);
    return true;
}

static bool store(const PretrainLatents *l, const char *path, const char *config, Error *err)
{
    ArtifactWriter *w = artifact_create(path, config, err);
    if (!w) return false;
    artifact_write_int64(w, "scenes", 1, &l->count, l->scenes);
    artifact_write_floats(w, "latents", 2, (size_t[]){l->count, LATENTS}, l->values);
    return artifact_commit(w, err);
}

/* *same false: the file holds something else, and is to be made again. */
static bool load(PretrainLatents *l, const char *path, const char *config, bool *same, Error *err)
{
    ArtifactReader *r = artifact_open(path, err);
    char *made_with = NULL;
    if (!r) return false;
    size_t dim[2] = {l->count, LATENTS};
    bool good = artifact_attribute_get_text(r, "config", &made_with, err);
    *same = good && !strcmp(made_with, config);
    if (*same)
        good = artifact_read_int64(r, "scenes", 1, dim, &l->scenes, err) &&
               artifact_read_floats(r, "latents", 2, dim, &l->values, err);
    free(made_with);
    artifact_close(r);
    return good;
}

bool pretrain_latents(const PretrainRun *run, const Vae *vae, size_t count, PretrainLatents *l, Error *err)
{
    *l = (PretrainLatents){.singles = (size_t)((double)count * single_share), .count = count};
    char *path = path_join(run->work, "latents.h5"), *config = config_of(vae, count);
    bool same = false, good = true;
    if (path_exists(path)) good = load(l, path, config, &same, err);
    if (good && !same)
        good = big_alloc(&l->scenes, count, sizeof *l->scenes, "scenes", err) &&
               big_alloc(&l->values, count * LATENTS, sizeof *l->values, "latents", err) && compute(run, vae, l, err) &&
               store(l, path, config, err);
    free(path);
    free(config);
    if (!good) pretrain_latents_free(l);
    return good;
}

void pretrain_latents_free(PretrainLatents *l)
{
    free(l->scenes);
    free(l->values);
    *l = (PretrainLatents){0};
}
