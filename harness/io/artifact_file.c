/* An HDF5 file read by libhdf5, in a child process (artifact_child_internal.h). Numbers go out in pieces of whole rows, and whole rows of chunks,
 * so that a large data set needs little memory here and no chunk is unpacked twice. */
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/artifact_hdf5.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 32 << 20, MEMORY_BASE = 256 << 20, MEMORY_FACTOR = 8, SECONDS_BASE = 3, SECOND_BYTES = 20 << 20 };

/* ---- the file ---- */

static void limits_for(size_t file_bytes, size_t more)
{
    limit_memory(MEMORY_BASE + MEMORY_FACTOR * file_bytes + more);
    limit_time(SECONDS_BASE + (file_bytes + more) / SECOND_BYTES);
}

/* Before libhdf5 sees it: the size sets the limits, and the digest is held against what it was made of. */
static bool look_at(const char *path, const char *place, Error *err)
{
    const int file = open(place, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    if (file < 0) return fail(err, "%s: cannot open: %s", path, strerror(errno));
    bool good = fstat(file, &info) == 0 && S_ISREG(info.st_mode);
    if (good) limits_for((size_t)info.st_size, 0);
    good = good ? digest_check(file, path, err) : fail(err, "%s: is not a file", path);
    close(file);
    return good;
}

/* A file of the newer format says itself that its writer has not closed it. */
static void cannot_open(const char *path, const H5Reason *reason, Error *err)
{
    if (strstr(reason->text, "already open for"))
        fail(err,
             "%s: was not closed by its writer, which still writes or was interrupted; write it anew, or, if all of it "
             "had arrived, clear its mark (h5clear -s FILE)",
             path);
    else
        fail(err, "%s: damaged or not an HDF5 file (HDF5: %s); one of palbench's is made again when you delete it",
             path, reason->text);
}

H5File *h5_open(const char *path, const char *place, Error *err)
{
    limit_files(true);
    if (!look_at(path, place, err)) return NULL;
    const hid_t access = h5_file_access();
    const hid_t id = H5Fopen(place, H5F_ACC_RDONLY, access);
    const H5Reason reason = h5_reason();
    H5Pclose(access);
    limit_files(false);
    if (id < 0) {
        cannot_open(path, &reason, err);
        return NULL;
    }
    H5File *f = xcalloc(1, sizeof *f);
    *f = (H5File){xstrdup(path), xstrdup(place), id};
    return f;
}

void h5_close(H5File *f)
{
    if (!f) return;
    H5Fclose(f->file);
    free(f->path), free(f->place);
    free(f);
}

hid_t h5_data(const H5File *f, const char *name, Error *err)
{
    const H5Kind kind = h5_kind(f->file, name);
    if (kind == H5_DAMAGED) {
        fail(err, "%s: %s: cannot be read; damaged, %s", f->path, name, h5_advice(f));
        return -1;
    }
    if (kind == H5_ELSEWHERE) {
        fail(err, "%s: %s: leads into another file, where palbench does not follow; copy the data set into this file",
             f->path, name);
        return -1;
    }
    if (kind != H5_DATA) {
        fail(err, "%s: has no data set \"%s\"; see what it holds with `palbench inspect`", f->path, name);
        return -1;
    }
    const hid_t access = h5_data_access();
    const hid_t data = H5Dopen2(f->file, name, access);
    const H5Reason reason = h5_reason();
    H5Pclose(access);
    if (data < 0) fail(err, "%s: %s: cannot be opened (HDF5: %s)", f->path, name, reason.text);
    return data;
}

/* ---- numbers ---- */

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

static bool check_shape(const H5File *f, const H5Numbers *n, const ArtifactShape *s, Error *err)
{
    bool fits = s->rank == n->rank;
    for (int i = 0; i < n->rank && fits; i++) fits = !n->dim[i] || n->dim[i] == s->dim[i];
    if (fits) return true;
    Text text = {0};
    add_shape(&text, s->rank, s->dim, false);
    text_add(&text, " where ");
    add_shape(&text, n->rank, n->dim, true);
    fail(err, "%s: %s: has the shape %s is needed", f->path, n->name, text.data);
    text_free(&text);
    return false;
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
static bool transfer(const H5File *f, hid_t data, const char *name, NumberType type, hid_t room, hid_t rows,
                     void *values, Error *err)
{
    bool misfit = false;
    const hid_t made = H5Pcreate(H5P_DATASET_XFER), memory = h5_number_type(type, false);
    const hid_t list = h5_whole(made, H5Pset_type_conv_cb(made, judge_conversion, &misfit) >= 0);
    const bool good = H5Dread(data, memory, room, rows, list, values) >= 0;
    const H5Reason reason = h5_reason();
    H5Pclose(list);
    H5Tclose(memory);
    if (good) return true;
    if (misfit) return fail(err, "%s: %s: holds values that do not fit the whole numbers needed", f->path, name);
    return h5_unreadable(f, data, name, reason, err);
}

/* Rows first ... first + count - 1 along axis 0. */
static bool transfer_rows(const H5File *f, hid_t data, const char *name, NumberType type, const ArtifactShape *s,
                          size_t first, size_t count, void *values, Error *err)
{
    hsize_t start[ARTIFACT_RANK_MAX] = {first}, dim[ARTIFACT_RANK_MAX] = {count};
    for (int i = 1; i < s->rank; i++) dim[i] = s->dim[i];
    const hid_t rows = H5Dget_space(data), room = H5Screate_simple(s->rank, dim, NULL);
    bool good = H5Sselect_hyperslab(rows, H5S_SELECT_SET, start, NULL, dim, NULL) >= 0 ||
                fail(err, "%s: %s: its rows cannot be chosen", f->path, name);
    good = good && transfer(f, data, name, type, room, rows, values, err);
    H5Sclose(room);
    H5Sclose(rows);
    return good;
}

/* Rows of a piece: as many as PIECE_BYTES hold, but whole chunks. */
static size_t piece_rows(hid_t data, const ArtifactShape *s, size_t row_bytes)
{
    const hid_t list = H5Dget_create_plist(data);
    hsize_t chunk[ARTIFACT_RANK_MAX] = {1};
    if (H5Pget_layout(list) == H5D_CHUNKED) H5Pget_chunk(list, ARTIFACT_RANK_MAX, chunk);
    H5Pclose(list);
    const size_t step = chunk[0] ? (size_t)chunk[0] : 1, fitting = PIECE_BYTES / row_bytes / step * step;
    const size_t rows = fitting ? fitting : step;
    return rows < s->dim[0] ? rows : s->dim[0];
}

static bool read_pieces(const H5File *f, hid_t data, const H5Numbers *n, const ArtifactShape *s, Error *err)
{
    const size_t rows = s->rank ? s->dim[0] : 1, row_bytes = s->count / rows * number_bytes(n->type);
    const size_t most = s->rank ? piece_rows(data, s, row_bytes) : 1;
    struct stat info;
    void *room;
    if (stat(f->place, &info) == 0) limits_for((size_t)info.st_size, s->count * number_bytes(n->type));
    if (!big_alloc(&room, most, row_bytes, n->name, err)) return fail_in(err, f->path);
    bool good = true;
    for (size_t first = 0; first < rows && good; first += most) {
        const size_t count = rows - first < most ? rows - first : most;
        good = s->rank ? transfer_rows(f, data, n->name, n->type, s, first, count, room, err)
                       : transfer(f, data, n->name, n->type, H5S_ALL, H5S_ALL, room, err);
        if (good && !n->take(n->context, room, count * row_bytes)) break;
    }
    free(room);
    return good;
}

bool h5_read_numbers(const H5File *f, const H5Numbers *n, Error *err)
{
    const hid_t data = h5_data(f, n->name, err);
    if (data < 0) return false;
    ArtifactShape s;
    bool good = h5_inspect(f, data, n->name, &s, err);
    if (good && s.type != ARTIFACT_FLOAT && s.type != ARTIFACT_INTEGER)
        good = fail(err, "%s: %s: holds %s, numbers are needed", f->path, n->name, type_name(s.type));
    good = good && check_shape(f, n, &s, err);
    if (good && n->begin(n->context, &s) && s.count) good = read_pieces(f, data, n, &s, err);
    H5Dclose(data);
    return good;
}

static bool rows_are_there(const H5File *f, const char *name, const ArtifactShape *s, size_t first, size_t count,
                           Error *err)
{
    if (s->type != ARTIFACT_INTEGER)
        return fail(err, "%s: %s: holds %s, numbers are needed", f->path, name, type_name(s->type));
    if (s->rank < 1 || first > s->dim[0] || count > s->dim[0] - first)
        return fail(err, "%s: %s: has no rows %zu to %zu", f->path, name, first, first + count);
    return true;
}

bool h5_read_rows(const H5File *f, const H5Numbers *n, size_t first, size_t count, Error *err)
{
    const hid_t data = h5_data(f, n->name, err);
    if (data < 0) return false;
    ArtifactShape s;
    void *room = NULL;
    struct stat info;
    bool good = h5_inspect(f, data, n->name, &s, err) && rows_are_there(f, n->name, &s, first, count, err);
    const size_t bytes = good && s.dim[0] ? s.count / s.dim[0] * count * number_bytes(n->type) : 0;
    if (good && stat(f->place, &info) == 0) limits_for((size_t)info.st_size, bytes);
    good = good && (big_alloc(&room, bytes, 1, n->name, err) || fail_in(err, f->path));
    if (good && bytes) good = transfer_rows(f, data, n->name, n->type, &s, first, count, room, err);
    if (good && n->begin(n->context, &s)) n->take(n->context, room, bytes); /* nothing can fail any more */
    H5Dclose(data);
    free(room);
    return good;
}
