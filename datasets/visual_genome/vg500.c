/* VG-500, Visual Genome with the 500 classes of SSGRL's authors, as their files are kept: VG/{train_list_500.txt, test_list_500.txt,
 * vg_category_500_labels_index.json, VG_100K, maybe VG_100K_2}. The lists name pictures, the JSON file the places of their classes; what
 * the classes are called stands in neither, so the entry brings "classes". */
#include "datasets/classes_file.h"
#include "datasets/folder_internal.h"
#include "datasets/public_root.h"
#include "datasets/visual_genome/visual_genome.h"
#include "harness/base/lines.h"
#include "harness/io/json.h"

#include <stdlib.h>
#include <string.h>

enum { VG500_CLASSES = 500 };

static const char *const lists[SPLIT_COUNT] = {
    [SPLIT_TRAIN] = "train_list_500.txt", [SPLIT_TEST] = "test_list_500.txt"};

typedef struct Vg500 {
    PublicRoot root;
} Vg500;

static bool open_vg500(Dataset *d, const DatasetSource *source, Error *err)
{
    Vg500 *vg = arena_alloc(&d->arena, sizeof *vg);
    d->state = vg;
    if (!classes_read(d, source, err) || !public_root_open(d, source, &vg->root, err)) return false;
    return d->unseen || d->class_count == VG500_CLASSES ||
           json_fail(json_get(source->config, "classes"), err, "VG-500 has %d classes, here are %zu", VG500_CLASSES,
                     d->class_count);
}

typedef struct Reading {
    PictureList *pictures;
    Json labels; /* {"2328403.jpg": [3, 17]} */
    const char *path;
} Reading;

static bool set_labels(const Reading *r, const char *name, int8_t *labels, Error *err)
{
    const Json classes = json_get(r->labels, name);
    if (!classes.node || !json_is_array(classes))
        return fail(err, "%s: there is no list of classes for %s; fetch the file again", r->path, name);
    for (size_t i = 0; i < json_count(classes); i++) {
        int64_t class;
        if (!json_as_integer(json_at(classes, i), &class, err)) return false;
        if (class < 0 || class >= VG500_CLASSES)
            return json_fail(json_at(classes, i), err, "a class from 0 to %d is needed", VG500_CLASSES - 1);
        labels[class] = 1;
    }
    return true;
}

static bool take_picture(void *context, const Line *line, Error *err)
{
    const Reading *r = context;
    if (line_is_blank(line)) return true;
    if (strpbrk(line->text, "/ \t"))
        return fail(err, "%s:%zu: \"%.80s\" is no picture such as 2328403.jpg; fetch the list again", line->path,
                    line->number, line->text);
    char *file = visual_genome_place(r->pictures, line->text);
    picture_list_add(r->pictures, file);
    free(file);
    return set_labels(r, line->text, picture_labels(r->pictures, r->pictures->count - 1), err);
}

static bool read_split(PictureList *pictures, const char *list, const char *labels, Error *err)
{
    JsonFile *file = json_read(labels, err);
    if (!file) return false;
    Reading r = {pictures, json_root(file), labels};
    const bool good =
        (json_is_object(r.labels) || json_fail(r.labels, err, "an object from pictures to classes is needed")) &&
        lines_read(list, take_picture, &r, err);
    json_free(file);
    return good;
}

static bool has(const Dataset *d, SplitName name)
{
    (void)d;
    return lists[name] != NULL;
}

static bool split(Dataset *d, SplitName name, Split *split, Error *err)
{
    const Vg500 *vg = d->state;
    if (!lists[name])
        return fail_usage(err, "data set %s: it has no %s split; choose another protocol", d->name,
                          dataset_split_names[name]);
    PictureList pictures = {.data = d, .folder = xstrdup(vg->root.folder)};
    char *list = path_join(vg->root.folder, lists[name]),
         *labels = path_join(vg->root.folder, "vg_category_500_labels_index.json");
    const bool good = read_split(&pictures, list, labels, err) && picture_list_to_split(&pictures, list, split, err);
    free(list);
    free(labels);
    picture_list_free(&pictures);
    return good;
}

static bool captions(Dataset *d, Captions *captions, Error *err)
{
    return public_captions_read(d, &((Vg500 *)d->state)->root, coco_captions, captions, err);
}

static bool image(Dataset *d, SplitName name, size_t i, Image *image, Error *err)
{
    char *path = path_join(((Vg500 *)d->state)->root.folder, d->listed[name][i]);
    const bool good = image_read(path, image, err);
    free(path);
    return good;
}

static const DatasetOps ops = {.open = open_vg500, .has = has, .split = split, .captions = captions, .image = image};

static const Key keys[] = {KIND_KEY, CLASSES_KEY(true), SYNONYMS_KEY, PUBLIC_KEYS, {0}};

const DatasetKind kind_vg500 = {
    .name = "vg500",
    .summary = "Visual Genome, 500 classes as SSGRL has them: 10000 test images; its entry brings the classes",
    .source = VISUAL_GENOME_SOURCE,
    .originals =
        (const DatasetOriginal[]){
            VISUAL_GENOME_PICTURES,
            {"train_list_500.txt, test_list_500.txt, vg_category_500_labels_index.json (SSGRL's authors)", "11 MB",
             "VG/"},
            COCO_CAPTIONS_ORIGINAL,
            {0}},
    .places = VISUAL_GENOME_PLACES,
    .sign = "test_list_500.txt",
    .published = (const DatasetPublished[]){{NULL, {[SPLIT_TRAIN] = 98249, [SPLIT_TEST] = 10000}}, {0}},
    .keys = keys,
    .ops = &ops,
};
