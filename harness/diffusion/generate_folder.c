/* Pictures as a folder of PNGs that say how they were drawn. */
#include "harness/base/temporary.h"
#include "harness/base/version.h"
#include "harness/diffusion/generate_internal.h"
#include "harness/io/croissant.h"
#include "harness/io/image.h"
#include "harness/io/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXTS_MAX = 12 };

typedef struct Texts { /* key, value, ..., NULL for image_write_png */
    const char *items[2 * TEXTS_MAX + 1];
    size_t count;
    Arena arena;
} Texts;

static void add(Texts *t, const char *key, const char *value)
{
    t->items[t->count++] = key;
    t->items[t->count++] = value;
}

/* What of it is not as usual: "exact" "yes". */
static void add_arithmetic(Texts *t, Arithmetic arithmetic)
{
    cJSON *described = cJSON_CreateObject();
    const cJSON *item;
    arithmetic_describe(arithmetic, ARITHMETIC_ALL, described);
    cJSON_ArrayForEach(item, described)
    {
        if (cJSON_IsFalse(item)) continue;
        add(t, arena_strdup(&t->arena, item->string),
            cJSON_IsString(item) ? arena_strdup(&t->arena, item->valuestring) : "yes");
    }
    cJSON_Delete(described);
}

/* `model`: the fingerprint. */
static void describe(const Pipeline *p, const PictureList *list, size_t i, const char *model, Texts *t)
{
    const DrawSettings *s = pipeline_settings(p);
    *t = (Texts){.count = 0};
    add(t, "prompt", list->captions[i]);
    add(t, "negative", s->negative);
    add(t, "seed", arena_format(&t->arena, "%llu", (unsigned long long)list->seeds[i]));
    add(t, "steps", arena_format(&t->arena, "%zu", s->steps));
    add(t, "guidance", arena_format(&t->arena, "%.9g", (double)s->guidance));
    add(t, "scheduler", pipeline_scheduler(p));
    add(t, "size", arena_format(&t->arena, "%zux%zu", pipeline_width(p), pipeline_height(p)));
    add(t, "model", model);
    add(t, "version", "palbench " PALBENCH_VERSION);
    if (list->noise) { /* the seed alone does not tell then */
        char hash[65];
        list_hash(p, list, i, 1, hash);
        add(t, "noise", arena_strdup(&t->arena, hash));
    }
    add_arithmetic(t, s->graph.arithmetic);
}

static char *picture_path(const char *folder, size_t i)
{
    return xformat("%s/%05zu.png", folder, i);
}

/* A picture of other settings, damaged or of anybody else's is drawn again. */
static bool is_there(const char *path, const Texts *want)
{
    if (!path_exists(path)) return false;
    Error reason;
    Image image;
    TextList have = {0};
    bool same = image_read_png_texts(path, &have, &reason) && have.count == want->count;
    for (size_t i = 0; same && i < have.count; i++) same = strcmp(have.items[i], want->items[i]) == 0;
    text_list_free(&have);
    same = same && image_read(path, &image, &reason);
    if (same) image_free(&image);
    return same;
}

typedef struct Folder {
    const char *path, *model;
    bool *kept; /* [count] */
} Folder;

static size_t find_kept(const Pipeline *p, const PictureList *list, const Folder *f)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        Texts t;
        char *path = picture_path(f->path, i);
        describe(p, list, i, f->model, &t);
        f->kept[i] = is_there(path, &t);
        kept += f->kept[i];
        arena_free(&t.arena);
        free(path);
    }
    return kept;
}

static bool write_batch(Drawing *d, const Folder *f, uint8_t *images, Error *err)
{
    const Pipeline *p = d->pipeline;
    bool good = true;
    for (size_t k = 0; k < d->count && good; k++) {
        if (f->kept[d->first + k]) continue;
        Texts t;
        char *path = picture_path(f->path, d->first + k);
        const Image image = {pipeline_width(p), pipeline_height(p), images + k * picture_bytes(p)};
        describe(p, d->list, d->first + k, f->model, &t);
        good = image_write_png(path, &image, t.items, err);
        arena_free(&t.arena);
        free(path);
    }
    return good;
}

static bool batch_kept(const Folder *f, size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++)
        if (!f->kept[i]) return false;
    return true;
}

/* A batch with a missing picture is drawn whole: in a batch of another composition the last bits might differ. */
static bool draw_missing(Pipeline *p, const PictureList *list, const Folder *f, Progress *progress, Error *err)
{
    const size_t batch = pipeline_settings(p)->batch;
    size_t batches = 0;
    for (size_t at = 0; at < list->count; at += batch) batches += !batch_kept(f, at, least(batch, list->count - at));
    uint8_t *images;
    if (!big_alloc(&images, batch, picture_bytes(p), "the pictures of a batch", err)) return false;
    Drawing d;
    bool good = true;
    drawing_begin(&d, p, list, batches, progress);
    for (size_t at = 0; at < list->count && good; at += batch) {
        const size_t count = least(batch, list->count - at);
        if (!batch_kept(f, at, count))
            good = drawing_batch(&d, at, count, images, err) && write_batch(&d, f, images, err);
    }
    drawing_end(&d);
    free(images);
    return good;
}

static bool write_list(const PictureList *list, const char *folder, Error *err)
{
    Text text = {0};
    for (size_t i = 0; i < list->count; i++) {
        text_addf(&text, "{\"file\": \"%05zu.png\", \"caption\": ", i);
        json_quote(&text, list->captions[i]);
        if (list->class_count) text_add(&text, ", \"labels\": [");
        const char *between = "";
        for (size_t c = 0; c < list->class_count; c++) {
            if (list->labels[i * list->class_count + c] != 1) continue;
            text_add(&text, between);
            json_quote(&text, list->classes[c]);
            between = ", ";
        }
        text_add(&text, list->class_count ? "]}\n" : "}\n");
    }
    char *path = path_join(folder, "images.jsonl");
    const bool good = write_file(path, text.data, text.length, err);
    free(path);
    text_free(&text);
    return good;
}

/* How they were drawn, for data catalogues: FOLDER/croissant.json. */
static bool write_metadata(const Pipeline *p, const PictureList *list, const char *folder, const char *model,
                           Error *err)
{
    const CroissantField fields[] = {
        {"file", "sc:Text", "the picture's name in this folder", false},
        {"caption", "sc:Text", "what it was drawn from", false},
        {list->class_count ? "labels" : NULL, "sc:Text", "the classes that the caption names", true},
        {0},
    };
    const DrawSettings *s = pipeline_settings(p);
    char *name = xformat("palbench-generated-%.12s", model);
    char *description =
        xformat("%zu picture%s of %zux%zu, drawn from captions by the text-to-image model of SHA-256 %s: sampler %s, "
                "%zu steps, "
                "guidance %.9g, negative prompt \"%s\"; each picture's seed stands in its text chunk \"seed\". "
                "palbench " PALBENCH_VERSION ".",
                list->count, list->count > 1 ? "s" : "", pipeline_width(p), pipeline_height(p), model,
                pipeline_scheduler(p), s->steps, (double)s->guidance, s->negative);
    const CroissantFolder what = {name, description, "images.jsonl", "*.png", "image/png", fields};
    const bool good = croissant_write(folder, &what, err);
    free(name), free(description);
    return good;
}

bool generate_folder(Pipeline *p, const PictureList *list, const char *folder, Progress *progress, Error *err)
{
    char model[65];
    if (!list->count) return fail_usage(err, "there is no caption to draw");
    if (path_exists(folder) && !path_is_folder(folder))
        return fail_usage(err, "%s: is a file, a folder is needed", folder);
    if (!pipeline_fingerprint(p, model, err) || !temporary_folder(folder, err)) return false;
    const Folder f = {.path = folder, .model = model, .kept = xcalloc(list->count, sizeof *f.kept)};
    const size_t kept = find_kept(p, list, &f);
    if (kept) progress_note(progress, "%s: %zu of %zu pictures are there already", folder, kept, list->count);
    const bool good = draw_missing(p, list, &f, progress, err) && write_list(list, folder, err) &&
                      write_metadata(p, list, folder, model, err);
    free(f.kept);
    if (!good) rmdir(folder); /* if nothing was drawn into it */
    return good;
}
