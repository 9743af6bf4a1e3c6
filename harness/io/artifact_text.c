/* Strings and attributes out of artifacts: variable-length, as we write them, or fixed-length, as others may. */
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/artifact_hdf5.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

uint32_t artifact_text_crc(const char *const *texts, size_t count)
{
    uLong crc = crc32(0, NULL, 0);
    for (size_t i = 0; i < count; i++) crc = crc32_z(crc, (const Bytef *)texts[i], strlen(texts[i]) + 1);
    return (uint32_t)crc;
}

/* Files of others have no such attribute, and nothing to check. */
static bool check_crc(const H5File *f, hid_t data, const char *name, const TextList *values, Error *err)
{
    uint32_t stored = 0;
    if (H5Aexists(data, "crc32") <= 0) return true;
    const hid_t attribute = H5Aopen(data, "crc32", H5P_DEFAULT), space = H5Aget_space(attribute);
    const bool read = H5Sget_simple_extent_npoints(space) == 1 && H5Aread(attribute, H5T_NATIVE_UINT32, &stored) >= 0;
    H5Sclose(space);
    H5Aclose(attribute);
    if (read && stored == artifact_text_crc((const char *const *)values->items, values->count)) return true;
    return fail(err, "%s: %s: the texts do not match their checksum; damaged, delete it to have it made again", f->path,
                name);
}

/* The string in a field of `size` bytes: up to the first zero, without the blanks that Fortran pads with. */
static size_t fixed_length(const char *field, size_t size, hid_t type)
{
    size_t length = strnlen(field, size);
    if (H5Tget_strpad(type) == H5T_STR_SPACEPAD)
        while (length && field[length - 1] == ' ') length--;
    return length;
}

static bool read_variable(hid_t data, hid_t type, size_t count, char **room, TextList *values)
{
    if (H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, room) < 0) return false;
    for (size_t i = 0; i < count; i++) text_list_add(values, room[i] ? room[i] : "");
    const hid_t space = H5Dget_space(data);
    h5_free_texts(type, space, room);
    H5Sclose(space);
    return true;
}

static bool read_fixed(hid_t data, hid_t type, size_t count, char *room, TextList *values)
{
    const size_t size = H5Tget_size(type);
    if (H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, room) < 0) return false;
    for (size_t i = 0; i < count; i++)
        text_list_add_bytes(values, room + i * size, fixed_length(room + i * size, size, type));
    return true;
}

static bool read_column(const H5File *f, hid_t data, const char *name, TextList *values, Error *err)
{
    ArtifactShape s;
    if (!h5_inspect(f, data, name, &s, err)) return false;
    if (s.type != ARTIFACT_TEXT || s.rank != 1) return fail(err, "%s: %s: a column of texts is needed", f->path, name);
    const hid_t type = H5Dget_type(data);
    const bool variable = H5Tis_variable_str(type) > 0;
    void *room = NULL;
    bool good = big_alloc(&room, s.count, H5Tget_size(type), name, err) || fail_in(err, f->path);
    if (good && s.count) {
        good =
            variable ? read_variable(data, type, s.count, room, values) : read_fixed(data, type, s.count, room, values);
        if (!good) h5_unreadable(f, data, name, h5_reason(), err);
    }
    free(room);
    H5Tclose(type);
    return good && check_crc(f, data, name, values, err);
}

bool h5_read_texts(const H5File *f, const char *name, TextList *values, Error *err)
{
    *values = (TextList){0};
    const hid_t data = h5_data(f, name, err);
    if (data < 0) return false;
    const bool good = read_column(f, data, name, values, err);
    H5Dclose(data);
    if (!good) text_list_free(values);
    return good;
}

bool h5_has_attribute(const H5File *f, const char *name)
{
    return H5Aexists(f->file, name) > 0;
}

/* Opens an attribute that is one value of one of two classes. */
static hid_t open_attribute(const H5File *f, const char *name, H5T_class_t one, H5T_class_t other, const char *what,
                            Error *err)
{
    const hid_t attribute = h5_has_attribute(f, name) ? H5Aopen(f->file, name, H5P_DEFAULT) : -1;
    if (attribute < 0) {
        fail(err, "%s: has no attribute \"%s\"", f->path, name);
        return -1;
    }
    const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    const H5T_class_t class = H5Tget_class(type);
    const bool good = (class == one || class == other) && H5Sget_simple_extent_npoints(space) == 1;
    H5Tclose(type);
    H5Sclose(space);
    if (good) return attribute;
    H5Aclose(attribute);
    fail(err, "%s: attribute %s: %s is needed", f->path, name, what);
    return -1;
}

static bool unreadable(const H5File *f, const char *name, Error *err)
{
    return fail(err, "%s: attribute %s: cannot be read (HDF5: %s)", f->path, name, h5_reason().text);
}

static bool read_string(hid_t attribute, hid_t type, char **value)
{
    const size_t size = H5Tget_size(type);
    if (H5Tis_variable_str(type) > 0) {
        char *text = NULL;
        if (H5Aread(attribute, type, &text) < 0) return false;
        *value = xstrdup(text ? text : "");
        H5free_memory(text);
        return true;
    }
    char *field = xcalloc(size + 1, 1); /* an attribute lies in the object's header: small */
    if (H5Aread(attribute, type, field) < 0) {
        free(field);
        return false;
    }
    field[fixed_length(field, size, type)] = '\0';
    *value = field;
    return true;
}

bool h5_attribute_text(const H5File *f, const char *name, char **value, Error *err)
{
    const hid_t attribute = open_attribute(f, name, H5T_STRING, H5T_STRING, "a text", err);
    if (attribute < 0) return false;
    const hid_t type = H5Aget_type(attribute);
    const bool good = read_string(attribute, type, value) || unreadable(f, name, err);
    H5Tclose(type);
    H5Aclose(attribute);
    return good;
}

bool h5_attribute_number(const H5File *f, const char *name, double *value, Error *err)
{
    const hid_t attribute = open_attribute(f, name, H5T_FLOAT, H5T_INTEGER, "a number", err);
    if (attribute < 0) return false;
    const bool good = H5Aread(attribute, H5T_NATIVE_DOUBLE, value) >= 0 || unreadable(f, name, err);
    H5Aclose(attribute);
    return good;
}

bool h5_attribute_integer(const H5File *f, const char *name, int64_t *value, Error *err)
{
    const hid_t attribute = open_attribute(f, name, H5T_INTEGER, H5T_INTEGER, "a whole number", err);
    if (attribute < 0) return false;
    const bool good = H5Aread(attribute, H5T_NATIVE_INT64, value) >= 0 || unreadable(f, name, err);
    H5Aclose(attribute);
    return good;
}

typedef struct Rows {
    const H5File *file;
    TextList *list;
    size_t count;
} Rows;

/* One attribute as four texts: name, kind, value, value as a whole number; kind "t", "n", "i", or "" for what has to be asked for. */
static herr_t add_row(hid_t place, const char *name, const H5A_info_t *info, void *context)
{
    (void)place, (void)info;
    Rows *rows = context;
    const hid_t attribute = H5Aopen(rows->file->file, name, H5P_DEFAULT), type = H5Aget_type(attribute),
                space = H5Aget_space(attribute);
    const H5T_class_t class = H5Tget_class(type);
    char *text = NULL, *whole = NULL, *kind = "";
    double number;
    int64_t integer;
    const bool one = H5Sget_simple_extent_npoints(space) == 1;
    if (one && class == H5T_STRING && read_string(attribute, type, &text)) kind = "t";
    if (one && class == H5T_FLOAT && H5Aread(attribute, H5T_NATIVE_DOUBLE, &number) >= 0) kind = "n";
    if (one && class == H5T_INTEGER && H5Aread(attribute, H5T_NATIVE_DOUBLE, &number) >= 0 &&
        H5Aread(attribute, H5T_NATIVE_INT64, &integer) >= 0)
        kind = "i", whole = xformat("%lld", (long long)integer);
    if (!text && *kind) text = xformat("%.17g", number);
    const char *const row[] = {name, kind, text ? text : "", whole ? whole : ""};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) text_list_add(rows->list, row[i]);
    free(text), free(whole);
    H5Sclose(space), H5Tclose(type), H5Aclose(attribute);
    return ++rows->count < ATTRIBUTES_MOST ? 0 : 1;
}

bool h5_attributes(const H5File *f, TextList *rows)
{
    Rows context = {f, rows, 0};
    hsize_t next = 0;
    return H5Aiterate2(f->file, H5_INDEX_NAME, H5_ITER_NATIVE, &next, add_row, &context) == 0;
}
