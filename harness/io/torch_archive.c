/* Archives of torch.save (PyTorch 1.6 and later) and of torch.jit.save: a zip file with NAME/data.pkl, which says what tensors there are,
 * and one entry NAME/data/KEY for each storage (caffe2/serialize/inline_container.h). The pickle is read by pickle.h, which runs
 * nothing; code/ and constants.pkl of a TorchScript archive are not opened at all.
 *
 * Elements are read when they are asked for, a storage at a time, by libzip, which checks their CRC. */
#include "harness/base/text.h"
#include "harness/io/pickle.h"
#include "harness/io/tensor_file_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum { PICKLE_LIMIT = 256 << 20, DEPTH_MAX = 32, VISITS_MAX = 4000000, NAME_MAX_BYTES = 1000 };

typedef struct TorchArchive {
    zip_t *zip;
    char *prefix; /* "archive/": what all entries begin with */
} TorchArchive;

/* What a view needs to fetch its elements. */
typedef struct Entry {
    TorchArchive *archive;
    const PickleTensor *tensor;
    zip_uint64_t index;
    void *storage;  /* as read; NULL: not yet */
    void *elements; /* the storage, or a copy in order of rows; what fetch returns */
} Entry;

static bool matches(const unsigned char *bytes, size_t count)
{
    return count >= 4 && memcmp(bytes, "PK\x03\x04", 4) == 0;
}

/* ---- entries ---- */

/* The whole of an entry, whose size is known; CRC and size are checked by reading past its end. */
static bool read_entry(const TensorPart *part, zip_t *zip, zip_uint64_t index, void *bytes, size_t size, Error *err)
{
    char extra;
    zip_file_t *file = zip_fopen_index(zip, index, 0);
    if (!file)
        return fail(err, "%s: \"%s\" cannot be opened: %s", part->path, zip_get_name(zip, index, 0), zip_strerror(zip));
    const zip_int64_t got = zip_fread(file, bytes, size),
                      more = got == (zip_int64_t)size ? zip_fread(file, &extra, 1) : 0;
    const bool good = got == (zip_int64_t)size && more == 0;
    if (!good)
        fail(err, "%s: \"%s\" is damaged (%s); fetch the file again", part->path, zip_get_name(zip, index, 0),
             got < 0 || more < 0 ? zip_file_strerror(file) : "it is shorter than the archive says");
    zip_fclose(file);
    return good;
}

static bool entry_size(const TensorPart *part, zip_t *zip, zip_uint64_t index, size_t *size, Error *err)
{
    zip_stat_t s;
    if (zip_stat_index(zip, index, 0, &s) != 0 || !(s.valid & ZIP_STAT_SIZE))
        return fail(err, "%s: an entry of the archive has no size; damaged, fetch it again", part->path);
    if (s.valid & ZIP_STAT_ENCRYPTION_METHOD && s.encryption_method != ZIP_EM_NONE)
        return fail(err, "%s: \"%s\" is encrypted; save it without a password", part->path, s.name);
    *size = (size_t)s.size;
    return true;
}

/* ---- finding the pickle ---- */

/* "NAME/data.pkl" with one slash: an archive in the archive has more. */
static bool is_pickle(const char *name)
{
    const char *slash = strchr(name, '/');
    return slash && strcmp(slash, "/data.pkl") == 0;
}

static bool find_pickle(const TensorPart *part, TorchArchive *a, zip_uint64_t *index, Error *err)
{
    const zip_int64_t count = zip_get_num_entries(a->zip, 0);
    for (zip_int64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(a->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        if (!name || !is_pickle(name)) continue;
        if (a->prefix) return fail(err, "%s: two models lie in this archive; unpack the one that is meant", part->path);
        a->prefix = xformat("%.*s", (int)(strchr(name, '/') - name + 1), name);
        *index = (zip_uint64_t)i;
    }
    if (a->prefix) return true;
    return fail(err, "%s: a zip archive without data.pkl; a file of torch.save or torch.jit.save is needed",
                part->path);
}

static zip_int64_t locate(const TorchArchive *a, const char *name)
{
    char *full = xformat("%s%s", a->prefix, name);
    const zip_int64_t index = zip_name_locate(a->zip, full, ZIP_FL_ENC_RAW);
    free(full);
    return index;
}

/* PyTorch notes the order of bytes since 2.1; without a note it is this machine's, little-endian. */
static bool check_byte_order(const TensorPart *part, const TorchArchive *a, Error *err)
{
    char order[8] = "";
    size_t size = 0;
    const zip_int64_t index = locate(a, "byteorder");
    if (index < 0) return true;
    if (!entry_size(part, a->zip, (zip_uint64_t)index, &size, err)) return false;
    if (size >= sizeof order) return fail(err, "%s: its byte order is not told in a word; damaged", part->path);
    if (!read_entry(part, a->zip, (zip_uint64_t)index, order, size, err)) return false;
    return strcmp(order, "little") == 0 ||
           fail(err, "%s: written on a big-endian machine; load and save it again on one like this", part->path);
}

static PickleValue *read_pickle(const TensorPart *part, TorchArchive *a, Arena *arena, Error *err)
{
    zip_uint64_t index = 0;
    size_t size = 0;
    uint8_t *bytes = NULL;
    PickleValue *root = NULL;
    if (!find_pickle(part, a, &index, err) || !check_byte_order(part, a, err) ||
        !entry_size(part, a->zip, index, &size, err))
        return NULL;
    if (size > PICKLE_LIMIT) {
        fail(err, "%s: its data.pkl claims %zu bytes; no checkpoint needs more than %d", part->path, size,
             PICKLE_LIMIT);
        return NULL;
    }
    char *where = xformat("%s: %sdata.pkl", part->path, a->prefix);
    if (big_alloc(&bytes, size + 1, 1, "the pickle", err) && read_entry(part, a->zip, index, bytes, size, err))
        root = pickle_read(bytes, size, where, arena, err);
    free(where);
    free(bytes);
    return root;
}

/* ---- elements ---- */

static size_t storage_bytes(const PickleTensor *t)
{
    return t->storage->count * tensor_type_size(t->storage->type);
}

/* Whether elements follow each other in the order of rows; axes of one element may have any stride. */
static bool is_contiguous(const PickleTensor *t)
{
    size_t step = 1;
    for (int i = t->rank; i-- > 0;) {
        if (t->dim[i] != 1 && t->stride[i] != step) return false;
        step *= t->dim[i];
    }
    return true;
}

static void gather(const PickleTensor *t, const unsigned char *storage, unsigned char *elements)
{
    const size_t size = tensor_type_size(t->storage->type);
    size_t at[TENSOR_RANK_MAX] = {0};
    for (size_t i = 0; i < t->count; i++) {
        size_t place = t->offset;
        for (int k = 0; k < t->rank; k++) place += at[k] * t->stride[k];
        memcpy(elements + i * size, storage + place * size, size);
        for (int k = t->rank; k-- > 0 && ++at[k] == t->dim[k];) at[k] = 0;
    }
}

static void let_go(const TensorView *view)
{
    Entry *e = view->source;
    if (e->elements != e->storage) free(e->elements);
    free(e->storage);
    e->storage = e->elements = NULL;
}

static const void *fetch(const TensorView *view, Error *err)
{
    Entry *e = view->source;
    const PickleTensor *t = e->tensor;
    const size_t size = tensor_type_size(view->type);
    const TensorPart part = {.path = view->file};
    if (view->count == 0) return ""; /* there, and nothing to read */
    if (e->elements) return (const unsigned char *)e->elements + (e->elements == e->storage ? t->offset * size : 0);
    if (!big_alloc(&e->storage, storage_bytes(t), 1, view->name, err) ||
        !read_entry(&part, e->archive->zip, e->index, e->storage, storage_bytes(t), err)) {
        let_go(view);
        return NULL;
    }
    e->elements = e->storage;
    if (is_contiguous(t)) return (const unsigned char *)e->storage + t->offset * size;
    e->elements = NULL;
    if (!big_alloc(&e->elements, t->count, size, view->name, err)) {
        let_go(view);
        return NULL;
    }
    gather(t, e->storage, e->elements);
    free(e->storage);
    e->storage = NULL;
    return e->elements;
}

/* ---- from the pickle's values to views ---- */

typedef struct Walk {
    TensorPart *part;
    TorchArchive *archive;
    Arena *arena;
    size_t capacity, visits;
    Error *err;
} Walk;

static bool add_view(Walk *w, const char *name, const PickleTensor *t)
{
    TensorPart *part = w->part;
    size_t size = 0;
    char *key = xformat("data/%s", t->storage->key);
    const zip_int64_t index = locate(w->archive, key);
    free(key);
    if (index < 0)
        return fail(w->err, "%s: the elements of \"%s\" are missing (entry data/%s); truncated or damaged", part->path,
                    name, t->storage->key);
    if (!entry_size(part, w->archive->zip, (zip_uint64_t)index, &size, w->err)) return false;
    if (size / tensor_type_size(t->storage->type) != t->storage->count || size != storage_bytes(t))
        return fail(w->err, "%s: the tensor \"%s\" needs %zu elements, its entry data/%s has %zu bytes; damaged",
                    part->path, name, t->storage->count, t->storage->key, size);
    if (part->count == w->capacity) {
        w->capacity = w->capacity ? 2 * w->capacity : 256;
        part->views = xrealloc(part->views, w->capacity * sizeof *part->views);
    }
    Entry *e = arena_alloc(w->arena, sizeof *e);
    *e = (Entry){.archive = w->archive, .tensor = t, .index = (zip_uint64_t)index};
    TensorView *view = &part->views[part->count++];
    *view = (TensorView){.name = arena_strdup(w->arena, name),
                         .type = t->storage->type,
                         .rank = t->rank,
                         .count = t->count,
                         .file = part->path,
                         .fetch = fetch,
                         .let_go = let_go,
                         .source = e};
    memcpy(view->dim, t->dim, sizeof view->dim);
    return true;
}

static bool walk(Walk *w, const PickleValue *value, const char *name, int depth);

static bool walk_entries(Walk *w, const PickleValue *dict, const char *name, int depth)
{
    for (size_t i = 0; i + 1 < dict->list.count; i += 2) {
        const PickleValue *key = dict->list.items[i];
        if (key->type != PICKLE_TEXT && key->type != PICKLE_INT) continue; /* Lightning has classes as keys */
        char *inner = key->type == PICKLE_INT ? xformat("%s%s%lld", name, *name ? "." : "", (long long)key->integer)
                                              : xformat("%s%s%s", name, *name ? "." : "", key->text);
        const bool good = walk(w, dict->list.items[i + 1], inner, depth + 1);
        free(inner);
        if (!good) return false;
    }
    return true;
}

/* Names of nested dictionaries and modules are joined by dots, as in a state dictionary. */
static bool walk(Walk *w, const PickleValue *value, const char *name, int depth)
{
    if (++w->visits > VISITS_MAX || depth > DEPTH_MAX || strlen(name) > NAME_MAX_BYTES)
        return fail(w->err, "%s: its dictionaries are nested without end; not opened", w->part->path);
    if (value->type == PICKLE_TENSOR) return add_view(w, name, value->tensor);
    if (value->type == PICKLE_DICT) return walk_entries(w, value, name, depth);
    if (value->type == PICKLE_OBJECT && value->object.attributes)
        return walk_entries(w, value->object.attributes, name, depth);
    return true; /* numbers, texts, lists: no tensors that a name leads to */
}

static bool has_tensors(const PickleValue *value)
{
    if (!value || value->type != PICKLE_DICT) return false;
    for (size_t i = 1; i < value->list.count; i += 2)
        if (value->list.items[i]->type == PICKLE_TENSOR) return true;
    return false;
}

/* Training programs put the weights under a key beside the optimiser's state, which is not wanted; the first that has tensors. */
static const PickleValue *weights_of(TensorPart *part, const PickleValue *root)
{
    static const struct {
        const char *key, *variant;
    } places[] = {{"state_dict", "state dictionary under \"state_dict\""},
                  {"model_state_dict", "state dictionary under \"model_state_dict\""},
                  {"model", "state dictionary under \"model\""},
                  {"module", "state dictionary under \"module\""}};
    part->variant = "state dictionary";
    for (size_t i = 0; i < sizeof places / sizeof *places && !has_tensors(root); i++) {
        const PickleValue *inner = pickle_get(root, places[i].key);
        if (!has_tensors(inner)) continue;
        part->variant = places[i].variant;
        return inner;
    }
    return root;
}

/* torch.nn.DataParallel and torch.compile put a word in front of every name. */
static void strip_wrappers(TensorPart *part)
{
    static const char *const wrappers[] = {"module.", "_orig_mod."};
    for (size_t k = 0; k < 2; k++) {
        const size_t length = strlen(wrappers[k]);
        size_t with = 0;
        while (with < part->count && strncmp(part->views[with].name, wrappers[k], length) == 0) with++;
        for (size_t i = 0; with == part->count && i < part->count; i++) part->views[i].name += length;
    }
}

static bool sort_views(TensorPart *part, Error *err)
{
    qsort(part->views, part->count, sizeof *part->views, tensor_by_name);
    for (size_t i = 1; i < part->count; i++)
        if (strcmp(part->views[i - 1].name, part->views[i].name) == 0)
            return fail(err, "%s: two tensors are called \"%s\"; damaged", part->path, part->views[i].name);
    return true;
}

static bool open_archive(TensorPart *part, Arena *arena, Error *err)
{
    int code;
    TorchArchive *a = part->state = arena_alloc(arena, sizeof *a);
    a->zip = zip_open(part->path, ZIP_RDONLY, &code);
    if (!a->zip) {
        zip_error_t reason;
        zip_error_init_with_code(&reason, code);
        fail(err, "%s: a PyTorch archive that cannot be read (%s); truncated or damaged, fetch it again", part->path,
             zip_error_strerror(&reason));
        zip_error_fini(&reason);
        return false;
    }
    const PickleValue *root = read_pickle(part, a, arena, err);
    if (!root) return false;
    Walk w = {.part = part, .archive = a, .arena = arena, .err = err};
    const PickleValue *weights = weights_of(part, root);
    if (root->type == PICKLE_OBJECT) part->variant = "TorchScript";
    if (!walk(&w, weights, "", 0)) return false;
    if (!part->count) return fail(err, "%s: there is no tensor in it that a name leads to", part->path);
    strip_wrappers(part);
    return sort_views(part, err);
}

static void close_archive(TensorPart *part)
{
    TorchArchive *a = part->state;
    for (size_t i = 0; i < part->count; i++) let_go(&part->views[i]);
    free(part->views);
    if (!a) return;
    if (a->zip) zip_discard(a->zip);
    free(a->prefix);
}

const TensorFormat tensor_format_torch = {
    .name = "torch", .matches = matches, .open = open_archive, .close = close_archive};
