/* Opening a checkpoint by what it begins with, and sharded ones: every shard is opened once, when the index first names it. */
#include "harness/io/tensor_file.h"

#include "harness/base/text.h"
#include "harness/io/json.h"
#include "harness/io/tensor_file_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SHARDS_MAX = 4096, BEGINNING = 512 };

struct TensorFile {
    Arena arena;
    TensorPart *parts;
    size_t part_count;
    TensorView *views; /* sorted by name */
    size_t count;
};

int tensor_by_name(const void *a, const void *b)
{
    return strcmp(((const TensorView *)a)->name, ((const TensorView *)b)->name);
}

/* ---- one file ---- */

/* What people have in place of a checkpoint, by how it begins. */
static const struct {
    const char *bytes;
    size_t at, count;
    const char *what;
} often[] = {
    {"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20", 0, 10,
     "the format of torch.save before PyTorch 1.6, which is not read; convert it once: python3 -c 'import torch; "
     "torch.save(torch.load(\"OLD.pt\", weights_only=True), \"NEW.pt\")'"},
    {"\x80", 0, 1,
     "a bare pickle, not an archive of torch.save; save it again with torch.save(model.state_dict(), FILE)"},
    {"ustar", 257, 5, "a tar archive; unpack it and name the file in it"},
    {"\x1f\x8b", 0, 2, "packed with gzip; unpack it first"},
    {"GGUF", 0, 4, "a GGUF file, which is not read; safetensors or a PyTorch file is needed"},
    {"version https://git-lfs", 0, 23, "a pointer of git-lfs in place of the file itself; fetch it with: git lfs pull"},
    {"<!DOCTYPE", 0, 9, "a web page in place of a file; fetch it again"},
    {"<html", 0, 5, "a web page in place of a file; fetch it again"},
    {"\x89HDF\r\n\x1a\n", 0, 8, "an HDF5 file; safetensors or a PyTorch file is needed"},
};

static bool not_ours(const char *path, const unsigned char *bytes, size_t count, Error *err)
{
    for (size_t i = 0; i < sizeof often / sizeof *often; i++)
        if (often[i].at + often[i].count <= count && !memcmp(bytes + often[i].at, often[i].bytes, often[i].count))
            return fail(err, "%s: %s", path, often[i].what);
    return fail(err, "%s: neither safetensors nor a PyTorch archive; truncated, or another kind of file", path);
}

static bool read_beginning(const char *path, unsigned char *bytes, size_t *count, Error *err)
{
    struct stat status;
    if (stat(path, &status) != 0) return fail(err, "%s: cannot open: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode)) return fail(err, "%s: not a file; name the checkpoint's file itself", path);
    FILE *file = fopen(path, "rb");
    if (!file) return fail(err, "%s: cannot open: %s", path, strerror(errno));
    *count = fread(bytes, 1, BEGINNING, file);
    fclose(file);
    return true;
}

static bool open_part(TensorFile *file, TensorPart *part, Error *err)
{
    static const TensorFormat *const formats[] = {&tensor_format_torch, &tensor_format_safetensors};
    unsigned char bytes[BEGINNING];
    size_t count = 0;
    if (!read_beginning(part->path, bytes, &count, err)) return false;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (!formats[i]->matches(bytes, count)) continue;
        part->format = formats[i];
        return formats[i]->open(part, &file->arena, err);
    }
    return not_ours(part->path, bytes, count, err);
}

static bool open_single(TensorFile *file, const char *path, Error *err)
{
    file->parts = arena_alloc(&file->arena, sizeof *file->parts);
    file->part_count = 1;
    file->parts->path = arena_strdup(&file->arena, path);
    if (!open_part(file, file->parts, err)) return false;
    file->views = file->parts->views;
    file->count = file->parts->count;
    return true;
}

/* ---- shards ---- */

static const TensorView *find_in(const TensorView *views, size_t count, const char *name)
{
    const TensorView key = {.name = name};
    return count ? bsearch(&key, views, count, sizeof key, tensor_by_name) : NULL;
}

static TensorPart *open_next(TensorFile *file, const char *path, Json entry, Error *err)
{
    for (size_t i = 0; i < file->part_count; i++)
        if (strcmp(file->parts[i].path, path) == 0) return &file->parts[i];
    if (file->part_count == SHARDS_MAX) {
        json_fail(entry, err, "more than %d shards", SHARDS_MAX);
        return NULL;
    }
    TensorPart *part = &file->parts[file->part_count++];
    part->path = arena_strdup(&file->arena, path);
    return open_part(file, part, err) ? part : NULL;
}

/* The shard with this file name. Shards lie beside the index: a name that leads elsewhere is not followed. */
static TensorPart *shard_named(TensorFile *file, const char *folder, Json entry, Error *err)
{
    const char *name;
    if (!json_as_string(entry, &name, err)) return NULL;
    if (!*name || strchr(name, '/') || strcmp(name, "..") == 0 || strcmp(name, ".") == 0) {
        json_fail(entry, err, "\"%s\" is not the plain name of a file beside the index", name);
        return NULL;
    }
    char *path = path_join(folder, name);
    TensorPart *part = open_next(file, path, entry, err);
    free(path);
    return part;
}

static bool open_index(TensorFile *file, const char *path, Json map, Error *err)
{
    const size_t count = json_count(map);
    char *folder = path_folder(path);
    file->parts = arena_alloc(&file->arena, (count < SHARDS_MAX ? count : SHARDS_MAX) * sizeof *file->parts);
    file->views = arena_alloc(&file->arena, count * sizeof *file->views);
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        const Json entry = json_at(map, i);
        const TensorPart *part = shard_named(file, folder, entry, err);
        const TensorView *view = part ? find_in(part->views, part->count, json_key(entry)) : NULL;
        if (view)
            file->views[file->count++] = *view;
        else if (part)
            fail(err, "%s: has no tensor %s, which %s says it has", part->path, json_key(entry), path);
        good = view != NULL;
    }
    free(folder);
    qsort(file->views, file->count, sizeof *file->views, tensor_by_name);
    return good;
}

static bool open_sharded(TensorFile *file, const char *path, Error *err)
{
    JsonFile *index = json_read(path, err);
    Json map;
    const bool good =
        index && json_object(json_root(index), "weight_map", &map, err) && open_index(file, path, map, err);
    json_free(index);
    return good;
}

/* ---- outside ---- */

TensorFile *tensor_file_open(const char *path, Error *err)
{
    TensorFile *file = xcalloc(1, sizeof *file);
    if (text_ends(path, ".json") ? open_sharded(file, path, err) : open_single(file, path, err)) return file;
    err->exit_status = EXIT_WORK_FAILED; /* the JSON of a checkpoint is data, not a configuration of the user's */
    tensor_file_close(file);
    return NULL;
}

TensorFile *tensor_file_select(const TensorFile *file, TensorRename *rename, const void *context, Error *err)
{
    TensorFile *selected = xcalloc(1, sizeof *selected);
    selected->views = arena_alloc(&selected->arena, (file->count + 1) * sizeof *selected->views);
    for (size_t i = 0; i < file->count; i++) {
        char name[TENSOR_NAME_BYTES];
        if (!rename(context, file->views[i].name, name)) continue;
        TensorView *view = &selected->views[selected->count++];
        *view = file->views[i];
        view->name = arena_strdup(&selected->arena, name);
    }
    qsort(selected->views, selected->count, sizeof *selected->views, tensor_by_name);
    for (size_t i = 1; i < selected->count; i++) {
        const TensorView *view = &selected->views[i];
        if (strcmp(view[-1].name, view->name) != 0) continue;
        fail(err, "%s: two tensors stand for \"%s\"; damaged", view->file, view->name);
        tensor_file_close(selected);
        return NULL;
    }
    return selected;
}

void tensor_file_close(TensorFile *file)
{
    if (!file) return;
    for (size_t i = 0; i < file->part_count; i++)
        if (file->parts[i].format) file->parts[i].format->close(&file->parts[i]);
    arena_free(&file->arena);
    free(file);
}

size_t tensor_file_count(const TensorFile *file)
{
    return file->count;
}

const TensorView *tensor_file_at(const TensorFile *file, size_t i)
{
    return i < file->count ? &file->views[i] : NULL;
}

const TensorView *tensor_file_find(const TensorFile *file, const char *name)
{
    return find_in(file->views, file->count, name);
}

const char *tensor_file_metadata(const TensorFile *file, const char *key)
{
    for (size_t i = 0; i < file->part_count; i++) {
        const TensorPart *part = &file->parts[i];
        const char *text = part->format->metadata ? part->format->metadata(part, key) : NULL;
        if (text) return text;
    }
    return NULL;
}

const char *tensor_file_format(const TensorFile *file)
{
    return file->part_count ? file->parts->format->name : "empty";
}

const char *tensor_file_variant(const TensorFile *file)
{
    return file->part_count ? file->parts->variant : NULL;
}
