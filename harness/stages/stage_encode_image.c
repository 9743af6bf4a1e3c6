/* Stage "encode-image": pictures through a frozen CLIP's image tower: a split's, generated ones, or those of one's own that take
 * the place of generated ones.
 *
 * Many pictures are cut into shards of 500 (stage_shards.h). */
#include "harness/base/clock.h"
#include "harness/experiments/protocol.h"
#include "harness/stages/describe_internal.h"
#include "harness/stages/features.h"
#include "harness/stages/stage_pictures.h"
#include "harness/stages/stage_shards.h"

#include <stdlib.h>

enum { SHARD = 500 };

typedef struct Part { /* pictures first .. first + count - 1 */
    Pictures *pictures;
    size_t first;
} Part;

static bool load(void *context, size_t i, Image *image, Error *err)
{
    const Part *p = context;
    return pictures_load(p->pictures, p->first + i, image, err);
}

typedef struct Work {
    Session *session;
    const Stage *stage;
    const EncodeImageParameters *p;
    Pictures pictures;
    double started;
} Work;

static bool encode(Work *k, size_t first, size_t count, ImageFeatures *f, Error *err)
{
    Part part = {&k->pictures, first};
    ProgressPart progress = progress_part(k->session->progress, first, count);
    const ImageSource source = {count, load, &part};
    EncodeOptions options = k->p->encode;
    options.arithmetic = k->stage->arithmetic;
    return clip_encode_images(k->p->model->clip, &source, options, f, &progress.base, err);
}

static const LeftOut *left_out_of(const EncodeImageParameters *p)
{
    static const LeftOut none;
    return p->split ? &p->split->left_out : p->own ? &p->own->left_out : &none;
}

static bool whole(Work *k, Error *err)
{
    ImageFeatures f = {0};
    StageWriter w;
    progress_begin(k->session->progress, "encoding images", k->pictures.count, "images");
    bool good = encode(k, 0, k->pictures.count, &f, err);
    progress_end(k->session->progress);
    if (!good) return false;
    good = stage_begin(&w, k->stage, k->started, err);
    if (good) {
        image_features_put(w.artifact, &f, (const char *const *)k->pictures.names, k->p->half);
        left_out_put(w.artifact, left_out_of(k->p));
        good = stage_finish(&w, err);
    }
    image_features_free(&f);
    return good;
}

static bool make_shard(void *context, const char *path, const char *config, size_t first, size_t count, Error *err)
{
    Work *k = context;
    ImageFeatures f = {0};
    const double started = seconds_now();
    ArtifactWriter *w = encode(k, first, count, &f, err) ? shard_begin(k->stage, path, config, started, err) : NULL;
    if (w) image_features_put(w, &f, (const char *const *)k->pictures.names + first, k->p->half);
    image_features_free(&f);
    return w && artifact_commit(w, err);
}

/* The grid is every shard's; it is taken from the first. */
static bool put_grid(ArtifactWriter *w, const char *shard, Error *err)
{
    ArtifactReader *r = artifact_open(shard, err);
    if (!r) return false;
    int32_t *grid = NULL;
    size_t dim[1] = {2};
    const bool good = artifact_read_int32(r, "grid", 1, dim, &grid, err);
    artifact_close(r);
    if (good) artifact_write_int32(w, "grid", 1, dim, grid);
    free(grid);
    return good;
}

static bool join(const Work *k, const TextList *paths, Error *err)
{
    static const char *const with_local[] = {"global", "local", "files", NULL}, *const without[] = {"global", "files",
                                                                                                    NULL};
    const char *const *shards = (const char *const *)paths->items;
    StageWriter w;
    if (!stage_begin(&w, k->stage, k->started, err)) return false;
    if (artifact_write_joined(w.artifact, shards, paths->count, k->p->encode.want_local ? with_local : without, err) &&
        put_grid(w.artifact, shards[0], err)) {
        left_out_put(w.artifact, left_out_of(k->p));
        return stage_finish(&w, err);
    }
    artifact_abandon(w.artifact);
    return false;
}

static bool sharded(Work *k, const ShardRange *part, Error *err)
{
    const Shards shards = {k->stage, k->pictures.count, SHARD, "encoding images", "images", make_shard, k};
    TextList paths = {0};
    const bool good = shards_make(&shards, part ? *part : ALL_SHARDS, k->session->progress, &paths, err) &&
                      (part || join(k, &paths, err));
    text_list_free(&paths);
    return good;
}

static void describe(const Stage *s, cJSON *config)
{
    const EncodeImageParameters *p = s->parameters;
    cJSON_AddStringToObject(config, "dataset", dataset_name(p->dataset));
    describe_clip(p->model, config);
    preprocessing_describe(config, &p->pictures);
    cJSON_AddStringToObject(config, "pool_position", position_word(p->encode.position));
    describe_local(p->encode.want_local, p->half, config);
    if (p->encode.tiles) cJSON_AddNumberToObject(config, "tiles", (double)p->encode.tiles);
    if (p->split) {
        cJSON_AddStringToObject(config, "split", split_word(p->split_name));
        cJSON_AddStringToObject(config, "images", p->split->fingerprint);
    }
    if (p->own) cJSON_AddStringToObject(config, "images", p->own->fingerprint);
}

/* All of it, or only some shards, if there are any. */
static bool work(Session *session, const Stage *s, const ShardRange *part, Error *err)
{
    Work k = {.session = session, .stage = s, .p = s->parameters, .started = seconds_now()};
    if (!encode_size_check(k.p->model->clip, k.p->encode.size, err)) return false;
    bool good = pictures_open(&k.pictures, s, err);
    if (good && k.pictures.count > SHARD)
        good = sharded(&k, part, err);
    else if (good && !part)
        good = whole(&k, err);
    pictures_close(&k.pictures);
    return good;
}

static bool make(Session *session, const Stage *s, Error *err)
{
    return work(session, s, NULL, err);
}

static size_t shard_count(const Stage *s, size_t pictures)
{
    (void)s;
    return pictures > SHARD ? (pictures + SHARD - 1) / SHARD : 1;
}

static bool make_shards(Session *session, const Stage *s, ShardRange range, Error *err)
{
    return work(session, s, &range, err);
}

static bool shards_are_there(Session *session, const Stage *s, ShardRange range)
{
    (void)session;
    return shards_stand(s, range);
}

static const StageShards shards_of_pictures = {shard_count, make_shards, shards_are_there};

const StageKind stage_encode_image = {.name = "encode-image",
                                      .version = 1,
                                      .parameters = sizeof(EncodeImageParameters),
                                      .describe = describe,
                                      .make = make,
                                      .shards = &shards_of_pictures};
