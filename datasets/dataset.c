/* The door to all data sets. A table says which kinds there are and whose functions read them (DatasetOps); here
 * stands what is the same for every kind: a split, the captions and the sentences are asked of those functions once,
 * when first wanted, and kept. What failed is not kept, so that the next call says why again. */
#include "datasets/dataset.h"
#include "datasets/class_lists.h"
#include "datasets/dataset_internal.h"
#include "datasets/mini/world_language.h"

#include <stdlib.h>
#include <string.h>

const char *const dataset_split_names[SPLIT_COUNT] = {
    [SPLIT_TRAIN] = "train", [SPLIT_TUNE] = "tune", [SPLIT_TEST] = "test"};

/* A kind with the functions behind it; none: only its classes are known so far. */
typedef struct KnownKind {
    DatasetKind kind;
    const DatasetOps *ops;
} KnownKind;

static const KnownKind mini = {{"mini", "the embedded world: rendered scenes of the 20 VOC classes",
                                "comes with the program", world_class_nouns, WORLD_CLASSES},
                               &mini_ops};
static const KnownKind voc2007 = {{"voc2007", "PASCAL VOC 2007: 20 classes, 4952 test images",
                                   "http://host.robots.ox.ac.uk/pascal/VOC/voc2007/", voc_classes, VOC_CLASSES},
                                  NULL};
static const KnownKind coco2014 = {{"coco2014", "MS-COCO 2014: 80 classes, 40504 validation images",
                                    "https://cocodataset.org/", coco_classes, COCO_CLASSES},
                                   NULL};
static const KnownKind coco2017 = {{"coco2017", "MS-COCO 2017: 80 classes, 118287 captioned training images",
                                    "https://cocodataset.org/", coco_classes, COCO_CLASSES},
                                   NULL};
static const KnownKind nuswide = {{"nuswide", "NUS-WIDE: 81 concepts, 107859 test images",
                                   "https://lms.comp.nus.edu.sg/wp-content/uploads/2019/research/nuswide/NUS-WIDE.html",
                                   nuswide_classes, NUSWIDE_CLASSES},
                                  NULL};

static const KnownKind *const known[] = {&mini, &voc2007, &coco2014, &coco2017, &nuswide};
enum { KNOWN = sizeof known / sizeof known[0] };

const DatasetKind *const *dataset_kinds(void)
{
    static const DatasetKind *const kinds[] = {&mini.kind,     &voc2007.kind, &coco2014.kind,
                                               &coco2017.kind, &nuswide.kind, NULL};
    return kinds;
}

static const KnownKind *find_known(const char *name)
{
    for (int i = 0; i < KNOWN; i++)
        if (strcmp(known[i]->kind.name, name) == 0) return known[i];
    return NULL;
}

const DatasetKind *dataset_kind(const char *name)
{
    const KnownKind *k = find_known(name);
    return k == NULL ? NULL : &k->kind;
}

/* Which functions read the data set. */
static const DatasetOps *choose_ops(const DatasetSource *source, Error *err)
{
    const char *kind = source->name;
    const bool configured = source->config.node != NULL;
    if (configured && !json_string(source->config, "kind", &kind, err)) return NULL;
    if (configured && strcmp(kind, "folder") == 0) return &folder_ops;
    const KnownKind *k = find_known(kind);
    if (k != NULL && k->ops != NULL) return k->ops;
    if (k != NULL) {
        fail_usage(err,
                   "%s: reading %s from disk comes with the next release; until then bring it as a data set of kind "
                   "\"folder\" (its class names and synonyms are known already)",
                   source->name, kind);
        return NULL;
    }
    static const char names[] = "\"folder\", \"mini\", \"voc2007\", \"coco2014\", \"coco2017\", \"nuswide\"";
    if (configured)
        json_fail(json_get(source->config, "kind"), err, "there is no kind of data set \"%s\"; it can be %s", kind,
                  names);
    else
        fail_usage(err, "%s: there is no data set of this name; name one of experiments.json's or mini", kind);
    return NULL;
}

static void list_class_names(Dataset *d)
{
    d->class_names = arena_alloc(&d->arena, (d->class_count + 1) * sizeof(char *));
    for (size_t c = 0; c < d->class_count; c++) d->class_names[c] = d->classes[c].names[0];
}

Dataset *dataset_open(const DatasetSource *source, Error *err)
{
    const DatasetOps *ops = choose_ops(source, err);
    if (ops == NULL) return NULL;
    Dataset *d = xcalloc(1, sizeof *d);
    d->ops = ops;
    d->name = arena_strdup(&d->arena, source->name);
    d->limit = source->limit;
    if (!ops->open(d, source, err)) {
        dataset_free(d);
        return NULL;
    }
    list_class_names(d);
    return d;
}

void dataset_free(Dataset *d)
{
    if (d == NULL) return;
    if (d->ops->close != NULL) d->ops->close(d);
    for (int s = 0; s < SPLIT_COUNT; s++) free(d->splits[s].labels);
    free(d->captions.labels);
    free(d->sentences.labels);
    arena_free(&d->arena);
    free(d);
}

const char *dataset_name(const Dataset *d)
{
    return d->name;
}

size_t dataset_classes(const Dataset *d)
{
    return d->class_count;
}

const char *const *dataset_class_names(const Dataset *d)
{
    return d->class_names;
}

const ClassNames *dataset_synonyms(const Dataset *d)
{
    return d->classes;
}

const Split *dataset_split(Dataset *d, SplitName split, Error *err)
{
    if (d->has_split[split]) return &d->splits[split];
    Split made = {0};
    if (!d->ops->split(d, split, &made, err)) {
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
    if (!d->ops->captions(d, &made, err)) {
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
    return d->ops->image(d, name, i, image, err);
}
