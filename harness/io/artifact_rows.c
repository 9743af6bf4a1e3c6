/* A few rows of a data set that is too large to read for them. */
#include "harness/base/memory.h"
#include "harness/io/artifact_hdf5.h"

#include <stdlib.h>

static bool is_bytes(hid_t data)
{
    const hid_t type = H5Dget_type(data);
    const bool bytes = H5Tget_size(type) == 1 && H5Tget_sign(type) == H5T_SGN_NONE;
    H5Tclose(type);
    return bytes;
}

static bool read_rows(const ArtifactReader *r, hid_t data, const char *name, const ArtifactShape *s, size_t first,
                      size_t count, uint8_t **values, Error *err)
{
    hsize_t start[ARTIFACT_RANK_MAX] = {first}, size[ARTIFACT_RANK_MAX];
    size_t each = 1;
    for (int i = 0; i < s->rank; i++) size[i] = i ? s->dim[i] : count, each *= i ? s->dim[i] : 1;
    if (!big_alloc(values, count * each, 1, name, err)) return fail_in(err, r->path);
    const hid_t file = H5Dget_space(data), memory = H5Screate_simple(s->rank, size, NULL);
    const bool good = H5Sselect_hyperslab(file, H5S_SELECT_SET, start, NULL, size, NULL) >= 0 &&
                      H5Dread(data, H5T_NATIVE_UINT8, memory, file, H5P_DEFAULT, *values) >= 0;
    const H5Reason reason = h5_reason();
    H5Sclose(file), H5Sclose(memory);
    if (good) return true;
    free(*values);
    *values = NULL;
    return fail(err, "%s: %s: cannot be read (HDF5: %s); damaged, delete it to have it made again", r->path, name,
                reason.text);
}

bool artifact_read_byte_rows(const ArtifactReader *r, const char *name, size_t first, size_t count, uint8_t **values,
                             Error *err)
{
    const hid_t data = artifact_data(r, name, err);
    if (data < 0) return false;
    ArtifactShape s;
    bool good = artifact_inspect(r, data, name, &s, err);
    if (good && (s.type != ARTIFACT_INTEGER || s.rank < 1 || !is_bytes(data)))
        good = fail(err, "%s: %s: bytes are needed", r->path, name);
    if (good && (count == 0 || first >= s.dim[0] || count > s.dim[0] - first))
        good = fail(err, "%s: %s: has %zu rows, %zu from row %zu are needed", r->path, name, s.dim[0], count, first);
    good = good && read_rows(r, data, name, &s, first, count, values, err);
    H5Dclose(data);
    return good;
}
