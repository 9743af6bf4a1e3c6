/* The data set `mini`: scenes of the embedded world behind the walls of Dataset. */
#include "datasets/mini/mini_internal.h"
#include "datasets/mini/mini_world.h"
#include "datasets/mini/world_language.h"
#include "harness/base/hash.h"

#include <cairo.h>
#include <stdio.h>
#include <string.h>

enum { MINI_MOST = 10 * 1000 * 1000 }; /* of anything: keeps a slip of the finger from filling the memory */

typedef struct Mini {
    size_t captions, sentences, counts[SPLIT_COUNT];
    double shift;
} Mini;

static const WorldSplit world_splits[SPLIT_COUNT] = {
    [SPLIT_TRAIN] = WORLD_REAL, [SPLIT_TUNE] = WORLD_TUNE, [SPLIT_TEST] = WORLD_TEST};

#define COUNT(key, default, what)                                                                                      \
    {                                                                                                                  \
        .name = key, .type = KEY_WHOLE, .low = 1, .high = MINI_MOST, .fallback = default, .help = what                 \
    }

static const Key mini_keys[] = {
    KIND_KEY,
    COUNT("captions", "10000", "sentences that say what is in a scene"),
    COUNT("sentences", "10000", "of the grammar that stands in for a language model"),
    COUNT("train", "4000", "labelled images"),
    COUNT("tune", "2000", "labelled images for choosing hyper-parameters"),
    COUNT("test", "2000", "test images"),
    {.name = "shift",
     .type = KEY_NUMBER,
     .high = 1.25,
     .help = "style of the images; 0: as the models were trained on"},
    {0},
};

static bool read_count(Json config, const char *key, size_t *count, Error *err)
{
    int64_t value;
    if (!json_integer_or(config, key, (int64_t)*count, &value, err)) return false;
    *count = (size_t)value;
    return true;
}

static bool mini_configure(Mini *mini, Json config, Error *err)
{
    if (!read_count(config, "captions", &mini->captions, err) ||
        !read_count(config, "sentences", &mini->sentences, err))
        return false;
    for (int s = 0; s < SPLIT_COUNT; s++)
        if (!read_count(config, dataset_split_names[s], &mini->counts[s], err)) return false;
    return json_number_or(config, "shift", mini->shift, &mini->shift, err);
}

static bool mini_open(Dataset *d, const DatasetSource *source, Error *err)
{
    Mini *mini = arena_alloc(&d->arena, sizeof *mini);
    *mini = (Mini){.captions = 10000,
                   .sentences = 10000,
                   .counts = {[SPLIT_TRAIN] = 4000, [SPLIT_TUNE] = 2000, [SPLIT_TEST] = 2000},
                   .shift = world_test_shift};
    if (source->config.node != NULL && !mini_configure(mini, source->config, err)) return false;
    d->state = mini;
    d->classes = world_class_nouns;
    d->class_count = WORLD_CLASSES;
    return true;
}

static void mini_scene(const Dataset *d, SplitName name, size_t i, WorldScene *scene)
{
    world_scene(scene, world_splits[name], i);
    scene->shift = ((const Mini *)d->state)->shift;
}

/* cairo's version is part of it: outlines are ours, but how an edge is filled is cairo's. */
static void fingerprint_split(const Dataset *d, SplitName name, size_t count, char hex[65])
{
    char text[160];
    snprintf(text, sizeof text, "mini world %d, cairo %s, split %s, %zu images, shift %.17g", world_version,
             cairo_version_string(), dataset_split_names[name], count, ((const Mini *)d->state)->shift);
    Hash *hash = hash_new();
    hash_add_text(hash, text);
    hash_finish(hash, hex);
}

static bool mini_split(Dataset *d, SplitName name, Split *split, Error *err)
{
    const Mini *mini = d->state;
    split->count = dataset_limited(d, mini->counts[name]);
    split->files = arena_alloc(&d->arena, split->count * sizeof(char *));
    if (!big_alloc(&split->labels, split->count, WORLD_CLASSES, "labels", err)) return false;
    for (size_t i = 0; i < split->count; i++) {
        WorldScene scene;
        uint8_t labels[WORLD_CLASSES];
        mini_scene(d, name, i, &scene);
        world_labels(&scene, labels);
        for (int c = 0; c < WORLD_CLASSES; c++) split->labels[i * WORLD_CLASSES + (size_t)c] = labels[c] ? 1 : -1;
        split->files[i] = arena_format(&d->arena, "%s/%05zu", dataset_split_names[name], i);
    }
    fingerprint_split(d, name, split->count, split->fingerprint);
    return true;
}

static bool mini_captions(Dataset *d, Captions *captions, Error *err)
{
    (void)err;
    const Mini *mini = d->state;
    captions->count = dataset_limited(d, mini->captions);
    captions->texts = arena_alloc(&d->arena, captions->count * sizeof(char *));
    Hash *hash = hash_new();
    for (size_t i = 0; i < captions->count; i++) {
        WorldScene scene;
        char text[WORLD_CAPTION_MAX];
        world_scene(&scene, WORLD_CAPTIONS, i);
        world_caption(&scene, &world_caption_style, 0, false, text);
        captions->texts[i] = arena_strdup(&d->arena, text);
        hash_add_text(hash, text);
    }
    hash_finish(hash, captions->fingerprint);
    return true;
}

static bool mini_sentences(Dataset *d, Captions *sentences, Error *err)
{
    return mini_make_sentences(d, dataset_limited(d, ((const Mini *)d->state)->sentences), sentences, err);
}

static bool mini_image(Dataset *d, SplitName name, size_t i, Image *image, Error *err)
{
    WorldScene scene;
    *image = (Image){.width = WORLD_SIZE, .height = WORLD_SIZE};
    if (!big_alloc(&image->pixels, WORLD_SIZE * WORLD_SIZE, 3, "an image", err)) return false;
    mini_scene(d, name, i, &scene);
    world_render(&scene, image->pixels);
    return true;
}

static const DatasetOps mini_ops = {.open = mini_open,
                                    .split = mini_split,
                                    .captions = mini_captions,
                                    .sentences = mini_sentences,
                                    .image = mini_image};

const DatasetKind kind_mini = {
    .name = "mini",
    .summary = "the embedded world: rendered scenes of the 20 VOC classes",
    .source = "comes with the program",
    .classes = world_class_nouns,
    .class_count = WORLD_CLASSES,
    .keys = mini_keys,
    .stores_float32 = true,
    .ops = &mini_ops,
};
