/* Pictures as HDF5: shards, and the file they are put together into. */
#include "harness/base/temporary.h"
#include "harness/diffusion/generate_internal.h"
#include "harness/io/json.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SHARD_PIXELS = 1 << 18 };
static const size_t copied_bytes = (size_t)2 << 30; /* more stays in shards */

const char *const generate_joined[] = {"images", "captions", "seeds", NULL};

/* ---- what stands in a file ---- */

static char *size_text(const Pipeline *p)
{
    return xformat("%zux%zu", pipeline_width(p), pipeline_height(p));
}

/* Everything that decides the bits of pictures first ... first + count - 1. NULL on failure; caller frees. */
static char *describe_part(const Pipeline *p, const PictureList *list, size_t first, size_t count, Error *err)
{
    const DrawSettings *s = pipeline_settings(p);
    char model[65], part[65];
    if (!pipeline_fingerprint(p, model, err)) return NULL;
    list_hash(p, list, first, count, part);
    char *size = size_text(p);
    cJSON *root = cJSON_CreateObject(), *draw = cJSON_AddObjectToObject(root, "draw");
    cJSON_AddStringToObject(draw, "model_hash", model);
    cJSON_AddStringToObject(draw, "scheduler", pipeline_scheduler(p));
    cJSON_AddNumberToObject(draw, "steps", (double)s->steps);
    cJSON_AddNumberToObject(draw, "guidance", (double)s->guidance);
    cJSON_AddStringToObject(draw, "negative", s->negative);
    cJSON_AddStringToObject(draw, "size", size);
    cJSON_AddNumberToObject(draw, "batch", (double)s->batch);
    arithmetic_describe(s->graph.arithmetic, ARITHMETIC_ALL, draw);
    cJSON_AddBoolToObject(draw, "noise_given", list->noise != NULL);
    cJSON_AddStringToObject(root, "list", part);
    cJSON_AddNumberToObject(root, "first", (double)first);
    cJSON_AddNumberToObject(root, "count", (double)count);
    char *text = json_canonical(root);
    cJSON_Delete(root);
    free(size);
    return text;
}

bool generate_describe(const Pipeline *p, const PictureList *list, ArtifactWriter *w, Error *err)
{
    const DrawSettings *s = pipeline_settings(p);
    char model[65];
    if (!pipeline_fingerprint(p, model, err)) return false;
    char *size = size_text(p);
    artifact_attribute_text(w, "model_hash", model);
    artifact_attribute_text(w, "scheduler", pipeline_scheduler(p));
    artifact_attribute_integer(w, "steps", (int64_t)s->steps);
    artifact_attribute_number(w, "guidance", (double)s->guidance);
    artifact_attribute_text(w, "negative", s->negative);
    artifact_attribute_text(w, "size", size);
    free(size);
    if (!list->class_count) return true;
    artifact_write_int8(w, "labels", 2, (const size_t[]){list->count, list->class_count}, list->labels);
    artifact_write_texts(w, "classes", list->class_count, list->classes);
    return true;
}

static void put_pictures(const Pipeline *p, const PictureList *list, size_t first, size_t count, const uint8_t *images,
                         ArtifactWriter *w)
{
    const size_t dim[4] = {count, pipeline_height(p), pipeline_width(p), 3};
    artifact_write_bytes(w, "images", 4, dim, images);
    artifact_write_texts(w, "captions", count, list->captions + first);
    artifact_write_uint64(w, "seeds", 1, dim, list->seeds + first);
}

/* ---- shards ---- */

typedef struct Shard {
    size_t first, count;
    char *path, *config;
    bool kept;
} Shard;

static bool draw_shard(Drawing *d, const Shard *shard, uint8_t *images, Error *err)
{
    Pipeline *p = d->pipeline;
    const size_t batch = pipeline_settings(p)->batch;
    for (size_t at = 0; at < shard->count; at += batch)
        if (!drawing_batch(d, shard->first + at, least(batch, shard->count - at), images + at * picture_bytes(p), err))
            return false;
    ArtifactWriter *w = artifact_create(shard->path, shard->config, err);
    if (!w) return false;
    put_pictures(p, d->list, shard->first, shard->count, images, w);
    if (generate_describe(p, &(PictureList){.count = shard->count}, w, err)) return artifact_commit(w, err);
    artifact_abandon(w);
    return false;
}

/* Whole batches, a quarter of a million pixels or so: little is lost when the program is killed. */
static size_t shard_size(const Pipeline *p)
{
    const size_t batch = pipeline_settings(p)->batch;
    const size_t batches = SHARD_PIXELS / (pipeline_width(p) * pipeline_height(p) * batch);
    return batch * (batches ? batches : 1);
}

static bool plan_shards(const Pipeline *p, const PictureList *list, const char *folder, Shard *shards, size_t count,
                        Error *err)
{
    const size_t size = shard_size(p);
    for (size_t i = 0; i < count; i++) {
        Shard *s = &shards[i];
        *s = (Shard){.first = i * size, .count = least(size, list->count - i * size)};
        s->path = xformat("%s/%05zu.h5", folder, i);
        s->config = describe_part(p, list, s->first, s->count, err);
        if (!s->config) return false;
        s->kept = artifact_stands(s->path, s->config);
    }
    return true;
}

static bool draw_missing(Pipeline *p, const PictureList *list, const Shard *shards, size_t count, Progress *progress,
                         Error *err)
{
    const size_t batch = pipeline_settings(p)->batch;
    size_t batches = 0, kept = 0;
    for (size_t i = 0; i < count; i++)
        if (shards[i].kept)
            kept += shards[i].count;
        else
            batches += (shards[i].count + batch - 1) / batch;
    if (kept) progress_note(progress, "%zu of %zu pictures are there already", kept, list->count);
    uint8_t *images;
    if (!big_alloc(&images, shards[0].count, picture_bytes(p), "the pictures of a shard", err)) return false;
    Drawing d;
    bool good = true;
    drawing_begin(&d, p, list, batches, progress);
    for (size_t i = 0; i < count && good; i++) good = shards[i].kept || draw_shard(&d, &shards[i], images, err);
    drawing_end(&d);
    free(images);
    return good;
}

bool generate_shards(Pipeline *p, const PictureList *list, const char *folder, TextList *paths, Progress *progress,
                     Error *err)
{
    if (!list->count) return fail_usage(err, "there is no caption to draw");
    const size_t size = shard_size(p), count = (list->count + size - 1) / size;
    Shard *shards = xcalloc(count, sizeof *shards);
    bool good = temporary_folder(folder, err);
    good =
        good && plan_shards(p, list, folder, shards, count, err) && draw_missing(p, list, shards, count, progress, err);
    for (size_t i = 0; i < count; i++) {
        if (good) text_list_add(paths, shards[i].path);
        free(shards[i].path);
        free(shards[i].config);
    }
    free(shards);
    if (!good) rmdir(folder); /* if nothing was drawn into it */
    return good;
}

bool generate_shards_stand(const char *folder, size_t count)
{
    size_t found = 0;
    bool good = true;
    for (size_t i = 0; good && found < count; i++) {
        Error unused; /* what cannot be read is made again */
        ArtifactShape s = {0};
        char *path = xformat("%s/%05zu.h5", folder, i);
        ArtifactReader *r = path_exists(path) ? artifact_open(path, &unused) : NULL;
        good = r && artifact_shape(r, "images", &s, &unused) && s.rank == 4 && s.dim[0];
        if (good) found += s.dim[0];
        artifact_close(r);
        free(path);
    }
    return good && found == count;
}

/* ---- one file ---- */

static bool collect(const Pipeline *p, const TextList *paths, uint8_t *images, Error *err)
{
    for (size_t i = 0; i < paths->count; i++) {
        size_t dim[4] = {0, pipeline_height(p), pipeline_width(p), 3};
        uint8_t *part;
        ArtifactReader *r = artifact_open(paths->items[i], err);
        const bool good = r && artifact_read_bytes(r, "images", 4, dim, &part, err);
        artifact_close(r);
        if (!good) return false;
        memcpy(images, part, dim[0] * picture_bytes(p));
        images += dim[0] * picture_bytes(p);
        free(part);
    }
    return true;
}

static bool put_together(const Pipeline *p, const PictureList *list, const TextList *paths, bool copied,
                         ArtifactWriter *w, Error *err)
{
    if (!copied)
        return artifact_write_joined(w, (const char *const *)paths->items, paths->count, generate_joined, err) &&
               generate_describe(p, list, w, err);
    uint8_t *images;
    if (!big_alloc(&images, list->count, picture_bytes(p), "the pictures", err)) return false;
    const bool good = collect(p, paths, images, err) && generate_describe(p, list, w, err);
    if (good) put_pictures(p, list, 0, list->count, images, w);
    free(images);
    return good;
}

static void remove_shards(const char *folder, const TextList *paths)
{
    for (size_t i = 0; i < paths->count; i++) unlink(paths->items[i]);
    rmdir(folder);
}

static bool make_file(Pipeline *p, const PictureList *list, const char *path, const char *config, Progress *progress,
                      Error *err)
{
    char *folder = xformat("%s.shards", path);
    TextList paths = {0};
    const bool copied = picture_bytes(p) <= copied_bytes / list->count;
    bool good = generate_shards(p, list, folder, &paths, progress, err);
    if (good) {
        ArtifactWriter *w = artifact_create(path, config, err);
        good = w && put_together(p, list, &paths, copied, w, err);
        if (good)
            good = artifact_commit(w, err);
        else
            artifact_abandon(w);
    }
    if (good && copied) remove_shards(folder, &paths);
    if (good && !copied) progress_note(progress, "%s: the pictures stand in %s; move both together", path, folder);
    text_list_free(&paths);
    free(folder);
    return good;
}

bool generate_artifact(Pipeline *p, const PictureList *list, const char *path, Progress *progress, Error *err)
{
    if (!list->count) return fail_usage(err, "there is no caption to draw");
    if (path_is_folder(path)) return fail_usage(err, "%s: is a folder, a file is needed", path);
    char *config = describe_part(p, list, 0, list->count, err);
    bool good = config != NULL;
    if (good && artifact_stands(path, config))
        progress_note(progress, "%s: all %zu pictures are there", path, list->count);
    else
        good = good && make_file(p, list, path, config, progress, err);
    free(config);
    return good;
}
