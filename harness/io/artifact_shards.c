/* Data that lies in other files. HDF5 knows three ways: links into another file, raw data in another file, and virtual data sets that are put
 * together from others. A stranger's file has none of them: it could name any file of this machine, and what stands there would go
 * into a table or a report. Of ours only the third is left, and only with sources in the file's own shard folder. */
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/artifact_hdf5.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

bool h5_is_virtual(hid_t data)
{
    const hid_t list = H5Dget_create_plist(data);
    const bool is = H5Pget_layout(list) == H5D_VIRTUAL;
    H5Pclose(list);
    return is;
}

/* HDF5 keeps a % of a file name doubled. */
static void single_percents(char *name)
{
    char *to = name;
    for (const char *from = name; *from; from++) {
        *to++ = *from;
        if (from[0] == '%' && from[1] == '%') from++;
    }
    *to = '\0';
}

bool artifact_is_shard(const char *path, const char *source)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    const size_t stem = dot ? (size_t)(dot - name) : strlen(name), first = strcspn(source, "/");
    if (!first || !source[first]) return false; /* from the root, or no folder */
    for (const char *part = source; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && strchr("/", part[2])) return false;
    }
    char *shards = xformat("%s.shards", name);
    const bool own = (first == stem && dot && strncmp(source, name, stem) == 0) || strncmp(source, "shards/", 7) == 0 ||
                     (first == strlen(shards) && strncmp(source, shards, first) == 0);
    free(shards);
    return own;
}

/* Links may lead out of a folder whatever a name says: both are resolved. A source that is not there is told elsewhere. */
static bool lies_below(const char *folder, const char *path)
{
    char above[PATH_MAX], below[PATH_MAX];
    if (!realpath(path, below)) return true;
    if (!realpath(folder, above)) return false;
    const size_t length = strlen(above);
    return strncmp(above, below, length) == 0 && (below[length] == '/' || above[length - 1] == '/');
}

/* A source as HDF5 would open it: beside the file. Caller frees; NULL when it is none of the file's own. */
static char *source_place(const H5File *f, const char *source, Error *err)
{
    char *folder = path_folder(f->place), *place = path_join(folder, source);
    if (artifact_is_shard(f->place, source) && lies_below(folder, place)) {
        free(folder);
        return place;
    }
    fail(err,
         "%s: is put together from another file (%s), which is not in a shard folder of its own; palbench does not "
         "follow",
         f->path, source);
    free(folder), free(place);
    return NULL;
}

/* The data set of a shard, which must be a plain one of as many elements as it fills. */
static bool check_source(char *path, char *place, const char *name, hssize_t points, Error *err)
{
    H5File shard = {.path = path, .place = place};
    const hid_t access = h5_file_access();
    shard.file = H5Fopen(place, H5F_ACC_RDONLY, access);
    const H5Reason reason = h5_reason();
    H5Pclose(access);
    if (shard.file < 0)
        return fail(err, path_exists(place) ? "%s: damaged (HDF5: %s)" : "%s: cannot open: No such file or directory",
                    path, reason.text);
    const hid_t data = h5_data(&shard, name, err);
    ArtifactShape s;
    bool good = data >= 0;
    if (good && h5_is_virtual(data)) good = fail(err, "%s: %s: is joined of shards itself; join those", path, name);
    good = good && h5_inspect(&shard, data, name, &s, err);
    if (good && points != (hssize_t)s.count)
        good = fail(err, "%s: %s: its shape changed since it was joined", path, name);
    if (data >= 0) H5Dclose(data);
    H5Fclose(shard.file);
    return good;
}

/* One shard of a virtual data set. HDF5 fills in zeros for a shard that it cannot open, so we look ourselves. */
static bool check_shard(const H5File *f, hid_t list, size_t i, hsize_t *covered, Error *err)
{
    char file[4096], name[1024];
    const ssize_t length = H5Pget_virtual_filename(list, i, file, sizeof file),
                  name_length = H5Pget_virtual_dsetname(list, i, name, sizeof name);
    if (length < 0 || length >= (ssize_t)sizeof file || name_length < 0 || name_length >= (ssize_t)sizeof name)
        return fail(err, "%s: its list of shards is damaged", f->path);
    single_percents(file);
    char *place = source_place(f, file, err);
    if (!place) return false;
    const hid_t space = H5Pget_virtual_vspace(list, i);
    const hssize_t points = H5Sget_select_npoints(space);
    H5Sclose(space);
    *covered += points > 0 ? (hsize_t)points : 0;
    char *folder = path_folder(f->path), *path = path_join(folder, file);
    const bool good = check_source(path, place, name, points, err) || fail_in(err, f->path);
    free(folder), free(path), free(place);
    return good;
}

static bool add_sources(const H5File *f, hid_t data, TextList *shards)
{
    const hid_t list = H5Dget_create_plist(data);
    size_t count = 0;
    bool good = H5Pget_virtual_count(list, &count) >= 0;
    for (size_t i = 0; i < count && good; i++) {
        char file[4096];
        const ssize_t length = H5Pget_virtual_filename(list, i, file, sizeof file);
        good = length >= 0 && length < (ssize_t)sizeof file;
        if (!good) break;
        single_percents(file);
        good = artifact_is_shard(f->place, file);
        if (good) text_list_add_once(shards, file);
    }
    H5Pclose(list);
    return good;
}

bool h5_list_shards(const H5File *f, TextList *shards)
{
    TextList names = {0};
    bool good = h5_names(f->file, &names);
    for (size_t i = 0; i < names.count && good; i++) {
        Error unused;
        const hid_t data = h5_data(f, names.items[i], &unused);
        good = data >= 0 && (!h5_is_virtual(data) || add_sources(f, data, shards));
        if (data >= 0) H5Dclose(data);
    }
    text_list_free(&names);
    return good;
}

bool h5_check_shards(const H5File *f, hid_t list, const char *name, const ArtifactShape *s, Error *err)
{
    size_t count = 0;
    hsize_t covered = 0;
    H5Pget_virtual_count(list, &count);
    limit_files(true); /* those that are checked here, and that HDF5 reads afterwards */
    for (size_t i = 0; i < count; i++)
        if (!check_shard(f, list, i, &covered, err)) return false;
    return covered == s->count || fail(err, "%s: %s: its shards do not cover it", f->path, name);
}
