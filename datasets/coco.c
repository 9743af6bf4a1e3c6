/* MS-COCO 2014 and 2017 as they are unpacked: COCO/{train2017, val2017, annotations}. A picture has a class when one of its instances, a crowd
 * too, is of it. The instances are read as they stream by: of each its picture and its category, 16 bytes, stay until the
 * categories are known, which stand behind them.
 *
 * Test sets: "labelled", the pictures with an instance (val2014 40,137, val2017 4,952: DualCoOp, TaI-DPT), and "all" (40,504, 5,000).
 * The training split is the labelled part of train in both. */
#include "datasets/class_lists.h"
#include "datasets/picture_list.h"
#include "datasets/public_root.h"
#include "harness/io/json_records.h"

#include <stdlib.h>
#include <string.h>

static const char *const folders_2014[SPLIT_COUNT] = {[SPLIT_TRAIN] = "train2014", [SPLIT_TEST] = "val2014"};
static const char *const folders_2017[SPLIT_COUNT] = {[SPLIT_TRAIN] = "train2017", [SPLIT_TEST] = "val2017"};
static const char *const test_sets[] = {"labelled", "all", NULL};

typedef struct Coco {
    PublicRoot root;
    const char *const
        *folders; /* [SPLIT_COUNT] of the pictures, and in the names of the annotations; NULL: no such split */
    bool all;
} Coco;

static bool open_year(Dataset *d, const DatasetSource *source, const char *const *folders, Error *err)
{
    Coco *coco = arena_alloc(&d->arena, sizeof *coco);
    d->state = coco;
    d->classes = coco_classes;
    d->class_count = COCO_CLASSES;
    coco->folders = folders;
    coco->all = source->test_set && strcmp(source->test_set, "all") == 0;
    return public_root_open(d, source, &coco->root, err);
}

static bool open_2014(Dataset *d, const DatasetSource *source, Error *err)
{
    return open_year(d, source, folders_2014, err);
}

static bool open_2017(Dataset *d, const DatasetSource *source, Error *err)
{
    return open_year(d, source, folders_2017, err);
}

/* ---- the instances ---- */

typedef struct Picture {
    int64_t id;
    size_t row;
} Picture;

typedef struct Instance {
    int64_t picture, category;
} Instance;

typedef struct Category {
    int64_t id;
    const char *name;
} Category;

typedef struct Reading {
    PictureList *list;
    Picture *pictures; /* [list->count] */
    Instance *instances;
    Category categories[COCO_CLASSES];
    size_t picture_room, instance_count, instance_room, category_count;
} Reading;

static bool take_picture(void *context, const Record *record, Error *err)
{
    Reading *r = context;
    int64_t id;
    const char *file;
    if (!record_whole(record, 0, &id, err) || !record_text(record, 1, &file, err)) return false;
    if (r->list->count == r->picture_room) {
        r->picture_room = r->picture_room ? 2 * r->picture_room : 1024;
        r->pictures = xrealloc(r->pictures, r->picture_room * sizeof *r->pictures);
    }
    r->pictures[r->list->count] = (Picture){id, r->list->count};
    picture_list_add(r->list, file);
    return true;
}

static bool take_instance(void *context, const Record *record, Error *err)
{
    Reading *r = context;
    Instance i;
    if (!record_whole(record, 0, &i.picture, err) || !record_whole(record, 1, &i.category, err)) return false;
    if (r->instance_count == r->instance_room) {
        r->instance_room = r->instance_room ? 2 * r->instance_room : 4096;
        r->instances = xrealloc(r->instances, r->instance_room * sizeof *r->instances);
    }
    r->instances[r->instance_count++] = i;
    return true;
}

static bool take_category(void *context, const Record *record, Error *err)
{
    Reading *r = context;
    int64_t id;
    const char *name;
    if (!record_whole(record, 0, &id, err) || !record_text(record, 1, &name, err)) return false;
    if (r->category_count == COCO_CLASSES)
        return record_fail(record, err, "MS-COCO has %d categories; fetch the file again", COCO_CLASSES);
    r->categories[r->category_count++] = (Category){id, arena_strdup(&r->list->data->arena, name)};
    return true;
}

static const RecordKind kinds[] = {
    {.at = "images", .fields = {"id", "file_name"}, .take = take_picture},
    {.at = "annotations", .fields = {"image_id", "category_id"}, .take = take_instance},
    {.at = "categories", .fields = {"id", "name"}, .take = take_category},
    {0},
};

static int by_id(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b; /* the first member of all three */
    return (x > y) - (x < y);
}

/* Two of the classes go by TaI-DPT's names. */
static const char *name_of_category(size_t class)
{
    const char *name = coco_classes[class].names[0];
    if (strcmp(name, "motor bike") == 0) return "motorcycle";
    return strcmp(name, "aeroplane") == 0 ? "airplane" : name;
}

static bool check_categories(Reading *r, const char *path, Error *err)
{
    qsort(r->categories, r->category_count, sizeof *r->categories, by_id);
    for (size_t c = 0; c < r->category_count; c++)
        if (strcmp(r->categories[c].name, name_of_category(c)) != 0)
            return fail(err,
                        "%s: category %lld is \"%.40s\", MS-COCO has \"%s\" there; a set of other categories is a data "
                        "set of kind \"list\" or \"folder\"",
                        path, (long long)r->categories[c].id, r->categories[c].name, name_of_category(c));
    return r->category_count == COCO_CLASSES ||
           fail(err, "%s: it has %zu of MS-COCO's %d categories; instances_*.json is needed", path, r->category_count,
                COCO_CLASSES);
}

/* Two pictures of one id: the instances would be anybody's. */
static bool check_pictures(Reading *r, const char *path, Error *err)
{
    qsort(r->pictures, r->list->count, sizeof *r->pictures, by_id);
    for (size_t i = 1; i < r->list->count; i++)
        if (r->pictures[i].id == r->pictures[i - 1].id)
            return fail(err, "%s: two pictures have the id %lld; fetch the file again", path,
                        (long long)r->pictures[i].id);
    return true;
}

static bool set_labels(Reading *r, const char *path, Error *err)
{
    if (!check_categories(r, path, err) || !check_pictures(r, path, err)) return false;
    for (size_t i = 0; i < r->instance_count; i++) {
        const Instance *one = &r->instances[i];
        const Picture *picture = bsearch(&one->picture, r->pictures, r->list->count, sizeof *picture, by_id);
        const Category *category = bsearch(&one->category, r->categories, COCO_CLASSES, sizeof *category, by_id);
        if (!picture || !category)
            return fail(err, "%s: annotations, number %zu: there is no %s of id %lld; fetch the file again", path,
                        i + 1, picture ? "category" : "picture", (long long)(picture ? one->category : one->picture));
        picture_labels(r->list, picture->row)[category - r->categories] = 1;
    }
    return true;
}

static bool read_instances(PictureList *list, const char *path, Error *err)
{
    Reading r = {.list = list};
    const bool good = json_records_read(path, kinds, &r, err) && set_labels(&r, path, err);
    free(r.pictures);
    free(r.instances);
    return good;
}

/* ---- the data set ---- */

static bool split(Dataset *d, SplitName name, Split *split, Error *err)
{
    const Coco *coco = d->state;
    const char *folder = coco->folders[name];
    if (!folder)
        return fail_usage(err, "data set %s: it has no %s split; choose another protocol", d->name,
                          dataset_split_names[name]);
    PictureList list = {.data = d, .folder = xformat("%s/%s", coco->root.folder, folder)};
    char *path = xformat("%s/annotations/instances_%s.json", coco->root.folder, folder);
    bool good = read_instances(&list, path, err);
    if (good && !(coco->all && name == SPLIT_TEST)) picture_list_keep_labelled(&list);
    good = good && picture_list_to_split(&list, path, split, err);
    picture_list_free(&list);
    free(path);
    return good;
}

static bool captions(Dataset *d, Captions *captions, Error *err)
{
    return public_captions_read(d, &((Coco *)d->state)->root, coco_captions, captions, err);
}

static bool image(Dataset *d, SplitName name, size_t i, Image *image, Error *err)
{
    const Coco *coco = d->state;
    char *path = xformat("%s/%s/%s", coco->root.folder, coco->folders[name], d->listed[name][i]);
    const bool good = image_read(path, image, err);
    free(path);
    return good;
}

static bool has(const Dataset *d, SplitName name)
{
    return ((const Coco *)d->state)->folders[name] != NULL;
}

static const DatasetOps
    ops_2014 = {.open = open_2014, .has = has, .split = split, .captions = captions, .image = image},
    ops_2017 = {.open = open_2017, .has = has, .split = split, .captions = captions, .image = image};

static const Key keys[] = {KIND_KEY, PUBLIC_KEYS, {0}};

#define PLACES ((const char *const[]){"COCO", "coco", "MSCOCO", "mscoco", "", NULL})

const DatasetKind kind_coco2014 = {
    .name = "coco2014",
    .summary = "MS-COCO 2014: 80 classes, 40137 labelled validation images",
    .source = "https://cocodataset.org/",
    .originals =
        (const DatasetOriginal[]){{"train2014.zip", "13 GB", "unzip in COCO: COCO/train2014"},
                                  {"val2014.zip", "6 GB", "unzip in COCO: COCO/val2014"},
                                  {"annotations_trainval2014.zip", "241 MB", "unzip in COCO: COCO/annotations"},
                                  COCO_CAPTIONS_ORIGINAL,
                                  {0}},
    .places = PLACES,
    .sign = "annotations/instances_val2014.json",
    .published = (const DatasetPublished[]){{"labelled", {[SPLIT_TRAIN] = 82081, [SPLIT_TEST] = 40137}},
                                            {"all", {[SPLIT_TRAIN] = 82081, [SPLIT_TEST] = 40504}},
                                            {0}},
    .classes = coco_classes,
    .class_count = COCO_CLASSES,
    .test_sets = test_sets,
    .keys = keys,
    .ops = &ops_2014,
};

const DatasetKind kind_coco2017 = {
    .name = "coco2017",
    .summary = "MS-COCO 2017: 80 classes, 4952 labelled validation images, 118287 captioned training images",
    .source = "https://cocodataset.org/",
    .originals = (const DatasetOriginal[]){{"train2017.zip", "18 GB", "unzip in COCO: COCO/train2017"},
                                           {"val2017.zip", "1 GB", "unzip in COCO: COCO/val2017"},
                                           COCO_CAPTIONS_ORIGINAL,
                                           {0}},
    .places = PLACES,
    .sign = "annotations/instances_val2017.json",
    .published = (const DatasetPublished[]){{"labelled", {[SPLIT_TRAIN] = 117266, [SPLIT_TEST] = 4952}},
                                            {"all", {[SPLIT_TRAIN] = 117266, [SPLIT_TEST] = 5000}},
                                            {0}},
    .classes = coco_classes,
    .class_count = COCO_CLASSES,
    .test_sets = test_sets,
    .keys = keys,
    .ops = &ops_2017,
};
