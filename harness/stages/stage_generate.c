/* Stage "generate": pictures drawn from the chosen captions. Picture i of caption j of K each has seed S + j K + i.
 * Shards of 125 pictures stand in STORE/generate/shards/ under the hash of what is in them (model, settings, captions, seeds), so that
 * one belongs to every experiment that draws the same, and a killed run goes on with the first one that is missing; an HDF5 virtual
 * data set joins them (layout: results/README.md). */
#include "harness/base/clock.h"
#include "harness/base/hash.h"
#include "harness/diffusion/generate.h"
#include "harness/stages/stage_kinds.h"
#include "harness/stages/store.h"

#include <stdlib.h>
#include <string.h>

typedef struct Work {
    Session *session;
    const Stage *stage;
    const GenerateParameters *p;
    Pipeline *pipeline;
    TextList texts, classes; /* of the chosen captions */
    PictureList list;
    const char **captions; /* [list.count] */
    uint64_t *seeds;
    int8_t *labels;
} Work;

/* ---- the list ---- */

static bool read_chosen(Work *k, uint8_t **named, Error *err)
{
    ArtifactReader *r = artifact_open(stage_input(k->stage, ROLE_CHOSEN)->path, err);
    if (!r) return false;
    bool good = artifact_read_texts(r, "texts", &k->texts, err) && artifact_read_texts(r, "classes", &k->classes, err);
    size_t dim[2] = {k->texts.count, k->classes.count};
    good = good && artifact_read_bytes(r, "labels", 2, dim, named, err);
    artifact_close(r);
    return good;
}

static bool make_list(Work *k, Error *err)
{
    const size_t each = k->p->images_per_caption;
    uint8_t *named = NULL;
    if (!read_chosen(k, &named, err)) return false;
    const size_t count = k->texts.count * each, classes = k->classes.count;
    const bool good = big_alloc(&k->captions, count, sizeof *k->captions, "the list of pictures", err) &&
                      big_alloc(&k->seeds, count, sizeof *k->seeds, "the list of pictures", err) &&
                      big_alloc(&k->labels, count, classes, "labels", err);
    for (size_t i = 0; good && i < count; i++) {
        const uint8_t *row = named + i / each * classes;
        k->captions[i] = k->texts.items[i / each];
        k->seeds[i] = k->p->generator.seed + i;
        for (size_t c = 0; c < classes; c++) k->labels[i * classes + c] = row[c] ? 1 : -1;
    }
    free(named);
    k->list = (PictureList){.count = count,
                            .captions = k->captions,
                            .seeds = k->seeds,
                            .class_count = classes,
                            .classes = (const char *const *)k->classes.items,
                            .labels = k->labels};
    return good;
}

/* ---- shards ---- */

/* STORE/generate/shards/HASH. Caller frees. */
static char *shard_folder(const Work *k, const PictureList *part)
{
    cJSON *config = cJSON_CreateObject();
    char hex[65];
    generator_describe(&k->p->generator, config);
    arithmetic_describe(k->stage->arithmetic, k->stage->kind->arithmetic, config);
    cJSON_AddNumberToObject(config, "version", k->stage->kind->version);
    char *text = json_canonical(config);
    Hash *hash = hash_new();
    hash_add_text(hash, text);
    for (size_t i = 0; i < part->count; i++) {
        hash_add_text(hash, part->captions[i]);
        hash_add(hash, &part->seeds[i], sizeof part->seeds[i]);
    }
    hash_finish(hash, hex);
    cJSON_Delete(config);
    free(text);
    return xformat("%s/%s/shards/%.32s", k->session->store, k->stage->kind->name, hex);
}

/* Shard i of the list; count 0 beyond its end. */
static PictureList part_of(const PictureList *all, size_t i)
{
    if (i >= (all->count + GENERATOR_SHARD - 1) / GENERATOR_SHARD) return (PictureList){0};
    const size_t first = i * GENERATOR_SHARD, left = all->count - first;
    return (PictureList){.count = left < GENERATOR_SHARD ? left : GENERATOR_SHARD,
                         .captions = all->captions + first,
                         .seeds = all->seeds + first};
}

static bool draw_shards(Work *k, ShardRange range, TextList *paths, Error *err)
{
    const PictureList *all = &k->list;
    Progress *progress = k->session->progress;
    size_t there = 0;
    bool good = true;
    progress_begin(progress, "drawing", all->count, "images");
    for (size_t i = 0; i < range.count && good; i++) {
        const size_t first = (range.first + i) * GENERATOR_SHARD;
        const PictureList part = part_of(all, range.first + i);
        const size_t count = part.count;
        if (!count) break;
        ProgressPart shard = progress_part(progress, first, count);
        shard.base.note = NULL; /* what is there already is said once for all of them */
        char *folder = shard_folder(k, &part);
        if (path_exists(folder)) there += count;
        good = generate_shards(k->pipeline, &part, folder, paths, &shard.base, err);
        progress_step(progress, first + count);
        free(folder);
    }
    progress_end(progress);
    if (good && there == all->count) progress_note(progress, "all %zu pictures had been drawn before", there);
    return good;
}

/* ---- the whole ---- */

static bool join(const Work *k, const TextList *paths, double started, Error *err)
{
    const Stage *s = k->stage;
    StageWriter w;
    if (!stage_begin(&w, s, started, err)) return false;
    artifact_attribute_integer(w.artifact, "seed", (int64_t)k->p->generator.seed);
    artifact_attribute_integer(w.artifact, "images_per_caption", (int64_t)k->p->images_per_caption);
    if (artifact_write_joined(w.artifact, (const char *const *)paths->items, paths->count, generate_joined, err) &&
        generate_describe(k->pipeline, &k->list, w.artifact, err))
        return stage_finish(&w, err);
    artifact_abandon(w.artifact);
    return false;
}

static void describe(const Stage *s, cJSON *config)
{
    const GenerateParameters *p = s->parameters;
    cJSON_AddStringToObject(config, "dataset", s->experiment->dataset);
    generator_describe(&p->generator, config);
    cJSON_AddNumberToObject(config, "seed", (double)p->generator.seed);
    cJSON_AddNumberToObject(config, "images_per_caption", (double)p->images_per_caption);
}

static void work_free(Work *k)
{
    pipeline_free(k->pipeline);
    text_list_free(&k->texts);
    text_list_free(&k->classes);
    free(k->captions);
    free(k->seeds);
    free(k->labels);
}

static bool open_generator(Work *k, Error *err)
{
    k->pipeline = generator_open(&k->p->generator, k->stage->arithmetic, err);
    if (!k->pipeline) return false;
    Progress *progress = k->session->progress;
    const TextList *remarks = pipeline_remarks(k->pipeline);
    for (size_t i = 0; i < remarks->count; i++) progress_note(progress, "%s", remarks->items[i]);
    pipeline_say_cut(k->pipeline, k->list.captions, k->list.count, k->p->generator.negative, progress);
    return true;
}

static bool work(Session *session, const Stage *s, const ShardRange *part, Error *err)
{
    const double started = seconds_now();
    Work k = {.session = session, .stage = s, .p = s->parameters};
    TextList paths = {0};
    const bool good = make_list(&k, err) && open_generator(&k, err) &&
                      draw_shards(&k, part ? *part : ALL_SHARDS, &paths, err) &&
                      (part || join(&k, &paths, started, err));
    text_list_free(&paths);
    work_free(&k);
    return good;
}

static bool make(Session *session, const Stage *s, Error *err)
{
    return work(session, s, NULL, err);
}

/* ---- some shards ---- */

static size_t shard_count(const Stage *s, size_t pictures)
{
    (void)s;
    return pictures > GENERATOR_SHARD ? (pictures + GENERATOR_SHARD - 1) / GENERATOR_SHARD : 1;
}

static bool make_shards(Session *session, const Stage *s, ShardRange range, Error *err)
{
    return work(session, s, &range, err);
}

/* A shard's folder has the shards of the pipeline's own cut. */
static bool shards_stand_here(Session *session, const Stage *s, ShardRange range)
{
    Error unused; /* without the captions none of them can be there */
    Work k = {.session = session, .stage = s, .p = s->parameters};
    bool stand = store_has(stage_input(s, ROLE_CHOSEN)->path) && make_list(&k, &unused);
    for (size_t i = 0; i < range.count && stand; i++) {
        const PictureList part = part_of(&k.list, range.first + i);
        if (!part.count) break;
        char *folder = shard_folder(&k, &part);
        stand = generate_shards_stand(folder, part.count);
        free(folder);
    }
    work_free(&k);
    return stand;
}

static const StageShards shards_of_drawing = {shard_count, make_shards, shards_stand_here};

const StageKind stage_generate = {.name = "generate",
                                  .version = 1,
                                  .parameters = sizeof(GenerateParameters),
                                  .describe = describe,
                                  .make = make,
                                  .shards = &shards_of_drawing};
