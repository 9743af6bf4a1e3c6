/* Reading goes through the same steps for every type: open the data set, look at its type and shape, hold them against
 * what is wanted, take memory, transfer. HDF5's reason is fetched right after each call that can fail, as the next
 * call forgets it. */
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/artifact_hdf5.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

ArtifactReader *artifact_open(const char *path, Error *err)
{
    h5_start();
    FILE *file = path_is_folder(path) ? NULL : fopen(path, "rbe");
    if (!file) {
        fail(err, "%s: cannot open: %s", path, path_is_folder(path) ? "it is a folder" : strerror(errno));
        return NULL;
    }
    fclose(file);
    const hid_t access = h5_file_access();
    const hid_t id = H5Fopen(path, H5F_ACC_RDONLY, access);
    const H5Reason reason = h5_reason();
    H5Pclose(access);
    if (id < 0) {
        fail(err, "%s: damaged or not an HDF5 file (HDF5: %s); one of palbench's is made again when you delete it",
             path, reason.text);
        return NULL;
    }
    ArtifactReader *r = xcalloc(1, sizeof *r);
    r->path = xstrdup(path);
    r->file = id;
    return r;
}

void artifact_close(ArtifactReader *r)
{
    if (!r) return;
    H5Fclose(r->file);
    free(r->path);
    free(r);
}

bool artifact_stands(const char *path, const char *config_json)
{
    Error reason; /* the caller makes the file again */
    ArtifactReader *r = path_exists(path) ? artifact_open(path, &reason) : NULL;
    char *have = NULL;
    const bool same = r && artifact_attribute_get_text(r, "config", &have, &reason) && strcmp(have, config_json) == 0;
    free(have);
    artifact_close(r);
    return same;
}

const char *artifact_path(const ArtifactReader *r)
{
    return r->path;
}

bool artifact_has(const ArtifactReader *r, const char *name)
{
    return h5_kind(r->file, name) == H5_DATA;
}

bool artifact_names(const ArtifactReader *r, struct TextList *names)
{
    return h5_names(r->file, names);
}

hid_t artifact_data(const ArtifactReader *r, const char *name, Error *err)
{
    const H5Kind kind = h5_kind(r->file, name);
    if (kind == H5_DAMAGED) {
        fail(err, "%s: %s: cannot be read; damaged, %s", r->path, name, artifact_advice(r));
        return -1;
    }
    if (kind != H5_DATA) {
        fail(err, "%s: has no data set \"%s\"; see what it holds with `palbench inspect`", r->path, name);
        return -1;
    }
    const hid_t access = h5_data_access();
    const hid_t data = H5Dopen2(r->file, name, access);
    const H5Reason reason = h5_reason();
    H5Pclose(access);
    if (data < 0) fail(err, "%s: %s: cannot be opened (HDF5: %s)", r->path, name, reason.text);
    return data;
}

bool artifact_shape(const ArtifactReader *r, const char *name, ArtifactShape *s, Error *err)
{
    const hid_t data = artifact_data(r, name, err);
    const bool good = data >= 0 && artifact_inspect(r, data, name, s, err);
    if (data >= 0) H5Dclose(data);
    return good;
}

static const char *type_name(ArtifactType type)
{
    static const char *const names[] = {"floats", "integers", "texts", "something else"};
    return names[type];
}

/* "[20, any]" */
static void add_shape(Text *text, int rank, const size_t *dim, bool wanted)
{
    text_add(text, "[");
    for (int i = 0; i < rank; i++) {
        if (i) text_add(text, ", ");
        if (wanted && !dim[i])
            text_add(text, "any");
        else
            text_addf(text, "%zu", dim[i]);
    }
    text_add(text, "]");
}

static bool check_shape(const ArtifactReader *r, const char *name, const ArtifactShape *s, int rank, size_t *dim,
                        Error *err)
{
    bool fits = s->rank == rank;
    for (int i = 0; i < rank && fits; i++) fits = !dim[i] || dim[i] == s->dim[i];
    if (!fits) {
        Text text = {0};
        add_shape(&text, s->rank, s->dim, false);
        text_add(&text, " where ");
        add_shape(&text, rank, dim, true);
        fail(err, "%s: %s: has the shape %s is needed", r->path, name, text.data);
        text_free(&text);
        return false;
    }
    for (int i = 0; i < rank; i++) dim[i] = s->dim[i];
    return true;
}

/* Conversion stops where an integer would be clipped or cut; floats may become infinite or lose digits. */
static H5T_conv_ret_t judge_conversion(H5T_conv_except_t what, hid_t from, hid_t to, void *value, void *result,
                                       void *context)
{
    (void)from, (void)value, (void)result;
    if (H5Tget_class(to) != H5T_INTEGER || what == H5T_CONV_EXCEPT_PRECISION) return H5T_CONV_UNHANDLED;
    *(bool *)context = true;
    return H5T_CONV_ABORT;
}

/* `rows`: what of the file is read; H5S_ALL with `room` H5S_ALL: everything. */
static bool transfer(const ArtifactReader *r, hid_t data, const char *name, hid_t memory, hid_t room, hid_t rows,
                     void *values, Error *err)
{
    bool misfit = false;
    const hid_t list = H5Pcreate(H5P_DATASET_XFER);
    H5Pset_type_conv_cb(list, judge_conversion, &misfit);
    const bool good = H5Dread(data, memory, room, rows, list, values) >= 0;
    const H5Reason reason = h5_reason();
    H5Pclose(list);
    if (good) return true;
    if (misfit) return fail(err, "%s: %s: holds values that do not fit the whole numbers needed", r->path, name);
    return artifact_unreadable(r, data, name, reason, err);
}

typedef struct Wanted {
    const char *name;
    int rank;
    size_t *dim;
    hid_t type;
    size_t size;
} Wanted;

/* `values`: address of the pointer that receives the array. */
static bool read_numbers(const ArtifactReader *r, Wanted w, void *values, Error *err)
{
    const hid_t data = artifact_data(r, w.name, err);
    if (data < 0) return false;
    ArtifactShape s;
    void *room = NULL;
    bool good = artifact_inspect(r, data, w.name, &s, err);
    if (good && s.type != ARTIFACT_FLOAT && s.type != ARTIFACT_INTEGER)
        good = fail(err, "%s: %s: holds %s, numbers are needed", r->path, w.name, type_name(s.type));
    good = good && check_shape(r, w.name, &s, w.rank, w.dim, err);
    if (good && !big_alloc(&room, s.count, w.size, w.name, err)) good = fail_in(err, r->path);
    if (good && s.count) good = transfer(r, data, w.name, w.type, H5S_ALL, H5S_ALL, room, err);
    H5Dclose(data);
    if (good)
        memcpy(values, &room, sizeof room);
    else
        free(room);
    return good;
}

bool artifact_read_floats(const ArtifactReader *r, const char *name, int rank, size_t *dim, float **values, Error *err)
{
    return read_numbers(r, (Wanted){name, rank, dim, H5T_NATIVE_FLOAT, sizeof **values}, values, err);
}

bool artifact_read_doubles(const ArtifactReader *r, const char *name, int rank, size_t *dim, double **values,
                           Error *err)
{
    return read_numbers(r, (Wanted){name, rank, dim, H5T_NATIVE_DOUBLE, sizeof **values}, values, err);
}

bool artifact_read_bytes(const ArtifactReader *r, const char *name, int rank, size_t *dim, uint8_t **values, Error *err)
{
    return read_numbers(r, (Wanted){name, rank, dim, H5T_NATIVE_UINT8, sizeof **values}, values, err);
}

bool artifact_read_int8(const ArtifactReader *r, const char *name, int rank, size_t *dim, int8_t **values, Error *err)
{
    return read_numbers(r, (Wanted){name, rank, dim, H5T_NATIVE_INT8, sizeof **values}, values, err);
}

bool artifact_read_int32(const ArtifactReader *r, const char *name, int rank, size_t *dim, int32_t **values, Error *err)
{
    return read_numbers(r, (Wanted){name, rank, dim, H5T_NATIVE_INT32, sizeof **values}, values, err);
}

bool artifact_read_int64(const ArtifactReader *r, const char *name, int rank, size_t *dim, int64_t **values, Error *err)
{
    return read_numbers(r, (Wanted){name, rank, dim, H5T_NATIVE_INT64, sizeof **values}, values, err);
}

bool artifact_read_uint64(const ArtifactReader *r, const char *name, int rank, size_t *dim, uint64_t **values,
                          Error *err)
{
    return read_numbers(r, (Wanted){name, rank, dim, H5T_NATIVE_UINT64, sizeof **values}, values, err);
}

static bool read_rows(const ArtifactReader *r, hid_t data, const char *name, const ArtifactShape *s, size_t first,
                      size_t count, uint8_t *values, Error *err)
{
    if (s->type != ARTIFACT_INTEGER)
        return fail(err, "%s: %s: holds %s, numbers are needed", r->path, name, type_name(s->type));
    if (s->rank < 1 || first > s->dim[0] || count > s->dim[0] - first)
        return fail(err, "%s: %s: has no rows %zu to %zu", r->path, name, first, first + count);
    hsize_t start[ARTIFACT_RANK_MAX] = {first}, dim[ARTIFACT_RANK_MAX] = {count};
    for (int i = 1; i < s->rank; i++) dim[i] = s->dim[i];
    const hid_t rows = H5Dget_space(data), room = H5Screate_simple(s->rank, dim, NULL);
    bool good = H5Sselect_hyperslab(rows, H5S_SELECT_SET, start, NULL, dim, NULL) >= 0 ||
                fail(err, "%s: %s: its rows cannot be chosen", r->path, name);
    good = good && transfer(r, data, name, H5T_NATIVE_UINT8, room, rows, values, err);
    H5Sclose(room);
    H5Sclose(rows);
    return good;
}

bool artifact_read_byte_rows(const ArtifactReader *r, const char *name, size_t first, size_t count, uint8_t *values,
                             Error *err)
{
    const hid_t data = artifact_data(r, name, err);
    if (data < 0) return false;
    ArtifactShape s;
    const bool good =
        artifact_inspect(r, data, name, &s, err) && read_rows(r, data, name, &s, first, count, values, err);
    H5Dclose(data);
    return good;
}
