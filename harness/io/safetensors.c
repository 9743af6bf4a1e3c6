/* The safetensors format: a JSON header, then the data, mapped read-only (safetensors.h). */
#include "harness/io/json.h"
#include "harness/io/tensor_file_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PREFIX = 8, HEADER_LIMIT = 100 << 20 }; /* the reference implementation's limit */

typedef struct Mapping {
    unsigned char *bytes;
    size_t size, data_start;
    JsonFile *header;
} Mapping;

static bool map_file(Mapping *m, const char *path, Error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(err, "%s: cannot open: %s", path, strerror(errno));
    struct stat status;
    bool good = fstat(fd, &status) == 0;
    if (!good) {
        fail(err, "%s: cannot read: %s", path, strerror(errno));
    } else if (!S_ISREG(status.st_mode)) {
        good = fail(err, "%s: not a file; name the .safetensors file itself", path);
    } else if (status.st_size < PREFIX) {
        good = fail(err, "%s: too short for a safetensors file (%lld bytes); fetch it again", path,
                    (long long)status.st_size);
    } else {
        m->size = (size_t)status.st_size;
        void *bytes = mmap(NULL, m->size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED)
            good = fail(err, "%s: cannot map: %s", path, strerror(errno));
        else
            m->bytes = bytes;
    }
    close(fd);
    return good;
}

/* The JSON header, after its length was checked against the file's. */
static bool read_header(Mapping *m, const char *path, Error *err)
{
    uint64_t length = 0;
    for (int i = 0; i < PREFIX; i++) length |= (uint64_t)m->bytes[i] << (8 * i);
    if (length > m->size - PREFIX || length > HEADER_LIMIT)
        return fail(err, "%s: its header claims %llu bytes, the file has %zu; truncated or not a safetensors file",
                    path, (unsigned long long)length, m->size);
    m->data_start = PREFIX + (size_t)length;
    m->header = json_parse(path, (const char *)m->bytes + PREFIX, (size_t)length, err);
    if (!m->header) return false;
    const Json root = json_root(m->header);
    return json_is_object(root) || json_fail(root, err, "the header is not a JSON object");
}

static bool read_type(Json entry, TensorView *view, Error *err)
{
    const char *name;
    if (!json_string(entry, "dtype", &name, err)) return false;
    return tensor_type_named(name, &view->type) ||
           json_fail(json_get(entry, "dtype"), err,
                     "unknown type \"%s\"; F32, F16, BF16, F64, I64, I32, I16, I8, U8 and BOOL are read", name);
}

/* Shape and count; no product is formed that could overflow. */
static bool read_shape(Json entry, TensorView *view, Error *err)
{
    Json shape;
    if (!json_array(entry, "shape", &shape, err)) return false;
    const size_t rank = json_count(shape);
    if (rank > TENSOR_RANK_MAX) return json_fail(shape, err, "%zu axes; at most %d are read", rank, TENSOR_RANK_MAX);
    view->rank = (int)rank;
    view->count = 1;
    for (size_t i = 0; i < rank; i++) {
        int64_t dim;
        if (!json_as_integer(json_at(shape, i), &dim, err)) return false;
        if (dim < 0) return json_fail(json_at(shape, i), err, "a negative size");
        view->dim[i] = (size_t)dim;
        if (__builtin_mul_overflow(view->count, view->dim[i], &view->count))
            return json_fail(shape, err, "more elements than a machine can address");
    }
    return true;
}

static bool read_place(const Mapping *m, Json entry, TensorView *view, Error *err)
{
    Json offsets;
    int64_t begin, end;
    size_t bytes;
    if (!json_array(entry, "data_offsets", &offsets, err)) return false;
    if (json_count(offsets) != 2) return json_fail(offsets, err, "begin and end are needed");
    if (!json_as_integer(json_at(offsets, 0), &begin, err)) return false;
    if (!json_as_integer(json_at(offsets, 1), &end, err)) return false;
    if (begin < 0 || end < begin) return json_fail(offsets, err, "the data ends before it begins");
    if ((size_t)end > m->size - m->data_start)
        return json_fail(offsets, err, "the data ends at byte %lld of %zu; the file is truncated, fetch it again",
                         (long long)end, m->size - m->data_start);
    if (__builtin_mul_overflow(view->count, tensor_type_size(view->type), &bytes) || bytes != (size_t)(end - begin))
        return json_fail(entry, err, "shape and type need a different number of bytes than the %lld at its offsets",
                         (long long)(end - begin));
    view->data = m->bytes + m->data_start + begin;
    return true;
}

static int by_place(const void *a, const void *b)
{
    const TensorView *x = a, *y = b;
    const char *xs = x->data, *ys = y->data;
    if (xs != ys) return xs < ys ? -1 : 1;
    return (x->count > y->count) - (x->count < y->count); /* an empty tensor stands before what begins at its place */
}

/* The data must be covered from its first to its last byte, without holes or overlap. */
static bool check_cover(TensorPart *part, const Mapping *m, Error *err)
{
    qsort(part->views, part->count, sizeof *part->views, by_place);
    const unsigned char *at = m->bytes + m->data_start;
    for (size_t i = 0; i < part->count; i++) {
        const TensorView *view = &part->views[i];
        const unsigned char *start = view->data;
        if (start < at) return fail(err, "%s: %s: its data overlaps another tensor's", part->path, view->name);
        if (start > at) return fail(err, "%s: %s: unused bytes lie before its data", part->path, view->name);
        at = start + view->count * tensor_type_size(view->type);
    }
    if (at != m->bytes + m->size)
        return fail(err, "%s: %zu bytes follow the last tensor; damaged, fetch it again", part->path,
                    (size_t)(m->bytes + m->size - at));
    qsort(part->views, part->count, sizeof *part->views, tensor_by_name);
    return true;
}

static bool read_entries(TensorPart *part, const Mapping *m, Arena *arena, Error *err)
{
    static const char *const keys[] = {"dtype", "shape", "data_offsets", NULL};
    const Json root = json_root(m->header);
    const size_t count = json_count(root);
    part->views = arena_alloc(arena, count * sizeof *part->views);
    for (size_t i = 0; i < count; i++) {
        const Json entry = json_at(root, i);
        if (strcmp(json_key(entry), "__metadata__") == 0) {
            if (!json_is_object(entry)) return json_fail(entry, err, "an object of texts is needed");
            continue;
        }
        TensorView *view = &part->views[part->count];
        *view = (TensorView){.name = json_key(entry), .file = part->path};
        if (!json_only_keys(entry, keys, err) || !read_type(entry, view, err) || !read_shape(entry, view, err) ||
            !read_place(m, entry, view, err))
            return false;
        part->count++;
    }
    return true;
}

static bool open_mapped(TensorPart *part, Arena *arena, Error *err)
{
    Mapping *m = part->state = arena_alloc(arena, sizeof *m);
    return map_file(m, part->path, err) && read_header(m, part->path, err) && read_entries(part, m, arena, err) &&
           check_cover(part, m, err);
}

static void close_mapped(TensorPart *part)
{
    Mapping *m = part->state;
    if (!m) return;
    if (m->bytes) munmap(m->bytes, m->size);
    json_free(m->header);
}

static const char *metadata(const TensorPart *part, const char *key)
{
    const Mapping *m = part->state;
    const Json value = json_get(json_get(json_root(m->header), "__metadata__"), key);
    return json_is_string(value) ? value.node->valuestring : NULL;
}

/* A length that could be a header's, or what a header begins with. */
static bool matches(const unsigned char *bytes, size_t count)
{
    return count >= PREFIX && ((count > PREFIX && bytes[PREFIX] == '{') || (!bytes[5] && !bytes[6] && !bytes[7]));
}

const TensorFormat tensor_format_safetensors = {
    .name = "safetensors", .matches = matches, .open = open_mapped, .close = close_mapped, .metadata = metadata};
