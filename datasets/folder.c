/* The data set of kind "folder": one's own images and captions, as lists beside experiments.json.
 *
 *     "mine": {"kind": "folder", "classes": ["cat", "dog"], "synonyms": "synonyms.json", "captions": "captions.jsonl",
 *              "train": "train.jsonl", "tune": "tune.jsonl", "test": "test.jsonl", "images": "images/"}
 *
 * Only "classes" must be there. Paths are relative to the file with this entry, and a list's "file" to the folder "images", or to the
 * list itself when no such folder is given.
 *   synonyms   a JSON file (or its content): a list of names a class in the order of the classes, or {"cat": ["kitty"]}
 *   captions   lines {"caption": ...} and, if known, "labels": [...]; then the noun filter is not asked. Or a .txt file, one a line
 *   sentences  what a language model wrote: a .txt file, one a line, or a .jsonl list (folder_sentences.c). Without it the captions
 *              stand in where a method asks for sentences, and its results say so
 *   train ...  lines {"file": ..., "labels": [...], "difficult": [...]}
 *   skip_damaged   true: pictures that cannot be decoded are left out, and named (dataset.h)
 *   images     instead of a folder: a list (.jsonl, or written in place) of lines {"file", "caption", "labels"}, images that
 *              were drawn for captions. It brings the captions and takes the place of the generate stage. */
#include "datasets/folder_internal.h"
#include "datasets/public_root.h"

#include <stdlib.h>
#include <string.h>

static bool read_path(Dataset *d, const DatasetSource *source, const char *key, const char **path, Error *err)
{
    const char *name;
    *path = NULL;
    if (!json_string_or(source->config, key, NULL, &name, err)) return false;
    if (name == NULL) return true;
    char *joined = path_join(source->folder, name);
    *path = arena_strdup(&d->arena, joined);
    free(joined);
    return true;
}

static bool is_list(const char *path)
{
    return text_ends(path, ".jsonl") && !path_is_folder(path);
}

/* Files of an entry that is only looked at whether it makes sense are not looked for. */
static bool read_inline_images(Dataset *d, const DatasetSource *source, Json images, Error *err)
{
    FolderList *list = &((Folder *)d->state)->inline_images;
    *list = (FolderList){.data = d,
                         .needs = NEEDS_FILE | NEEDS_CAPTION | (d->unseen ? UNSEEN : 0),
                         .base = source->folder ? source->folder : ""};
    for (size_t i = 0; i < json_count(images); i++) {
        const Json line = json_at(images, i);
        if (!json_is_object(line)) return json_fail(line, err, "an object with \"file\" and \"caption\" is needed");
        if (!folder_list_add(list, line, err)) return false;
    }
    return list->count > 0 || json_fail(images, err, "the list is empty");
}

static bool read_images(Dataset *d, const DatasetSource *source, Error *err)
{
    Folder *folder = d->state;
    const Json images = json_get(source->config, "images");
    if (images.node != NULL && json_is_array(images)) return read_inline_images(d, source, images, err);
    const char *path;
    if (!read_path(d, source, "images", &path, err)) return false;
    if (path == NULL) return true;
    if (is_list(path))
        folder->generated = path;
    else if (d->unseen || path_is_folder(path))
        folder->images = path;
    else
        return json_fail(images, err,
                         "%s is no folder; name the folder of the images, or a .jsonl list of images with "
                         "their captions",
                         path);
    return true;
}

static bool read_sentences(Dataset *d, const DatasetSource *source, Error *err)
{
    Folder *folder = d->state;
    const char *name;
    if (!read_path(d, source, "sentences", &folder->sentences, err)) return false;
    if (folder->sentences == NULL) return true;
    if (!json_string(source->config, "sentences", &name, err)) return false;
    folder->sentences_name = arena_strdup(&d->arena, name);
    return true;
}

static void folder_close(Dataset *d)
{
    if (d->state != NULL) folder_list_free(&((Folder *)d->state)->inline_images);
}

static bool folder_open(Dataset *d, const DatasetSource *source, Error *err)
{
    const char *local;
    Folder *folder = arena_alloc(&d->arena, sizeof *folder);
    d->state = folder;
    if (!json_string_or(source->config, "local_features", "float32", &local, err)) return false;
    d->half = strcmp(local, "float16") == 0;
    if (!folder_read_names(d, source, err) ||
        !json_bool_or(source->config, "skip_damaged", false, &d->skip_damaged, err))
        return false;
    if (!read_path(d, source, "captions", &folder->captions, err) || !read_sentences(d, source, err)) return false;
    for (int s = 0; s < SPLIT_COUNT; s++)
        if (!read_path(d, source, dataset_split_names[s], &folder->lists[s], err)) return false;
    if (!read_images(d, source, err)) return false;
    const bool drawn = folder->generated != NULL || folder->inline_images.count > 0;
    if (!drawn || folder->captions == NULL) return true;
    return json_fail(json_get(source->config, "captions"), err,
                     "\"captions\" and a list in \"images\" both bring captions; keep one of them");
}

/* For `palbench data check`: the pictures that are not there, which fingerprint nothing. */
static bool list_missing(const FolderList *list, LeftOut *left)
{
    Arena *arena = &list->data->arena;
    left->files = arena_alloc(arena, (list->count + 1) * sizeof *left->files);
    left->reasons = arena_alloc(arena, (list->count + 1) * sizeof *left->reasons);
    for (size_t i = 0; i < list->count; i++) {
        if (path_is_file(list->entries[i].path)) continue;
        left->files[left->count] = list->entries[i].file;
        left->reasons[left->count++] = arena_format(arena, "%s: it is not there", list->entries[i].path);
    }
    return true;
}

static bool list_to_split(const FolderList *list, Split *split, Error *err)
{
    Dataset *d = list->data;
    split->count = list->count;
    split->files = arena_alloc(&d->arena, list->count * sizeof(char *));
    if (!big_alloc(&split->labels, list->count * d->class_count, 1, "labels", err)) return false;
    memset(split->labels, -1, list->count * d->class_count);
    for (size_t i = 0; i < list->count; i++) {
        const FolderEntry *entry = &list->entries[i];
        int8_t *row = split->labels + i * d->class_count;
        split->files[i] = entry->file;
        for (size_t m = 0; m < entry->mark_count; m++) {
            const FolderMark *mark = &list->marks[entry->first_mark + m];
            if (row[mark->class] < mark->value) row[mark->class] = mark->value;
        }
    }
    return d->survey ? list_missing(list, &split->left_out) : folder_list_fingerprint(list, split->fingerprint, err);
}

/* Where an image of a split is. */
static char *image_path(const Dataset *d, SplitName name, const char *file)
{
    const Folder *folder = d->state;
    if (folder->images != NULL) return path_join(folder->images, file);
    char *base = path_folder(folder->lists[name]), *path = path_join(base, file);
    free(base);
    return path;
}

static bool folder_split(Dataset *d, SplitName name, Split *split, Error *err)
{
    const Folder *folder = d->state;
    if (folder->lists[name] == NULL)
        return fail_usage(err,
                          "data set %s: it has no %s images; add \"%s\": a .jsonl list of images with their labels",
                          d->name, dataset_split_names[name], dataset_split_names[name]);
    FolderList list = {.data = d, .needs = NEEDS_FILE | NEEDS_LABELS, .base = folder->images};
    const bool good = folder_list_read(&list, folder->lists[name], err) && list_to_split(&list, split, err);
    folder_list_free(&list);
    return good;
}

static bool list_to_captions(const FolderList *list, Captions *captions, Error *err)
{
    Dataset *d = list->data;
    const FolderEntry *first = &list->entries[0];
    captions->count = list->count;
    captions->texts = arena_alloc(&d->arena, list->count * sizeof(char *));
    if (first->file != NULL) captions->files = arena_alloc(&d->arena, list->count * sizeof(char *));
    if (first->labelled && !big_alloc(&captions->labels, list->count * d->class_count, 1, "labels of captions", err))
        return false;
    for (size_t i = 0; i < list->count; i++) {
        const FolderEntry *entry = &list->entries[i];
        captions->texts[i] = entry->caption;
        if (captions->files != NULL) captions->files[i] = entry->path;
        for (size_t m = 0; captions->labels != NULL && m < entry->mark_count; m++) {
            const FolderMark *mark = &list->marks[entry->first_mark + m];
            if (mark->value > 0) captions->labels[i * d->class_count + mark->class] = 1;
        }
    }
    return folder_list_fingerprint(list, captions->fingerprint, err);
}

static bool folder_captions(Dataset *d, Captions *captions, Error *err)
{
    const Folder *folder = d->state;
    if (folder->inline_images.count > 0) return list_to_captions(&folder->inline_images, captions, err);
    const char *path = folder->generated != NULL ? folder->generated : folder->captions;
    if (path == NULL)
        return fail_usage(
            err, "data set %s: it has no captions; add \"captions\": a .jsonl list, or a .txt file, one a line",
            d->name);
    const bool text = folder->generated == NULL && folder_is_text(path);
    FolderList list = {.data = d, .needs = NEEDS_CAPTION | (folder->generated != NULL ? NEEDS_FILE : 0)};
    const bool good = (text ? folder_sentences_read(&list, path, err) : folder_list_read(&list, path, err)) &&
                      list_to_captions(&list, captions, err);
    folder_list_free(&list);
    return good;
}

static bool folder_sentences(Dataset *d, Captions *sentences, Error *err)
{
    const Folder *folder = d->state;
    if (folder->sentences == NULL) { /* said in every result, through `origin` */
        sentences->origin = "that are the captions of the data set, which brings no others";
        return folder_captions(d, sentences, err);
    }
    FolderList list = {.data = d, .needs = NEEDS_SENTENCE};
    const bool good = folder_sentences_read(&list, folder->sentences, err) && list_to_captions(&list, sentences, err);
    folder_list_free(&list);
    sentences->origin = arena_format(&d->arena, "read from %s", folder->sentences_name);
    return good;
}

static bool folder_image(Dataset *d, SplitName name, size_t i, Image *image, Error *err)
{
    char *path = image_path(d, name, d->listed[name][i]);
    const bool good = image_read(path, image, err);
    free(path);
    return good;
}

static bool folder_has(const Dataset *d, SplitName name)
{
    return ((const Folder *)d->state)->lists[name] != NULL;
}

static const DatasetOps folder_ops = {.open = folder_open,
                                      .has = folder_has,
                                      .close = folder_close,
                                      .split = folder_split,
                                      .captions = folder_captions,
                                      .sentences = folder_sentences,
                                      .image = folder_image};

static const char *const local_words[] = {"float32", "float16", NULL};

static const Key folder_keys[] = {
    KIND_KEY,
    {.name = "classes",
     .type = KEY_FORMS,
     .forms = "{\"type\": \"array\", \"minItems\": 1, \"maxItems\": 100000, \"uniqueItems\": true, "
              "\"items\": {\"type\": \"string\", \"minLength\": 1}}",
     .needed = true,
     .help = "the names of the classes"},
    SYNONYMS_KEY,
    {.name = "captions",
     .type = KEY_TEXT,
     .help = "a .jsonl list of {\"caption\", \"labels\"}, or a .txt file, one a line"},
    {.name = "sentences",
     .type = KEY_TEXT,
     .help = "what a language model wrote: a .txt file, one a line, or a .jsonl list"},
    {.name = "train",
     .type = KEY_TEXT,
     .help = "labelled images: a .jsonl list of {\"file\", \"labels\", \"difficult\"}"},
    {.name = "tune", .type = KEY_TEXT, .help = "the same for choosing hyper-parameters"},
    {.name = "test", .type = KEY_TEXT, .help = "the same, the images that are scored"},
    {.name = "images",
     .type = KEY_FORMS,
     .forms = "{\"anyOf\": [{\"type\": [\"string\", \"null\"]}, {\"type\": \"array\", \"minItems\": 1, \"items\": {"
              "\"type\": \"object\", \"properties\": {\"file\": {\"type\": \"string\"}, \"caption\": {\"type\": "
              "\"string\"}, "
              "\"labels\": " TEXTS ", \"difficult\": " TEXTS "}, \"required\": [\"file\", \"caption\"], "
              "\"additionalProperties\": false}}]}",
     .help = "the folder of the images; or images drawn for captions: a .jsonl list of {\"file\", \"caption\", "
             "\"labels\"}, or the list"},
    SKIP_DAMAGED_KEY,
    {.name = "local_features",
     .type = KEY_CHOICE,
     .words = local_words,
     .fallback = "\"float32\"",
     .help = "how features of tokens and positions are stored: float16 takes half of the disk"},
    {0},
};

const DatasetKind kind_folder = {
    .name = "folder",
    .summary = "one's own images, captions and classes, as lists beside experiments.json",
    .keys = folder_keys,
    .stores_float32 = true,
    .ops = &folder_ops,
};
