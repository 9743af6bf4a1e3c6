/* Walking a store and reading its files to the end. What a file is joined of is read as a file of its own, not through
 * it. */
#include "harness/cluster/store_tools.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH = 3, HASH_DIGITS = 16, ROWS_BYTES = 16 << 20, NUMBERS_AT_ONCE = 16 << 20 };

void store_outcome_free(StoreOutcome *o)
{
    text_list_free(&o->faults);
    text_list_free(&o->files);
}

/* ---- walking ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void walk(const char *store, const char *inner, int depth, TextList *files)
{
    char *folder = path_join(store, inner);
    DIR *dir = opendir(*inner ? folder : store);
    TextList names = {0};
    for (const struct dirent *entry; dir && (entry = readdir(dir));)
        if (entry->d_name[0] != '.') text_list_add(&names, entry->d_name);
    if (dir) closedir(dir);
    free(folder);
    if (names.count) qsort(names.items, names.count, sizeof *names.items, by_name);
    for (int folders = 1; folders >= 0; folders--)
        for (size_t i = 0; i < names.count; i++) {
            char *path = *inner ? path_join(inner, names.items[i]) : xstrdup(names.items[i]);
            char *place = path_join(store, path);
            if (folders && depth < DEPTH && path_is_folder(place))
                walk(store, path, depth + 1, files);
            else if (!folders && depth > 0 && text_ends(path, ".h5") && path_is_file(place))
                text_list_add(files, path);
            free(place), free(path);
        }
    text_list_free(&names);
}

void store_files(const char *store, TextList *files)
{
    walk(store, "", 0, files);
}

/* ---- reading ---- */

static void take_nothing(void *context, const void *values, size_t bytes)
{
    (void)context, (void)values, (void)bytes;
}

static bool read_integers(const ArtifactReader *r, const char *name, const ArtifactShape *s, Error *err)
{
    if (s->count <= NUMBERS_AT_ONCE) {
        size_t dim[ARTIFACT_RANK_MAX] = {0};
        int64_t *values;
        if (!artifact_read_int64(r, name, s->rank, dim, &values, err)) return false;
        free(values);
        return true;
    }
    const size_t row = s->count / s->dim[0], rows = row < ROWS_BYTES ? ROWS_BYTES / row : 1; /* pictures */
    uint8_t *values;
    bool good = big_alloc(&values, rows, row, "rows of a file", err);
    for (size_t at = 0; good && at < s->dim[0]; at += rows)
        good = artifact_read_byte_rows(r, name, at, s->dim[0] - at < rows ? s->dim[0] - at : rows, values, err);
    free(values);
    return good;
}

static bool read_data(const ArtifactReader *r, const char *name, bool joined, Error *err)
{
    ArtifactShape s;
    size_t dim[ARTIFACT_RANK_MAX] = {0};
    if (!artifact_shape(r, name, &s, err)) return false; /* of joined ones: every shard, and that they cover it */
    if (s.type == ARTIFACT_TEXT) {
        TextList texts;
        if (!artifact_read_texts(r, name, &texts, err)) return false;
        text_list_free(&texts);
        return true;
    }
    if (joined || !s.count) return true;
    if (s.type == ARTIFACT_INTEGER) return read_integers(r, name, &s, err);
    return artifact_stream_floats(r, name, s.rank, dim, false, take_nothing, NULL, err);
}

/* NAME-HASH.h5 has been made for HASH; shards have other names. */
static bool check_name(const ArtifactReader *r, const char *path, Error *err)
{
    char *hash;
    const size_t length = strlen(path), tail = HASH_DIGITS + strlen(".h5");
    if (!artifact_has_attribute(r, "hash")) return true;
    if (!artifact_attribute_get_text(r, "hash", &hash, err)) return false;
    const bool same = length > tail && strncmp(path + length - tail, hash, HASH_DIGITS) == 0;
    free(hash);
    return same || fail(err, "%s: holds another artifact than its name says", path);
}

static bool check_file(const char *path, Error *err)
{
    TextList names = {0}, shards = {0};
    ArtifactReader *r = artifact_open(path, err);
    if (!r) return false;
    bool good = check_name(r, path, err);
    if (good && (!artifact_names(r, &names) || !artifact_shards(r, &shards)))
        good = fail(err, "%s: damaged: its list of data sets cannot be read", path);
    for (size_t i = 0; i < names.count && good; i++) good = read_data(r, names.items[i], shards.count > 0, err);
    artifact_close(r);
    text_list_free(&names);
    text_list_free(&shards);
    return good;
}

void store_check(const char *store, Progress *progress, StoreOutcome *o)
{
    TextList files = {0};
    *o = (StoreOutcome){0};
    store_files(store, &files);
    progress_begin(progress, "reading", files.count, "files");
    for (size_t i = 0; i < files.count; i++) {
        Error err;
        struct stat info;
        char *path = path_join(store, files.items[i]);
        if (stat(path, &info) == 0) o->bytes += (double)info.st_size;
        if (check_file(path, &err))
            o->done++;
        else
            text_list_add(&o->faults, err.text);
        progress_step(progress, i + 1);
        free(path);
    }
    progress_end(progress);
    text_list_free(&files);
}

/* ---- what belongs together ---- */

const StoredFile *stored_with_hash(const StoredFiles *all, const char *hash)
{
    char tail[HASH_DIGITS + 5];
    snprintf(tail, sizeof tail, "-%.16s.h5", hash);
    for (size_t i = 0; i < all->count; i++)
        if (text_ends(all->items[i].path, tail)) return &all->items[i];
    return NULL;
}

bool shards_of_file(const char *store, const char *path, TextList *shards, Error *err)
{
    TextList own = {0};
    ArtifactReader *r = artifact_open(path, err);
    if (!r) return false;
    const bool good = artifact_shards(r, &own) || fail(err, "%s: damaged: its list of shards cannot be read", path);
    artifact_close(r);
    char *folder = path_folder(path);
    const char *inner = folder + strlen(store); /* files of a store lie below it */
    while (*inner == '/') inner++;
    for (size_t i = 0; good && i < own.count; i++) {
        char *shard = path_join(inner, own.items[i]);
        text_list_add(shards, shard);
        free(shard);
    }
    free(folder);
    text_list_free(&own);
    return good;
}

static bool take_inputs(const StoredFiles *all, const cJSON *inputs, bool *taken, TextList *missing, Error *err)
{
    const cJSON *input;
    cJSON_ArrayForEach(input, inputs)
    {
        if (!cJSON_IsString(input)) continue;
        const StoredFile *f = stored_with_hash(all, input->valuestring);
        if (!f || !store_has(f->path))
            text_list_add_once(missing, input->valuestring);
        else if (!store_closure(all, f, taken, missing, err))
            return false;
    }
    return true;
}

bool store_closure(const StoredFiles *all, const StoredFile *f, bool *taken, TextList *missing, Error *err)
{
    if (taken[f - all->items]) return true;
    taken[f - all->items] = true;
    char *text = NULL;
    ArtifactReader *r = artifact_open(f->path, err);
    const bool good = r && artifact_attribute_get_text(r, "config", &text, err);
    artifact_close(r);
    if (!good) return false;
    cJSON *config = cJSON_Parse(text);
    free(text);
    const bool all_of_it = take_inputs(all, cJSON_GetObjectItemCaseSensitive(config, "inputs"), taken, missing, err);
    cJSON_Delete(config);
    return all_of_it;
}
