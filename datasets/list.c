/* The data set of kind "list": pictures with labels as other people's code lists them.
 *
 *     "mine": {"kind": "list", "classes": "names.txt", "test": "val.txt", "images": "JPEGImages", "form": "ids"}
 *
 *   ids     `2008_000003 14 18`: a picture a line, and the places of its classes, from 0 (PIAA, TagCLIP, few-shot draws)
 *   names   `a.jpg,cat,dog`: the same with names
 *   json    [["a.jpg", ["cat", "cat"]], ...], or an object whose "images" is that (RAM); repeats count once
 *   csv     a header `file,cat,dog`, and a column a class: 1, 0 or -1 not there; a sheet of 1, 0 and -1 has 0 for difficult
 * Without "form" the name decides: .json, .csv, else ids. A picture without an ending is a .jpg. Of an absolute path, which is one of another
 * machine, the last part counts. Images are in the folder "images", or beside the list. */
#include "datasets/classes_file.h"
#include "datasets/folder_internal.h"
#include "datasets/list_internal.h"
#include "datasets/public_root.h"
#include "harness/base/names.h"

#include <stdlib.h>
#include <string.h>

typedef struct List {
    const char *lists[SPLIT_COUNT]; /* paths; NULL: not given */
    const char *images;             /* folder, or NULL */
    size_t form;                    /* place in list_forms; NAMES_NONE: by the name */
    PublicRoot texts;               /* for captions */
} List;

static const char *const form_words[] = {"ids", "names", "json", "csv", NULL};

static bool read_path(Dataset *d, const DatasetSource *source, const char *key, const char **path, Error *err)
{
    const char *name;
    *path = NULL;
    if (!json_string_or(source->config, key, NULL, &name, err)) return false;
    if (!name) return true;
    char *joined = path_join(source->folder, name);
    *path = arena_strdup(&d->arena, joined);
    free(joined);
    return true;
}

static bool open_list(Dataset *d, const DatasetSource *source, Error *err)
{
    List *list = arena_alloc(&d->arena, sizeof *list);
    const char *form;
    int64_t each;
    d->state = list;
    for (int s = 0; s < SPLIT_COUNT; s++)
        if (!read_path(d, source, dataset_split_names[s], &list->lists[s], err)) return false;
    if (!read_path(d, source, "images", &list->images, err) ||
        !read_path(d, source, "captions", &list->texts.captions, err) ||
        !json_string_or(source->config, "form", NULL, &form, err) ||
        !json_integer_or(source->config, "captions_per_image", 1, &each, err) ||
        !json_bool_or(source->config, "skip_damaged", false, &d->skip_damaged, err))
        return false;
    list->form = form ? names_find(form_words, form) : NAMES_NONE;
    list->texts.captions_per_image = (size_t)each;
    return classes_read(d, source, err);
}

static ListForm form_of(const List *list, const char *path)
{
    const char *dot = strrchr(path, '.');
    if (list->form != NAMES_NONE) return (ListForm)list->form;
    if (dot && strcmp(dot, ".json") == 0) return LIST_JSON;
    return dot && (strcmp(dot, ".csv") == 0 || strcmp(dot, ".tsv") == 0) ? LIST_CSV : LIST_IDS;
}

static char *pictures_folder(const List *list, SplitName name)
{
    return list->images ? xstrdup(list->images) : path_folder(list->lists[name]);
}

static bool split(Dataset *d, SplitName name, Split *split, Error *err)
{
    const List *list = d->state;
    const char *path = list->lists[name];
    if (!path)
        return fail_usage(err, "data set %s: it has no %s images; add \"%s\": a list of images with their labels",
                          d->name, dataset_split_names[name], dataset_split_names[name]);
    PictureList pictures = {.data = d, .folder = pictures_folder(list, name)};
    const bool good =
        list_readers[form_of(list, path)](&pictures, path, err) && picture_list_to_split(&pictures, path, split, err);
    picture_list_free(&pictures);
    return good;
}

static bool captions(Dataset *d, Captions *captions, Error *err)
{
    const List *list = d->state;
    if (!list->texts.captions)
        return fail_usage(
            err, "data set %s: it has no captions; add \"captions\": COCO's .json, a .jsonl list or a .txt file",
            d->name);
    return public_captions_read(d, &list->texts, NULL, captions, err);
}

static bool image(Dataset *d, SplitName name, size_t i, Image *image, Error *err)
{
    char *folder = pictures_folder(d->state, name), *path = path_join(folder, d->listed[name][i]);
    const bool good = image_read(path, image, err);
    free(path);
    free(folder);
    return good;
}

static bool has(const Dataset *d, SplitName name)
{
    return ((const List *)d->state)->lists[name] != NULL;
}

static const DatasetOps ops = {.open = open_list, .has = has, .split = split, .captions = captions, .image = image};

static const Key keys[] = {
    KIND_KEY,
    CLASSES_KEY(true),
    SYNONYMS_KEY,
    {.name = "form",
     .type = KEY_CHOICE,
     .words = form_words,
     .help =
         "of the lists: `path id id`, `path,name,name`, [[path, [names]]], or a column a class; without: by the name"},
    {.name = "train", .type = KEY_TEXT, .help = "the list of labelled images"},
    {.name = "tune", .type = KEY_TEXT, .help = "the same for choosing hyper-parameters"},
    {.name = "test", .type = KEY_TEXT, .help = "the same, the images that are scored"},
    {.name = "images", .type = KEY_TEXT, .help = "the folder of the images; without: each list's own"},
    CAPTIONS_KEYS,
    SKIP_DAMAGED_KEY,
    {0},
};

const DatasetKind kind_list = {
    .name = "list",
    .summary = "pictures with labels as other people's code lists them",
    .keys = keys,
    .ops = &ops,
};
