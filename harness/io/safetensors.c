#include "harness/io/safetensors.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PREFIX = 8, HEADER_LIMIT = 100 << 20 }; /* the reference implementation's limit */

typedef struct Shard {
    const char *path;
    unsigned char *bytes; /* the mapping */
    size_t size, data_start;
    JsonFile *header;
    TensorView *views; /* sorted by name */
    size_t count;
} Shard;

struct Safetensors {
    Arena arena;
    Shard *shards;
    size_t shard_count;
    TensorView *views; /* sorted by name */
    size_t count;
};

static const struct {
    const char *name;
    size_t size;
} types[] = {
    [TENSOR_F32] = {"F32", 4}, [TENSOR_F16] = {"F16", 2}, [TENSOR_BF16] = {"BF16", 2}, [TENSOR_F64] = {"F64", 8},
    [TENSOR_I64] = {"I64", 8}, [TENSOR_I32] = {"I32", 4}, [TENSOR_U8] = {"U8", 1},     [TENSOR_BOOL] = {"BOOL", 1},
};

size_t tensor_type_size(TensorType type)
{
    return types[type].size;
}

const char *tensor_type_name(TensorType type)
{
    return types[type].name;
}

/* Only whole pages of the view's own: those at the ends may be read by its neighbours next. */
void tensor_let_go(const TensorView *view)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)view->data;
    const uintptr_t end = (start + view->count * tensor_type_size(view->type)) & ~(page - 1);
    const uintptr_t first = (start + page - 1) & ~(page - 1);
    if (end > first) madvise((void *)first, end - first, MADV_DONTNEED); /* advice: a refusal changes nothing */
}

static bool map_file(Shard *shard, Error *err)
{
    const int fd = open(shard->path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return fail(err, "%s: cannot open: %s", shard->path, strerror(errno));
    struct stat status;
    bool good = fstat(fd, &status) == 0;
    if (!good) {
        fail(err, "%s: cannot read: %s", shard->path, strerror(errno));
    } else if (!S_ISREG(status.st_mode)) {
        good = fail(err, "%s: not a file; name the .safetensors file itself", shard->path);
    } else if (status.st_size < PREFIX) {
        good = fail(err, "%s: too short for a safetensors file (%lld bytes); fetch it again", shard->path,
                    (long long)status.st_size);
    } else {
        shard->size = (size_t)status.st_size;
        void *bytes = mmap(NULL, shard->size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED)
            good = fail(err, "%s: cannot map: %s", shard->path, strerror(errno));
        else
            shard->bytes = bytes;
    }
    close(fd);
    return good;
}

/* The JSON header, after its length was checked against the file's. */
static bool read_header(Shard *shard, Error *err)
{
    uint64_t length = 0;
    for (int i = 0; i < PREFIX; i++) length |= (uint64_t)shard->bytes[i] << (8 * i);
    if (length > shard->size - PREFIX || length > HEADER_LIMIT)
        return fail(err, "%s: its header claims %llu bytes, the file has %zu; truncated or not a safetensors file",
                    shard->path, (unsigned long long)length, shard->size);
    shard->data_start = PREFIX + (size_t)length;
    shard->header = json_parse(shard->path, (const char *)shard->bytes + PREFIX, (size_t)length, err);
    if (!shard->header) return false;
    const Json root = json_root(shard->header);
    return json_is_object(root) || json_fail(root, err, "the header is not a JSON object");
}

static bool read_type(Json entry, TensorView *view, Error *err)
{
    const char *name;
    if (!json_string(entry, "dtype", &name, err)) return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(name, types[i].name) != 0) continue;
        view->type = (TensorType)i;
        return true;
    }
    return json_fail(json_get(entry, "dtype"), err,
                     "unknown type \"%s\"; F32, F16, BF16, F64, I64, I32, U8 and BOOL are read", name);
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

static bool read_place(const Shard *shard, Json entry, TensorView *view, Error *err)
{
    Json offsets;
    int64_t begin, end;
    size_t bytes;
    if (!json_array(entry, "data_offsets", &offsets, err)) return false;
    if (json_count(offsets) != 2) return json_fail(offsets, err, "begin and end are needed");
    if (!json_as_integer(json_at(offsets, 0), &begin, err)) return false;
    if (!json_as_integer(json_at(offsets, 1), &end, err)) return false;
    if (begin < 0 || end < begin) return json_fail(offsets, err, "the data ends before it begins");
    if ((size_t)end > shard->size - shard->data_start)
        return json_fail(offsets, err, "the data ends at byte %lld of %zu; the file is truncated, fetch it again",
                         (long long)end, shard->size - shard->data_start);
    if (__builtin_mul_overflow(view->count, types[view->type].size, &bytes) || bytes != (size_t)(end - begin))
        return json_fail(entry, err, "shape and type need a different number of bytes than the %lld at its offsets",
                         (long long)(end - begin));
    view->data = shard->bytes + shard->data_start + begin;
    return true;
}

static int by_place(const void *a, const void *b)
{
    const TensorView *x = a, *y = b;
    const char *xs = x->data, *ys = y->data;
    if (xs != ys) return xs < ys ? -1 : 1;
    return (x->count > y->count) - (x->count < y->count); /* an empty tensor stands before what begins at its place */
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const TensorView *)a)->name, ((const TensorView *)b)->name);
}

/* The data must be covered from its first to its last byte, without holes or overlap. */
static bool check_cover(Shard *shard, Error *err)
{
    qsort(shard->views, shard->count, sizeof *shard->views, by_place);
    const unsigned char *at = shard->bytes + shard->data_start;
    for (size_t i = 0; i < shard->count; i++) {
        const TensorView *view = &shard->views[i];
        const unsigned char *start = view->data;
        if (start < at) return fail(err, "%s: %s: its data overlaps another tensor's", shard->path, view->name);
        if (start > at) return fail(err, "%s: %s: unused bytes lie before its data", shard->path, view->name);
        at = start + view->count * types[view->type].size;
    }
    if (at != shard->bytes + shard->size)
        return fail(err, "%s: %zu bytes follow the last tensor; damaged, fetch it again", shard->path,
                    (size_t)(shard->bytes + shard->size - at));
    qsort(shard->views, shard->count, sizeof *shard->views, by_name);
    return true;
}

static bool read_entries(Safetensors *st, Shard *shard, Error *err)
{
    static const char *const keys[] = {"dtype", "shape", "data_offsets", NULL};
    const Json root = json_root(shard->header);
    const size_t count = json_count(root);
    shard->views = arena_alloc(&st->arena, count * sizeof *shard->views);
    for (size_t i = 0; i < count; i++) {
        const Json entry = json_at(root, i);
        if (strcmp(json_key(entry), "__metadata__") == 0) {
            if (!json_is_object(entry)) return json_fail(entry, err, "an object of texts is needed");
            continue;
        }
        TensorView *view = &shard->views[shard->count];
        *view = (TensorView){.name = json_key(entry), .file = shard->path};
        if (!json_only_keys(entry, keys, err) || !read_type(entry, view, err) || !read_shape(entry, view, err) ||
            !read_place(shard, entry, view, err))
            return false;
        shard->count++;
    }
    return true;
}

static bool open_shard(Safetensors *st, Shard *shard, Error *err)
{
    return map_file(shard, err) && read_header(shard, err) && read_entries(st, shard, err) && check_cover(shard, err);
}

static const TensorView *find_in(const TensorView *views, size_t count, const char *name)
{
    const TensorView key = {.name = name};
    return count ? bsearch(&key, views, count, sizeof key, by_name) : NULL;
}

enum { SHARDS_MAX = 4096 };

static Shard *open_next_shard(Safetensors *st, const char *path, Json entry, Error *err)
{
    for (size_t i = 0; i < st->shard_count; i++)
        if (strcmp(st->shards[i].path, path) == 0) return &st->shards[i];
    if (st->shard_count == SHARDS_MAX) {
        json_fail(entry, err, "more than %d shards", SHARDS_MAX);
        return NULL;
    }
    Shard *shard = &st->shards[st->shard_count++];
    shard->path = arena_strdup(&st->arena, path);
    return open_shard(st, shard, err) ? shard : NULL;
}

/* The shard with this file name, opened when it is met first. Shards lie beside the index: a name that leads elsewhere is
 * not followed. */
static Shard *shard_named(Safetensors *st, const char *folder, Json entry, Error *err)
{
    const char *name;
    if (!json_as_string(entry, &name, err)) return NULL;
    if (!*name || strchr(name, '/') || strcmp(name, "..") == 0 || strcmp(name, ".") == 0) {
        json_fail(entry, err, "\"%s\" is not the plain name of a file beside the index", name);
        return NULL;
    }
    char *path = path_join(folder, name);
    Shard *shard = open_next_shard(st, path, entry, err);
    free(path);
    return shard;
}

static bool open_index(Safetensors *st, const char *path, Json map, Error *err)
{
    const size_t count = json_count(map);
    char *folder = path_folder(path);
    st->shards = arena_alloc(&st->arena, (count < SHARDS_MAX ? count : SHARDS_MAX) * sizeof *st->shards);
    st->views = arena_alloc(&st->arena, count * sizeof *st->views);
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        const Json entry = json_at(map, i);
        const Shard *shard = shard_named(st, folder, entry, err);
        const TensorView *view = shard ? find_in(shard->views, shard->count, json_key(entry)) : NULL;
        if (view)
            st->views[st->count++] = *view;
        else if (shard)
            fail(err, "%s: has no tensor %s, which %s says it has", shard->path, json_key(entry), path);
        good = view != NULL;
    }
    free(folder);
    qsort(st->views, st->count, sizeof *st->views, by_name);
    return good;
}

static bool open_sharded(Safetensors *st, const char *path, Error *err)
{
    JsonFile *index = json_read(path, err);
    Json map;
    const bool good = index && json_object(json_root(index), "weight_map", &map, err) && open_index(st, path, map, err);
    json_free(index);
    return good;
}

static bool open_single(Safetensors *st, const char *path, Error *err)
{
    st->shards = arena_alloc(&st->arena, sizeof *st->shards);
    st->shard_count = 1;
    st->shards->path = arena_strdup(&st->arena, path);
    if (!open_shard(st, st->shards, err)) return false;
    st->views = st->shards->views;
    st->count = st->shards->count;
    return true;
}

Safetensors *safetensors_open(const char *path, Error *err)
{
    static const char suffix[] = ".json";
    const size_t length = strlen(path), tail = sizeof suffix - 1;
    const bool index = length > tail && strcmp(path + length - tail, suffix) == 0;
    Safetensors *st = xcalloc(1, sizeof *st);
    if (index ? open_sharded(st, path, err) : open_single(st, path, err)) return st;
    err->exit_status = EXIT_WORK_FAILED; /* the JSON of a checkpoint is data, not a configuration of the user's */
    safetensors_close(st);
    return NULL;
}

void safetensors_close(Safetensors *st)
{
    if (!st) return;
    for (size_t i = 0; i < st->shard_count; i++) {
        if (st->shards[i].bytes) munmap(st->shards[i].bytes, st->shards[i].size);
        json_free(st->shards[i].header);
    }
    arena_free(&st->arena);
    free(st);
}

size_t safetensors_count(const Safetensors *st)
{
    return st->count;
}

const TensorView *safetensors_at(const Safetensors *st, size_t i)
{
    return i < st->count ? &st->views[i] : NULL;
}

const TensorView *safetensors_find(const Safetensors *st, const char *name)
{
    return find_in(st->views, st->count, name);
}

const char *safetensors_metadata(const Safetensors *st, const char *key)
{
    for (size_t i = 0; i < st->shard_count; i++) {
        const Json value = json_get(json_get(json_root(st->shards[i].header), "__metadata__"), key);
        if (json_is_string(value)) return value.node->valuestring;
    }
    return NULL;
}
