/* Shards joined by HDF5 virtual data sets: numbers are not copied. Texts are, for they are small, and a virtual data set
 * would pass their checksums by. */
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/artifact_hdf5.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct Join {
    ArtifactWriter *writer;
    ArtifactReader **shards;
    char **names; /* of the shard files, as the joining file calls them */
    size_t count;
} Join;

/* A shard as its file calls it: from the folder of the file, both of them resolved, so that ".." and links do not mislead. Caller
 * frees; NULL when it lies elsewhere than in a shard folder, where nobody would read it. */
static char *shard_name(const char *path, const char *shard, Error *err)
{
    char from[PATH_MAX], to[PATH_MAX], *folder = path_folder(path);
    const bool found = realpath(folder, from) && realpath(shard, to);
    free(folder);
    if (!found) {
        fail(err, "%s: cannot be found from %s: %s", shard, path, strerror(errno));
        return NULL;
    }
    const size_t length = strcmp(from, "/") == 0 ? 0 : strlen(from);
    const bool below = strncmp(from, to, length) == 0 && to[length] == '/';
    if (below && artifact_is_shard(path, to + length + 1)) return xstrdup(to + length + 1);
    fail(err, "%s: does not lie in a shard folder of %s", shard, path);
    return NULL;
}

/* HDF5 reads % as the beginning of a pattern: it is doubled. Caller frees. */
static char *percents_doubled(const char *name)
{
    Text text = {0};
    for (const char *c = name; *c; c++) text_add(&text, *c == '%' ? "%%" : (const char[]){*c, '\0'});
    return text.data;
}

/* Shapes of one data set in every shard, and its type in all of them. */
static bool survey(const Join *j, const char *name, ArtifactShape *shapes, NumberType *type, Error *err)
{
    for (size_t i = 0; i < j->count; i++) {
        NumberType own;
        if (!artifact_stored(j->shards[i], name, &shapes[i], &own, err)) return false;
        if (own == NUMBER_OTHER || shapes[i].rank < 1)
            return fail(err, "%s: %s: is of a kind that cannot be joined", artifact_path(j->shards[i]), name);
        bool alike = shapes[i].rank == shapes[0].rank && (i == 0 || own == *type);
        for (int k = 1; alike && k < shapes[i].rank; k++) alike = shapes[i].dim[k] == shapes[0].dim[k];
        if (!alike)
            return fail(err, "%s: %s: type or shape differs from %s's; they cannot be joined",
                        artifact_path(j->shards[i]), name, artifact_path(j->shards[0]));
        *type = own;
    }
    return true;
}

/* Lays shard after shard along axis 0 of `whole`. */
static bool map_shards(const Join *j, const char *name, const ArtifactShape *shapes, hid_t whole, hid_t list)
{
    bool good = true;
    hsize_t start[ARTIFACT_RANK_MAX] = {0}, dim[ARTIFACT_RANK_MAX];
    for (size_t i = 0; i < j->count && good; i++) {
        if (!shapes[i].count) continue;
        for (int k = 0; k < shapes[i].rank; k++) dim[k] = shapes[i].dim[k];
        const hid_t part = H5Screate_simple(shapes[i].rank, dim, NULL);
        good = H5Sselect_hyperslab(whole, H5S_SELECT_SET, start, NULL, dim, NULL) >= 0 &&
               H5Pset_virtual(list, whole, j->names[i], name, part) >= 0;
        H5Sclose(part);
        start[0] += shapes[i].dim[0];
    }
    H5Sselect_all(whole);
    return good;
}

static bool join_texts(const Join *j, const char *name, Error *err)
{
    TextList all = {0};
    bool good = true;
    for (size_t i = 0; i < j->count && good; i++) {
        TextList part;
        good = artifact_read_texts(j->shards[i], name, &part, err);
        for (size_t k = 0; good && k < part.count; k++) text_list_add(&all, part.items[k]);
        if (good) text_list_free(&part);
    }
    if (good) artifact_write_texts(j->writer, name, all.count, (const char *const *)all.items);
    text_list_free(&all);
    return good;
}

static bool join_numbers(const Join *j, const char *name, Error *err)
{
    ArtifactShape *shapes = xcalloc(j->count, sizeof *shapes);
    NumberType stored = NUMBER_OTHER;
    if (!survey(j, name, shapes, &stored, err)) {
        free(shapes);
        return false;
    }
    hsize_t dim[ARTIFACT_RANK_MAX] = {0};
    for (int k = 0; k < shapes[0].rank; k++) dim[k] = shapes[0].dim[k];
    for (size_t i = 1; i < j->count; i++) dim[0] += shapes[i].dim[0];
    const hid_t type = h5_number_type(stored, true);
    const hid_t whole = H5Screate_simple(shapes[0].rank, dim, NULL), made = H5Pcreate(H5P_DATASET_CREATE);
    const hid_t list = h5_whole(made, H5Pset_obj_track_times(made, false) >= 0);
    hid_t data = -1;
    if (map_shards(j, name, shapes, whole, list))
        data = H5Dcreate2(j->writer->file, name, type, whole, H5P_DEFAULT, list, H5P_DEFAULT);
    if (data < 0)
        artifact_record(j->writer, name);
    else
        H5Dclose(data);
    H5Pclose(list);
    H5Sclose(whole);
    H5Tclose(type);
    free(shapes);
    return true;
}

static bool join_data(const Join *j, const char *name, Error *err)
{
    ArtifactShape s;
    if (!artifact_shape(j->shards[0], name, &s, err)) return false;
    return s.type == ARTIFACT_TEXT ? join_texts(j, name, err) : join_numbers(j, name, err);
}

static bool open_shards(Join *j, const char *path, const char *const *shard_paths, Error *err)
{
    bool good = true;
    for (size_t i = 0; i < j->count && good; i++) {
        j->shards[i] = artifact_open(shard_paths[i], err);
        char *name = j->shards[i] ? shard_name(path, shard_paths[i], err) : NULL;
        good = name != NULL;
        if (good) j->names[i] = percents_doubled(name);
        free(name);
    }
    return good;
}

bool artifact_write_joined(ArtifactWriter *w, const char *const *shard_paths, size_t count, const char *const *names,
                           Error *err)
{
    if (!count) return fail(err, "%s: there are no shards to join", w->path);
    Join j = {.writer = w, .count = count};
    j.shards = xcalloc(count, sizeof *j.shards);
    j.names = xcalloc(count, sizeof *j.names);
    bool good = open_shards(&j, w->path, shard_paths, err);
    for (size_t i = 0; good && names[i]; i++) good = join_data(&j, names[i], err);
    for (size_t i = 0; i < count; i++) {
        artifact_close(j.shards[i]);
        free(j.names[i]);
    }
    free(j.shards);
    free(j.names);
    return good;
}

bool artifact_join(const char *path, const char *config_json, const char *const *shard_paths, size_t count,
                   const char *const *names, Error *err)
{
    ArtifactWriter *w = artifact_create(path, config_json, err);
    if (!w) return false;
    if (artifact_write_joined(w, shard_paths, count, names, err)) return artifact_commit(w, err);
    artifact_abandon(w);
    return false;
}
