/* Rows of labels grow by doubling beside the names. A picture is looked for only when the split is made, each by one stat()
 * that brings its size too. */
#include "datasets/picture_list.h"

#include "harness/base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SHOWN = 3 };

void picture_list_free(PictureList *list)
{
    free(list->files);
    free(list->labels);
    free(list->folder);
    *list = (PictureList){.data = list->data};
}

void picture_list_add(PictureList *list, const char *file)
{
    const size_t classes = list->data->class_count;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 256;
        list->files = xrealloc(list->files, list->capacity * sizeof *list->files);
        list->labels = xrealloc(list->labels, list->capacity * classes);
    }
    memset(list->labels + list->count * classes, -1, classes);
    list->files[list->count++] = arena_strdup(&list->data->arena, file);
}

/* Moves row `from` to row `to`, which is not behind it. */
static void move_row(PictureList *list, size_t to, size_t from)
{
    const size_t classes = list->data->class_count;
    list->files[to] = list->files[from];
    memmove(list->labels + to * classes, list->labels + from * classes, classes);
}

void picture_list_keep_labelled(PictureList *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        const int8_t *row = picture_labels(list, i);
        size_t c = 0;
        while (c < list->data->class_count && row[c] <= 0) c++;
        if (c < list->data->class_count) move_row(list, kept++, i);
    }
    list->count = kept;
}

/* The size of a file, -1 when it is not there. */
static long long size_of(const PictureList *list, const char *file)
{
    struct stat facts;
    char *path = path_join(list->folder, file);
    const bool there = stat(path, &facts) == 0 && S_ISREG(facts.st_mode);
    free(path);
    return there ? (long long)facts.st_size : -1;
}

static void note_missing(PictureList *list, LeftOut *left, const char *file)
{
    Arena *arena = &list->data->arena;
    left->files[left->count] = file;
    left->reasons[left->count++] = arena_format(arena, "%s/%s: it is not there", list->folder, file);
}

static bool check_missing(const PictureList *list, const char *what, const LeftOut *left, Error *err)
{
    if (left->count == 0 || (list->data->kind->loses_pictures && list->count > 0)) return true;
    Text names = {0};
    for (size_t i = 0; i < left->count && i < SHOWN; i++) text_addf(&names, "%s%s", i ? ", " : "", left->files[i]);
    if (left->count > SHOWN) text_add(&names, ", ...");
    fail(err,
         "%s: of its %zu pictures %zu are not in %s (%s); put them there, or see them all by palbench data check %s",
         what, list->count + left->count, left->count, list->folder, names.data, list->data->name);
    text_free(&names);
    return false;
}

/* Leaves what is there; sizes go into the digest. */
static void look_for_files(PictureList *list, LeftOut *left, Hash *hash)
{
    Dataset *d = list->data;
    size_t kept = 0;
    left->files = arena_alloc(&d->arena, (list->count + 1) * sizeof *left->files);
    left->reasons = arena_alloc(&d->arena, (list->count + 1) * sizeof *left->reasons);
    for (size_t i = 0; i < list->count; i++) {
        char text[32];
        const long long size = size_of(list, list->files[i]);
        if (size < 0) note_missing(list, left, list->files[i]);
        if (size < 0 && !d->survey) continue;
        snprintf(text, sizeof text, "%lld", size);
        hash_add_text(hash, list->files[i]);
        hash_add_text(hash, text);
        move_row(list, kept++, i);
    }
    list->count = kept;
}

bool picture_list_to_split(PictureList *list, const char *what, Split *split, Error *err)
{
    Dataset *d = list->data;
    if (list->count == 0) return fail(err, "%s: it lists no picture; fetch the list again", what);
    list->count = dataset_limited(d, list->count);
    Hash *hash = hash_new();
    for (size_t c = 0; c < d->class_count; c++) hash_add_text(hash, d->classes[c].names[0]);
    look_for_files(list, &split->left_out, hash);
    hash_add(hash, list->labels, list->count * d->class_count);
    hash_finish(hash, split->fingerprint);
    if (!d->survey && !check_missing(list, what, &split->left_out, err)) return false;
    split->count = list->count;
    split->files = arena_alloc(&d->arena, (list->count + 1) * sizeof *split->files);
    memcpy(split->files, list->files, list->count * sizeof *split->files);
    split->labels = list->labels;
    list->labels = NULL;
    return true;
}
