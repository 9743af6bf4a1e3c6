/* Shards lie in a folder that is called as the stage's artifact. Each carries the stage's configuration and its own
 * place in it, by which it is known again. */
#include "harness/stages/stage_shards.h"

#include "harness/base/clock.h"
#include "harness/base/temporary.h"
#include "harness/stages/store.h"

#include <stdlib.h>
#include <string.h>

ArtifactWriter *shard_begin(const Stage *stage, const char *path, const char *config, double started, Error *err)
{
    ArtifactWriter *w = artifact_create(path, config, err);
    if (!w) return NULL;
    char *provenance = provenance_text(stage, seconds_now() - started);
    artifact_attribute_text(w, "provenance", provenance);
    free(provenance);
    return w;
}

/* Makes the shard unless it is there, whole. */
static bool make_shard(const Shards *s, const char *path, size_t first, size_t count, Error *err)
{
    char *stage = stage_config_text(s->stage), *config;
    config = xformat("{\"shard\": {\"first\": %zu, \"count\": %zu}, \"of\": %s}", first, count, stage);
    const bool good = artifact_stands(path, config) || s->make(s->context, path, config, first, count, err);
    free(stage);
    free(config);
    return good;
}

/* Caller frees. */
static char *shard_path(const Stage *stage, size_t i)
{
    return xformat("%.*s/%05zu.h5", (int)(strlen(stage->path) - strlen(".h5")), stage->path, i);
}

bool shards_stand(const Stage *stage, ShardRange range)
{
    bool stand = true;
    for (size_t i = range.first; i < range.first + range.count && stand; i++) {
        char *path = shard_path(stage, i);
        stand = store_has(path);
        free(path);
    }
    return stand;
}

bool shards_make(const Shards *s, ShardRange range, Progress *progress, TextList *paths, Error *err)
{
    char *folder = xformat("%.*s", (int)(strlen(s->stage->path) - strlen(".h5")), s->stage->path);
    bool good = temporary_folder(folder, err);
    progress_begin(progress, s->what, s->count, s->unit);
    for (size_t first = range.first * s->each, i = range.first;
         first < s->count && i - range.first < range.count && good; first += s->each, i++) {
        const size_t left = s->count - first, count = left < s->each ? left : s->each;
        char *path = shard_path(s->stage, i);
        text_list_add(paths, path);
        good = make_shard(s, path, first, count, err);
        progress_step(progress, first + count);
        free(path);
    }
    progress_end(progress);
    free(folder);
    return good;
}
