/* A list of images, captions or sentences, line by line: file, text, labels become an entry; the marks of all entries
 * lie in one growing array, and an entry says where its own begin. list->needs tells what a line must have; that the
 * lines of a list of captions are alike is held against its first one. The fingerprint goes over the bytes of the files too. */
#include "datasets/folder_internal.h"
#include "harness/base/hash.h"
#include "harness/base/nfc.h"
#include "harness/io/jsonl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more of `size` bytes. */
static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) return items;
    *capacity = *capacity ? 2 * *capacity : 64;
    return xrealloc(items, *capacity * size);
}

static bool find_class(const Dataset *d, const char *name, uint32_t *class)
{
    for (size_t c = 0; c < d->class_count; c++)
        if (strcmp(d->classes[c].names[0], name) == 0) {
            *class = (uint32_t)c;
            return true;
        }
    return false;
}

/* The first of two marks of one class wins: what is in labels is positive even if another one of it is difficult. */
static bool add_marks(FolderList *list, FolderEntry *entry, Json names, int8_t value, Error *err)
{
    if (!json_is_array(names)) return json_fail(names, err, "a list of class names is needed");
    const size_t count = json_count(names);
    for (size_t i = 0; i < count; i++) {
        const char *name;
        FolderMark mark = {.value = value};
        if (!json_as_string(json_at(names, i), &name, err)) return false;
        char *plain = nfc(name);
        const bool known = find_class(list->data, plain, &mark.class);
        free(plain);
        if (!known)
            return json_fail(json_at(names, i), err,
                             "\"%s\" is none of the data set's classes; correct it or add it there", name);
        list->marks = grow(list->marks, list->mark_count, &list->mark_capacity, sizeof mark);
        list->marks[list->mark_count++] = mark;
        entry->mark_count++;
    }
    return true;
}

static bool read_labels(FolderList *list, FolderEntry *entry, Json object, Error *err)
{
    const Json labels = json_get(object, "labels"), difficult = json_get(object, "difficult");
    entry->first_mark = list->mark_count;
    entry->labelled = labels.node != NULL;
    if (!entry->labelled && (list->needs & NEEDS_LABELS))
        return json_fail(object, err, "\"labels\", the list of classes that are in the image, is missing");
    if (entry->labelled && !add_marks(list, entry, labels, 1, err)) return false;
    return difficult.node == NULL || add_marks(list, entry, difficult, 0, err);
}

static bool read_file_name(FolderList *list, FolderEntry *entry, Json object, Error *err)
{
    if (json_get(object, "file").node == NULL && !(list->needs & NEEDS_FILE)) return true;
    const char *file;
    if (!json_string(object, "file", &file, err)) return false;
    char *path = path_join(list->base, file);
    const bool there =
        list->needs & UNSEEN || list->data->survey || path_is_file(path); /* a pipe would be waited for */
    entry->file = arena_strdup(&list->data->arena, file);
    entry->path = arena_strdup(&list->data->arena, path);
    free(path);
    if (there) return true;
    return json_fail(json_get(object, "file"), err,
                     "there is no image %s; correct the name or the data set's \"images\"", entry->path);
}

static bool read_caption(FolderList *list, FolderEntry *entry, Json object, Error *err)
{
    const char *caption, *key = "caption";
    if ((list->needs & NEEDS_SENTENCE) && json_get(object, "caption").node == NULL) key = "sentence";
    if (json_get(object, key).node == NULL && !(list->needs & (NEEDS_CAPTION | NEEDS_SENTENCE))) return true;
    if (key[0] == 'c' && json_get(object, "sentence").node != NULL)
        return json_fail(object, err, "\"sentence\" and \"caption\" stand in one line; keep one of them");
    if (!json_string(object, key, &caption, err)) return false;
    entry->caption = arena_strdup(&list->data->arena, caption);
    return true;
}

/* A list of captions has labels in all its lines or in none, and files likewise. */
static bool like_the_first(const FolderList *list, const FolderEntry *entry, Json object, Error *err)
{
    if (list->count == 0 || !(list->needs & (NEEDS_CAPTION | NEEDS_SENTENCE))) return true;
    const FolderEntry *first = &list->entries[0];
    if (first->labelled != entry->labelled)
        return json_fail(object, err, "\"labels\" must stand in every line of the list or in none");
    if ((first->file == NULL) != (entry->file == NULL))
        return json_fail(object, err, "\"file\" must stand in every line of the list or in none");
    return true;
}

bool folder_list_add(void *context, Json object, Error *err)
{
    static const char *const image_keys[] = {"file", "labels", "difficult", "caption", NULL};
    static const char *const sentence_keys[] = {"sentence", "caption", "labels", NULL};
    FolderList *list = context;
    if (list->data->limit > 0 && list->count >= list->data->limit) return true;
    FolderEntry entry = {0};
    const char *const *keys = list->needs & NEEDS_SENTENCE ? sentence_keys : image_keys;
    if (!json_only_keys(object, keys, err)) return false;
    if (!read_file_name(list, &entry, object, err) || !read_caption(list, &entry, object, err)) return false;
    if (!read_labels(list, &entry, object, err) || !like_the_first(list, &entry, object, err)) return false;
    folder_list_append(list, entry);
    return true;
}

void folder_list_append(FolderList *list, FolderEntry entry)
{
    list->entries = grow(list->entries, list->count, &list->capacity, sizeof entry);
    list->entries[list->count++] = entry;
}

static bool is_whole(const FolderList *list, const char *path, Error *err)
{
    return list->count > 0 || fail_usage(err, "%s: the list is empty; one JSON object a line is needed", path);
}

bool folder_list_read(FolderList *list, const char *path, Error *err)
{
    char *folder = path_folder(path);
    if (list->base == NULL) list->base = arena_strdup(&list->data->arena, folder);
    free(folder);
    return jsonl_read(path, folder_list_add, list, err) && is_whole(list, path, err);
}

void folder_list_free(FolderList *list)
{
    free(list->entries);
    free(list->marks);
    list->entries = NULL;
    list->marks = NULL;
}

static bool hash_entry(Hash *hash, const FolderList *list, const FolderEntry *entry, Error *err)
{
    hash_add_text(hash, entry->caption ? entry->caption : "");
    if (entry->caption && strchr(entry->caption, '_')) hash_add_text(hash, "_ is a blank");
    hash_add_text(hash, entry->labelled ? "labels" : "no labels");
    for (size_t i = 0; i < entry->mark_count; i++) {
        const FolderMark *mark = &list->marks[entry->first_mark + i];
        char text[32];
        snprintf(text, sizeof text, "%u %d", mark->class, mark->value);
        hash_add_text(hash, text);
    }
    hash_add_text(hash, entry->file ? entry->file : "");
    if (entry->file == NULL) return true;
    char digest[65];
    if (!hash_file(entry->path, digest, err)) return false;
    hash_add_text(hash, digest);
    return true;
}

bool folder_list_fingerprint(const FolderList *list, char hex[65], Error *err)
{
    Hash *hash = hash_new();
    bool good = true;
    for (size_t c = 0; c < list->data->class_count; c++) {
        const char *name = list->data->classes[c].names[0];
        hash_add_text(hash, name);
        if (strchr(name, '_')) hash_add_text(hash, "_ is a blank");
    }
    for (size_t i = 0; good && i < list->count; i++) good = hash_entry(hash, list, &list->entries[i], err);
    hash_finish(hash, hex);
    return good;
}
