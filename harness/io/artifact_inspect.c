/* What a data set claims, held against what the file really stores, before anybody allocates. */
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/artifact_hdf5.h"

#include <stdint.h>
#include <stdlib.h>

static ArtifactType type_of(hid_t data)
{
    const hid_t type = H5Dget_type(data);
    const H5T_class_t class = H5Tget_class(type);
    H5Tclose(type);
    return class == H5T_FLOAT                          ? ARTIFACT_FLOAT
           : class == H5T_INTEGER || class == H5T_ENUM ? ARTIFACT_INTEGER
           : class == H5T_STRING                       ? ARTIFACT_TEXT
                                                       : ARTIFACT_OTHER;
}

static bool read_extent(const H5File *f, hid_t data, const char *name, ArtifactShape *s, Error *err)
{
    const hid_t space = H5Dget_space(data);
    const int rank = H5Sget_simple_extent_ndims(space);
    hsize_t dim[ARTIFACT_RANK_MAX] = {0};
    const bool plain = H5Sget_simple_extent_type(space) != H5S_NULL && rank >= 0;
    if (plain && rank <= ARTIFACT_RANK_MAX) H5Sget_simple_extent_dims(space, dim, NULL);
    H5Sclose(space);
    if (!plain) return fail(err, "%s: %s: has no shape; damaged or not ours", f->path, name);
    if (rank > ARTIFACT_RANK_MAX)
        return fail(err, "%s: %s: %d axes; at most %d are read", f->path, name, rank, ARTIFACT_RANK_MAX);
    s->rank = rank;
    s->count = 1;
    for (int i = 0; i < rank; i++) {
        s->dim[i] = (size_t)dim[i];
        if (__builtin_mul_overflow(s->count, s->dim[i], &s->count))
            return fail(err, "%s: %s: more elements than a machine can address", f->path, name);
    }
    return true;
}

static H5Z_filter_t filter_of(hid_t list, int i)
{
    unsigned flags;
    size_t none = 0;
    return H5Pget_filter2(list, (unsigned)i, &flags, &none, NULL, 0, NULL, NULL);
}

static size_t chunk_bytes(hid_t list, size_t size)
{
    hsize_t dim[ARTIFACT_RANK_MAX];
    const int rank = H5Pget_chunk(list, ARTIFACT_RANK_MAX, dim);
    for (int i = 0; i < rank && i < ARTIFACT_RANK_MAX; i++) size *= (size_t)dim[i]; /* below 4 GB by the format */
    return size ? size : 1;
}

/* The most bytes that one stored byte can unpack to: 1 when all filters keep the size, 1032 with deflate; of the others we know
 * only that a chunk takes a byte. */
static size_t best_packing(hid_t list, size_t size)
{
    const int filters = H5Pget_nfilters(list);
    size_t best = 1;
    for (int i = 0; i < filters; i++) {
        const H5Z_filter_t id = filter_of(list, i);
        if (id == H5Z_FILTER_SHUFFLE || id == H5Z_FILTER_FLETCHER32) continue;
        if (id != H5Z_FILTER_DEFLATE) return chunk_bytes(list, size);
        best = 1032;
    }
    return best;
}

const char *h5_advice(const H5File *f)
{
    return h5_has_attribute(f, "palbench_version")
               ? "delete it to have it made again"
               : "palbench did not make it: fetch it again, or write it anew where it came from";
}

/* The filters that people's files carry, by the numbers that The HDF Group registers. */
static const struct {
    H5Z_filter_t id;
    const char *name;
} filter_names[] = {
    {H5Z_FILTER_DEFLATE, "gzip"},
    {H5Z_FILTER_SZIP, "szip"},
    {305, "lzo"},
    {307, "bzip2"},
    {32000, "lzf"},
    {32001, "blosc"},
    {32004, "lz4"},
    {32008, "bitshuffle"},
    {32013, "zfp"},
    {32015, "zstd"},
    {32017, "sz"},
    {32018, "fcidecomp"},
    {32019, "jpeg"},
    {32024, "sz3"},
    {32026, "blosc2"},
    {32028, "b3d"},
};

static const char *filter_name(H5Z_filter_t id)
{
    for (size_t i = 0; i < sizeof filter_names / sizeof *filter_names; i++)
        if (filter_names[i].id == id) return filter_names[i].name;
    return "a filter without a name here";
}

/* A filter that the library lacks is no damage: the file is whole for whoever has it. */
static bool lacks_filter(const H5File *f, hid_t data, const char *name, Error *err)
{
    const hid_t list = H5Dget_create_plist(data);
    const int filters = H5Pget_nfilters(list);
    bool lacks = false;
    for (int i = 0; i < filters && !lacks; i++) {
        const H5Z_filter_t id = filter_of(list, i);
        lacks = H5Zfilter_avail(id) <= 0;
        if (lacks)
            fail(
                err,
                "%s: %s: is packed with %s (HDF5 filter %d), which this HDF5 library cannot unpack; write it anew with "
                "gzip or without a filter where it can be read (h5repack -f GZIP=4 OLD NEW; in h5py "
                "new.create_dataset(NAME, data=old[NAME][()], compression=\"gzip\"))",
                f->path, name, filter_name(id), (int)id);
    }
    H5Pclose(list);
    return lacks;
}

bool h5_unreadable(const H5File *f, hid_t data, const char *name, H5Reason reason, Error *err)
{
    return !lacks_filter(f, data, name, err) &&
           fail(err, "%s: %s: cannot be read (HDF5: %s); damaged, %s", f->path, name, reason.text, h5_advice(f));
}

static bool check_storage(const H5File *f, hid_t data, hid_t list, const char *name, const ArtifactShape *s, Error *err)
{
    const hid_t type = H5Dget_type(data);
    const size_t size = H5Tget_size(type);
    H5Tclose(type);
    size_t bytes;
    if (__builtin_mul_overflow(s->count, size, &bytes))
        return fail(err, "%s: %s: more bytes than a machine can address", f->path, name);
    const hsize_t stored = H5Dget_storage_size(data);
    if (bytes / best_packing(list, size) <= stored) return true;
    return fail(err, "%s: %s: claims %zu elements but stores only %llu bytes; damaged or incomplete, %s", f->path, name,
                s->count, (unsigned long long)stored, h5_advice(f));
}

/* Raw data in other files: any file of this machine could be named. */
static bool check_here(const H5File *f, hid_t list, const char *name, Error *err)
{
    const int elsewhere = H5Pget_external_count(list);
    if (elsewhere < 0) return fail(err, "%s: %s: does not say where its values are; damaged", f->path, name);
    return !elsewhere || fail(err,
                              "%s: %s: keeps its values in another file, where palbench does not look; copy them into "
                              "this file (h5repack)",
                              f->path, name);
}

bool h5_inspect(const H5File *f, hid_t data, const char *name, ArtifactShape *s, Error *err)
{
    *s = (ArtifactShape){.type = type_of(data)};
    if (!read_extent(f, data, name, s, err)) return false;
    if (!s->count) return true;
    const hid_t list = H5Dget_create_plist(data);
    bool good = check_here(f, list, name, err);
    good = good &&
           (h5_is_virtual(data) ? h5_check_shards(f, list, name, s, err) : check_storage(f, data, list, name, s, err));
    H5Pclose(list);
    return good;
}
