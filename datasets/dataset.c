/* The door to all data sets. A table says which kinds there are and whose functions read them (DatasetOps); here
 * stands what is the same for every kind: a split, the captions and the sentences are asked of those functions once,
 * when first wanted, and kept. What failed is not kept, so that the next call says why again. */
#include "datasets/dataset.h"
#include "datasets/dataset_internal.h"
#include "harness/base/names.h"
#include "harness/base/repeated_files.h"

#include <stdlib.h>
#include <string.h>

const char *const dataset_split_names[SPLIT_COUNT] = {
    [SPLIT_TRAIN] = "train", [SPLIT_TUNE] = "tune", [SPLIT_TEST] = "test"};

/* A data set is its file and its line here, in the order in which lists and sentences name them. */
#define KINDS(KIND)                                                                                                    \
    KIND(mini)                                                                                                         \
    KIND(voc2007)                                                                                                      \
    KIND(voc2012)                                                                                                      \
    KIND(coco2014)                                                                                                     \
    KIND(coco2017)                                                                                                     \
    KIND(vg256)                                                                                                        \
    KIND(vg500)                                                                                                        \
    KIND(nuswide)                                                                                                      \
    KIND(folder)                                                                                                       \
    KIND(list)                                                                                                         \
    KIND(features)

#define DECLARE(kind) extern const DatasetKind kind_##kind;
KINDS(DECLARE)
#define ADDRESS(kind) &kind_##kind,
static const DatasetKind *const all_kinds[] = {KINDS(ADDRESS) NULL};
enum { ALL_KINDS = sizeof all_kinds / sizeof *all_kinds, TEST_SETS_MOST = 64 };

const DatasetKind *const *dataset_kinds(void)
{
    return all_kinds;
}

const char *const *dataset_names(void)
{
    static const char *names[ALL_KINDS];
    for (size_t i = 0, n = 0; all_kinds[i]; i++)
        if (all_kinds[i]->classes) names[n++] = all_kinds[i]->name;
    return names;
}

static const DatasetKind *find_kind(const char *name)
{
    for (size_t i = 0; all_kinds[i]; i++)
        if (strcmp(all_kinds[i]->name, name) == 0) return all_kinds[i];
    return NULL;
}

const DatasetKind *dataset_kind(const char *name)
{
    const DatasetKind *k = find_kind(name);
    return k && k->classes ? k : NULL;
}

const char *const *dataset_kind_names(void)
{
    static const char *names[ALL_KINDS];
    for (size_t i = 0; all_kinds[i]; i++) names[i] = all_kinds[i]->name;
    return names;
}

static const DatasetKind *unknown_kind(const DatasetSource *source, const char *name, Error *err)
{
    char *known = names_join(dataset_kind_names(), ", ", '"');
    if (source->config.node)
        json_fail(json_get(source->config, "kind"), err, "there is no kind of data set \"%s\"; it can be %s", name,
                  known);
    else
        fail_usage(err, "%s: there is no data set of this name; name one of experiments.json's or mini", name);
    free(known);
    return NULL;
}

const char *const *dataset_test_sets(void)
{
    static const char *names[TEST_SETS_MOST + 1];
    size_t n = 0;
    names[0] = NULL;
    for (size_t i = 0; all_kinds[i]; i++)
        for (const char *const *t = all_kinds[i]->test_sets; t && *t && n < TEST_SETS_MOST; t++)
            if (names_find(names, *t) == NAMES_NONE) names[n++] = *t, names[n] = NULL;
    return names;
}

const char *dataset_kind_folder(const DatasetKind *kind, const char *root, Arena *arena)
{
    for (const char *const *place = kind->places; place && *place; place++) {
        char *folder = **place ? path_join(root, *place) : xstrdup(root), *sign = path_join(folder, kind->sign);
        const char *found = path_exists(sign) ? arena_strdup(arena, folder) : NULL;
        free(sign);
        free(folder);
        if (found) return found;
    }
    return NULL;
}

const DatasetKind *dataset_recognise(const char *folder)
{
    Arena arena = {0};
    const DatasetKind *found = NULL;
    for (size_t i = 0; all_kinds[i] && !found; i++)
        if (dataset_kind_folder(all_kinds[i], folder, &arena)) found = all_kinds[i];
    arena_free(&arena);
    return found;
}

static bool check_test_set(const DatasetSource *source, const DatasetKind *kind, Error *err)
{
    static const char *const none[] = {NULL};
    const char *const *sets = kind->test_sets ? kind->test_sets : none;
    if (!source->test_set || names_find(sets, source->test_set) != NAMES_NONE) return true;
    char *known = names_join(sets, ", ", '"');
    fail_usage(err,
               "data set %s: it has no test set \"%s\" (of those that go by a name it has %s); choose another protocol",
               source->name, source->test_set, known);
    free(known);
    return false;
}

/* The kind of a data set, once the keys of its entry are those of the kind. NULL on failure. */
static const DatasetKind *kind_of(const DatasetSource *source, Error *err)
{
    const char *name = source->name;
    const bool configured = source->config.node != NULL;
    if (configured && !json_string(source->config, "kind", &name, err)) return NULL;
    const DatasetKind *kind = configured ? find_kind(name) : dataset_kind(name);
    if (!kind) return unknown_kind(source, name, err);
    if (configured && !keys_check(source->config, kind->keys, err)) return NULL;
    return check_test_set(source, kind, err) ? kind : NULL;
}

static void list_class_names(Dataset *d)
{
    d->class_names = arena_alloc(&d->arena, (d->class_count + 1) * sizeof(char *));
    d->spoken_names = arena_alloc(&d->arena, (d->class_count + 1) * sizeof(char *));
    for (size_t c = 0; c < d->class_count; c++) {
        char *spoken = arena_strdup(&d->arena, d->classes[c].names[0]);
        for (char *p = spoken; (p = strchr(p, '_'));) *p = ' ';
        d->class_names[c] = d->classes[c].names[0];
        d->spoken_names[c] = spoken;
    }
}

static Dataset *open_with(const DatasetKind *kind, const DatasetSource *source, bool unseen, Error *err)
{
    const DatasetOps *ops = kind->ops;
    Dataset *d = xcalloc(1, sizeof *d);
    d->kind = kind;
    d->ops = ops;
    d->survey = source->survey;
    if (source->test_set) d->test_set = arena_strdup(&d->arena, source->test_set);
    d->half = !kind->stores_float32;
    d->name = arena_strdup(&d->arena, source->name);
    d->limit = source->limit;
    d->unseen = unseen;
    if (!d->ops->open(d, source, err)) {
        dataset_free(d);
        return NULL;
    }
    list_class_names(d);
    return d;
}

Dataset *dataset_open(const DatasetSource *source, Error *err)
{
    const DatasetKind *kind = kind_of(source, err);
    return kind ? open_with(kind, source, false, err) : NULL;
}

bool dataset_check(const DatasetSource *source, Error *err)
{
    const DatasetKind *kind = kind_of(source, err);
    Dataset *d = kind ? open_with(kind, source, true, err) : NULL;
    dataset_free(d);
    return d != NULL;
}

void dataset_free(Dataset *d)
{
    if (d == NULL) return;
    if (d->ops->close != NULL) d->ops->close(d);
    for (int s = 0; s < SPLIT_COUNT; s++) free(d->splits[s].labels);
    free(d->memory);
    free(d->captions.labels);
    free(d->sentences.labels);
    arena_free(&d->arena);
    free(d);
}

const char *dataset_name(const Dataset *d)
{
    return d->name;
}

bool dataset_stores_half(const Dataset *d)
{
    return d->half;
}

const DatasetKind *dataset_kind_of(const Dataset *d)
{
    return d->kind;
}

size_t dataset_classes(const Dataset *d)
{
    return d->class_count;
}

const char *const *dataset_class_names(const Dataset *d)
{
    return d->class_names;
}

const char *const *dataset_spoken_names(const Dataset *d)
{
    return d->spoken_names;
}

const ClassNames *dataset_synonyms(const Dataset *d)
{
    return d->classes;
}

void dataset_remember_in(Dataset *d, const char *folder)
{
    free(d->memory);
    d->memory = xstrdup(folder);
}

static bool finish_split(Dataset *d, SplitName name, Split *split, Error *err)
{
    d->listed[name] = arena_alloc(&d->arena, (split->count + 1) * sizeof(char *));
    memcpy(d->listed[name], split->files, split->count * sizeof(char *));
    return !d->skip_damaged || damaged_leave_out_split(d, name, split, err);
}

void dataset_tell(Dataset *d, Progress *progress)
{
    d->progress = progress;
}

typedef struct Rows { /* of labels */
    const void *labels;
    size_t width; /* bytes */
} Rows;

static bool same_row(const void *context, size_t a, size_t b)
{
    const Rows *rows = context;
    const char *labels = rows->labels;
    return !labels || memcmp(labels + a * rows->width, labels + b * rows->width, rows->width) == 0;
}

/* A picture that stands twice counts twice, and with different labels one of them is wrong. */
static bool check_repeated(const Dataset *d, const char *what, const char *const *files, size_t count,
                           const void *labels, Error *err)
{
    const Rows rows = {labels, d->class_count};
    const Repeated r = repeated_files(files, count, same_row, &rows);
    if (r.differ)
        return fail_usage(err,
                          "data set %s: of its %s images number %zu, %s, is number %zu again, with other labels; leave "
                          "one of them out",
                          d->name, what, r.again + 1, files[r.again], r.first + 1);
    if (r.count)
        progress_note(
            d->progress,
            "data set %s: %zu of its %zu %s images stand there twice (number %zu, %s, is number %zu again); each "
            "counts as often as it stands",
            d->name, r.count, count, what, r.again + 1, files[r.again], r.first + 1);
    return true;
}

const Split *dataset_split(Dataset *d, SplitName split, Error *err)
{
    if (d->has_split[split]) return &d->splits[split];
    Split made = {0};
    if (!d->ops->split(d, split, &made, err) ||
        !check_repeated(d, dataset_split_names[split], made.files, made.count, made.labels, err) ||
        !finish_split(d, split, &made, err)) {
        free(made.labels);
        return NULL;
    }
    d->splits[split] = made;
    d->has_split[split] = true;
    return &d->splits[split];
}

const Captions *dataset_captions(Dataset *d, Error *err)
{
    if (d->has_captions) return &d->captions;
    Captions made = {0};
    if (!d->ops->captions(d, &made, err) ||
        (made.files && !check_repeated(d, "drawn", made.files, made.count, made.labels, err)) ||
        (d->skip_damaged && !damaged_leave_out_captions(d, &made, err))) {
        free(made.labels);
        return NULL;
    }
    d->captions = made;
    d->has_captions = true;
    return &d->captions;
}

const Captions *dataset_sentences(Dataset *d, Error *err)
{
    if (d->has_sentences) return &d->sentences;
    Captions made = {0};
    if (!d->ops->sentences) {
        fail_usage(err, "data set %s: it has no sentences; train on its captions (text_source \"captions\")", d->name);
        return NULL;
    }
    if (!d->ops->sentences(d, &made, err)) {
        free(made.labels);
        return NULL;
    }
    d->sentences = made;
    d->has_sentences = true;
    return &d->sentences;
}

bool dataset_image(Dataset *d, SplitName name, size_t i, Image *image, Error *err)
{
    const Split *split = dataset_split(d, name, err);
    if (split == NULL) return false;
    if (i >= split->count)
        return fail(err, "%s: there is no image %zu among the %zu of %s", d->name, i, split->count,
                    dataset_split_names[name]);
    return d->ops->image(d, name, split->places ? split->places[i] : i, image, err);
}
