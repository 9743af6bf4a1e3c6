/* A file's life in order: a temporary name, room reserved before every write, data sets, flush, cut to its length, on
 * the disk, renamed. The first failure is kept and told by artifact_commit, so that a writer of twenty data sets asks
 * once. */
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/base/version.h"
#include "harness/io/artifact_hdf5.h"
#include "harness/io/tensor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

enum {
    CHUNK_BYTES = 1 << 20,
    SAMPLE_BYTES = 1 << 18, /* what compression is judged by */
    GZIP_LEVEL = 4,
    SLACK_BYTES = 1 << 18, /* more than the headers of a data set or an attribute take */
};

/* After a failed write HDF5 1.10 cannot close its file: it tries to write what is left, fails again, keeps descriptor and
 * identifiers, and crashes when the program ends. So room is reserved before HDF5 writes (`reserve`): a full disk is met by us,
 * and what HDF5 still has to write has its place. Where a file system cannot reserve and a write fails nevertheless, HDF5's
 * descriptor is pointed at an anonymous file in memory, into which it writes the little that it holds and closes. The
 * temporary file is removed anyway. */
static void sink(ArtifactWriter *w)
{
    if (w->descriptor >= 0) dup2(w->sink, w->descriptor);
}

void artifact_record(ArtifactWriter *w, const char *what)
{
    const H5Reason reason = h5_reason();
    if (w->failed) return;
    w->failed = true;
    if (reason.system)
        temporary_fail(&w->first, w->path, reason.system);
    else
        fail(&w->first, "%s: cannot write %s (HDF5: %s)", w->path, what, reason.text);
    sink(w);
}

/* Room for `bytes` more beyond what HDF5 has laid out. The file grows to it and is cut back in the end. */
static bool reserve(ArtifactWriter *w, size_t bytes)
{
    hsize_t end = 0;
    if (w->failed || H5Fget_filesize(w->file, &end) < 0) return !w->failed;
    int code;
    do code = fallocate(w->descriptor, 0, 0, (off_t)(end + bytes + SLACK_BYTES)) == 0 ? 0 : errno;
    while (code == EINTR);
    if (code == 0 || code == EOPNOTSUPP || code == ENOSYS)
        return true; /* some network disks cannot; they learn it later */
    w->failed = true;
    return temporary_fail(&w->first, w->path, code);
}

/* Removes what was written. */
static void discard(ArtifactWriter *w)
{
    temporary_abandon(&w->place);
    if (w->sink >= 0) close(w->sink);
    free(w);
}

/* HDF5's own file descriptor, or -1. */
static int descriptor_of(hid_t file)
{
    void *handle = NULL;
    return H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) >= 0 && handle ? *(int *)handle : -1;
}

/* Tries the place with a few bytes. HDF5 writes its superblock while it creates a file, and if that fails it hands out nothing
 * that could be sunk. */
static bool try_place(Temporary *place)
{
    static const char bytes[4096];
    temporary_write(place, bytes, sizeof bytes);
    errno = place->reason;
    return place->reason == 0;
}

/* HDF5 opens by name. Through the descriptor it meets the file that we made, whatever stands under its name meanwhile; only where
 * /proc is not there it has to be the name. */
static hid_t create_in(const Temporary *place, H5Reason *reason)
{
    char descriptor[32];
    snprintf(descriptor, sizeof descriptor, "/proc/self/fd/%d", place->file);
    const hid_t access = h5_file_access(), made = H5Pcreate(H5P_FILE_CREATE);
    const hid_t creation_list =
        h5_whole(made, H5Pset_obj_track_times(made, false) >= 0); /* the root group has times, too */
    const char *name = path_exists(descriptor) ? descriptor : place->name;
    const hid_t file = H5Fcreate(name, H5F_ACC_TRUNC, creation_list, access);
    *reason = h5_reason();
    H5Pclose(creation_list);
    H5Pclose(access);
    return file;
}

char *artifact_library(void)
{
    unsigned version[3];
    H5get_libversion(&version[0], &version[1], &version[2]);
    return xformat("HDF5 %u.%u.%u", version[0], version[1], version[2]);
}

ArtifactWriter *artifact_create(const char *path, const char *config_json, Error *err)
{
    h5_start();
    Temporary place;
    if (!temporary_open(&place, path, err)) return NULL;
    ArtifactWriter *w = xcalloc(1, sizeof *w);
    *w = (ArtifactWriter){.place = place, .path = place.path, .file = -1};
    H5Reason reason = {.text = ""};
    w->sink = memfd_create("palbench", MFD_CLOEXEC);
    if (w->sink >= 0 && try_place(&w->place)) w->file = create_in(&w->place, &reason);
    if (w->file < 0) {
        if (reason.text[0] && !reason.system)
            fail(err, "%s: cannot write (HDF5: %s); choose another place", path, reason.text);
        else
            temporary_fail(err, path, reason.system ? reason.system : errno);
        discard(w);
        return NULL;
    }
    w->descriptor = descriptor_of(w->file);
    char *library = artifact_library(), *creator = xformat("palbench %s, %s", PALBENCH_VERSION, library);
    artifact_attribute_text(w, "palbench_version", PALBENCH_VERSION);
    artifact_attribute_text(w, "created_by", creator);
    artifact_attribute_text(w, "config", config_json ? config_json : "{}");
    free(creator);
    free(library);
    return w;
}

void artifact_abandon(ArtifactWriter *w)
{
    if (!w) return;
    H5Fclose(w->file);
    discard(w);
}

/* Cuts what was reserved and not needed. */
static bool cut_back(int file)
{
    uint64_t end;
    return h5_end(file, &end) && ftruncate(file, (off_t)end) == 0;
}

bool artifact_commit(ArtifactWriter *w, Error *err)
{
    if (!w->failed && H5Fflush(w->file, H5F_SCOPE_GLOBAL) < 0) artifact_record(w, "the end of the file");
    if (H5Fclose(w->file) < 0) artifact_record(w, "the end of the file");
    if (!w->failed && !(cut_back(w->place.file) && digest_append(w->place.file)))
        w->failed = true, temporary_fail(&w->first, w->path, errno);
    if (w->failed) {
        *err = w->first;
        discard(w);
        return false;
    }
    const bool good = temporary_commit(&w->place, err);
    close(w->sink);
    free(w);
    return good;
}

typedef struct Payload {
    const char *name;
    int rank;
    const size_t *dim;
    hid_t stored, given; /* types in the file and in memory */
    size_t size;         /* bytes an element in the file */
    const void *values;
    bool packed; /* compressed without asking whether it pays */
} Payload;

/* Strings that lie outside of their data set. */
static bool is_apart(const Payload *p)
{
    return H5Tis_variable_str(p->stored) > 0;
}

static size_t elements(const Payload *p)
{
    size_t count = 1;
    for (int i = 0; i < p->rank; i++) count *= p->dim[i];
    return count;
}

/* Whole rows up to a megabyte; a longer row is cut along its next axis. The pieces of an axis are made equally long, because a
 * chunk that hangs over the edge is stored whole. */
static void chunk_shape(const Payload *p, hsize_t *chunk)
{
    size_t rest = elements(p) * p->size; /* bytes of the axes from here on */
    bool cut = true;
    for (int i = 0; i < p->rank; i++) {
        const size_t dim = p->dim[i], whole = rest;
        rest /= dim;
        chunk[i] = dim;
        if (!cut || whole <= CHUNK_BYTES) continue;
        const size_t fits = rest > CHUNK_BYTES ? 1 : CHUNK_BYTES / rest, pieces = (dim + fits - 1) / fits;
        chunk[i] = (dim + pieces - 1) / pieces;
        cut = rest > CHUNK_BYTES;
    }
}

/* The most that a data set takes in the file: whole chunks with their index, or strings with their heaps. */
static size_t stored_bytes(const Payload *p)
{
    const size_t count = elements(p);
    size_t bytes = p->size;
    if (is_apart(p)) {
        const char *const *texts = p->values;
        for (size_t i = 0; i < count; i++) bytes += 2 * (strlen(texts[i]) + 64);
        return bytes;
    }
    if (!p->rank || !count) return bytes;
    hsize_t chunk[ARTIFACT_RANK_MAX];
    chunk_shape(p, chunk);
    size_t chunks = 1;
    for (int i = 0; i < p->rank; i++) {
        const size_t pieces = (p->dim[i] + chunk[i] - 1) / chunk[i];
        chunks *= pieces;
        bytes *= pieces * chunk[i];
    }
    return bytes + bytes / 1000 + chunks * 128;
}

static bool constant(const Payload *p, size_t count)
{
    const char *values = p->values;
    for (size_t i = 1; i < count; i++)
        if (memcmp(values, values + i * p->size, p->size) != 0) return false;
    return true;
}

/* Floats are noise to gzip unless they are all the same, which nobody knows of rows that are still to come; small integers nearly
 * always pay; of bytes (pictures, labels) a sample tells. */
static bool compression_pays(const Payload *p)
{
    const size_t count = elements(p);
    if (p->packed) return true;
    if (H5Tget_class(p->stored) == H5T_FLOAT) return p->values && count > 64 && constant(p, count);
    if (p->size > 1) return true;
    const size_t sample = count < SAMPLE_BYTES ? count : SAMPLE_BYTES;
    uLongf packed = compressBound(sample);
    Bytef *room = xmalloc(packed);
    const bool pays = compress2(room, &packed, p->values, sample, 1) == Z_OK && packed < sample - sample / 10;
    free(room);
    return pays;
}

/* Creation properties: no time stamps, so that equal content gives equal files; chunks with checksums, unless there is nothing
 * to check (a scalar, no elements). Texts lie outside the data set, beyond the reach of filters, and get a CRC of ours. */
static hid_t creation(const Payload *p)
{
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    bool good = H5Pset_obj_track_times(list, false) >= 0;
    if (!p->rank || !elements(p) || is_apart(p)) return h5_whole(list, good);
    hsize_t chunk[ARTIFACT_RANK_MAX];
    chunk_shape(p, chunk);
    good = good && H5Pset_chunk(list, p->rank, chunk) >= 0 && H5Pset_fill_time(list, H5D_FILL_TIME_NEVER) >= 0;
    if (good && compression_pays(p))
        good = (p->size == 1 || H5Pset_shuffle(list) >= 0) && H5Pset_deflate(list, GZIP_LEVEL) >= 0;
    return h5_whole(list, good && H5Pset_fletcher32(list) >= 0);
}

/* Flushed here, because closing a data set whose last chunk cannot be written leaks it. */
static bool put(hid_t data, const Payload *p)
{
    if (elements(p) && H5Dwrite(data, p->given, H5S_ALL, H5S_ALL, H5P_DEFAULT, p->values) < 0) return false;
    return H5Dflush(data) >= 0;
}

static void write_attribute(ArtifactWriter *w, hid_t object, const char *name, hid_t stored, hid_t given,
                            const void *value)
{
    if (w->failed) return;
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = H5Acreate2(object, name, stored, space, H5P_DEFAULT, H5P_DEFAULT);
    if (attribute < 0 || H5Awrite(attribute, given, value) < 0) artifact_record(w, name);
    if (attribute >= 0) H5Aclose(attribute);
    H5Sclose(space);
}

/* A data set without its values; negative after a failure, which is recorded. Close with H5Dclose. */
static hid_t create_data(ArtifactWriter *w, const Payload *p)
{
    if (p->rank > ARTIFACT_RANK_MAX) die("%s: %s: more than %d axes", w->path, p->name, ARTIFACT_RANK_MAX);
    if (!reserve(w, stored_bytes(p))) return -1;
    hsize_t dim[ARTIFACT_RANK_MAX] = {0};
    for (int i = 0; i < p->rank; i++) dim[i] = p->dim[i];
    const hid_t space = p->rank ? H5Screate_simple(p->rank, dim, NULL) : H5Screate(H5S_SCALAR);
    const hid_t list = creation(p);
    const hid_t data = H5Dcreate2(w->file, p->name, p->stored, space, H5P_DEFAULT, list, H5P_DEFAULT);
    if (data < 0) artifact_record(w, p->name);
    H5Pclose(list);
    H5Sclose(space);
    return data;
}

/* `crc`: of texts, NULL otherwise. */
static void write_data(ArtifactWriter *w, const Payload *p, const uint32_t *crc)
{
    const hid_t data = create_data(w, p);
    if (data < 0) return;
    if (!put(data, p)) artifact_record(w, p->name);
    if (crc) write_attribute(w, data, "crc32", H5T_STD_U32LE, H5T_NATIVE_UINT32, crc);
    H5Dclose(data);
}

hid_t artifact_create_floats(ArtifactWriter *w, const char *name, int rank, const size_t *dim, bool half, size_t *chunk)
{
    const hid_t type = h5_number_type(half ? NUMBER_HALF : NUMBER_FLOAT, true);
    const Payload p = {name, rank, dim, type, type, half ? 2 : 4, NULL, false};
    hsize_t shape[ARTIFACT_RANK_MAX] = {1};
    if (elements(&p)) chunk_shape(&p, shape);
    *chunk = (size_t)shape[0];
    const hid_t data = create_data(w, &p);
    H5Tclose(type);
    return data;
}

void artifact_write_floats(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const float *values)
{
    write_data(w, &(Payload){name, rank, dim, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, sizeof *values, values, false}, NULL);
}

void artifact_write_doubles(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const double *values)
{
    write_data(w, &(Payload){name, rank, dim, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, sizeof *values, values, false}, NULL);
}

void artifact_write_bytes(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const uint8_t *values)
{
    write_data(w, &(Payload){name, rank, dim, H5T_STD_U8LE, H5T_NATIVE_UINT8, sizeof *values, values, false}, NULL);
}

void artifact_write_int8(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const int8_t *values)
{
    write_data(w, &(Payload){name, rank, dim, H5T_STD_I8LE, H5T_NATIVE_INT8, sizeof *values, values, false}, NULL);
}

void artifact_write_int32(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const int32_t *values)
{
    write_data(w, &(Payload){name, rank, dim, H5T_STD_I32LE, H5T_NATIVE_INT32, sizeof *values, values, false}, NULL);
}

void artifact_write_int64(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const int64_t *values)
{
    write_data(w, &(Payload){name, rank, dim, H5T_STD_I64LE, H5T_NATIVE_INT64, sizeof *values, values, false}, NULL);
}

void artifact_write_uint64(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const uint64_t *values)
{
    write_data(w, &(Payload){name, rank, dim, H5T_STD_U64LE, H5T_NATIVE_UINT64, sizeof *values, values, false}, NULL);
}

void artifact_write_texts(ArtifactWriter *w, const char *name, size_t count, const char *const *values)
{
    const hid_t type = h5_text_type();
    const uint32_t crc = artifact_text_crc(values, count);
    write_data(w, &(Payload){name, 1, &count, type, type, sizeof *values, values, false}, &crc);
    H5Tclose(type);
}

/* Rounded here: HDF5 (1.10 at least) loses the carry where a fraction rounds up to the next power of two, and writes 0.25 for
 * 0.49991. */
void artifact_write_halves(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const float *values)
{
    const hid_t type = h5_number_type(NUMBER_HALF, true);
    Payload p = {name, rank, dim, type, type, sizeof(uint16_t), NULL, false};
    const size_t count = elements(&p);
    uint16_t *halves = NULL;
    Error reason;
    if (!w->failed && !big_alloc(&halves, count, sizeof *halves, name, &reason)) w->failed = true, w->first = reason;
    for (size_t i = 0; i < count && !w->failed; i++) halves[i] = float_to_half(values[i]);
    p.values = halves;
    if (!w->failed) write_data(w, &p, NULL);
    free(halves);
    H5Tclose(type);
}

void artifact_write_packed_floats(ArtifactWriter *w, const char *name, int rank, const size_t *dim, const float *values,
                                  bool half)
{
    const hid_t type = h5_number_type(half ? NUMBER_HALF : NUMBER_FLOAT, true);
    write_data(w, &(Payload){name, rank, dim, type, H5T_NATIVE_FLOAT, half ? 2 : 4, values, true}, NULL);
    H5Tclose(type);
}

void artifact_write_packed_texts(ArtifactWriter *w, const char *name, size_t count, const char *const *values)
{
    size_t width = 1;
    for (size_t i = 0; i < count; i++)
        if (strlen(values[i]) > width) width = strlen(values[i]);
    char *room = xcalloc(count ? count : 1, width);
    for (size_t i = 0; i < count; i++) memcpy(room + i * width, values[i], strlen(values[i]));
    const hid_t made = H5Tcopy(H5T_C_S1);
    const hid_t type = h5_whole(made, H5Tset_size(made, width) >= 0 && H5Tset_strpad(made, H5T_STR_NULLPAD) >= 0 &&
                                          H5Tset_cset(made, H5T_CSET_UTF8) >= 0);
    write_data(w, &(Payload){name, 1, &count, type, type, width, room, true}, NULL);
    H5Tclose(type);
    free(room);
}

void artifact_attribute_text(ArtifactWriter *w, const char *name, const char *value)
{
    if (!reserve(w, 2 * strlen(value))) return;
    const hid_t type = h5_text_type();
    write_attribute(w, w->file, name, type, type, &value);
    H5Tclose(type);
}

void artifact_attribute_number(ArtifactWriter *w, const char *name, double value)
{
    write_attribute(w, w->file, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

void artifact_attribute_integer(ArtifactWriter *w, const char *name, int64_t value)
{
    write_attribute(w, w->file, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}
