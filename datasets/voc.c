/* PASCAL VOC 2007 and 2012 as they are unpacked: VOCdevkit/VOC2007/{ImageSets/Main, Annotations, JPEGImages}. The labels are those of the lists
 * CLASS_SPLIT.txt (1, -1, 0 difficult); where these are not there, those of the annotations, which say the same.
 *
 *            train              test
 *     2007   trainval (5011)    test (4952)
 *     2012   train (5717)       val (5823), for the test server's labels are nobody's; so do PIAA, SCPNet, Cole, ML-TTA */
#include "datasets/class_lists.h"
#include "datasets/picture_list.h"
#include "datasets/public_root.h"
#include "datasets/voc_annotation.h"
#include "harness/base/lines.h"

#include <stdlib.h>
#include <string.h>

/* As the files have them, in the order of voc_classes. */
static const char *const file_names[VOC_CLASSES + 1] = {
    "aeroplane", "bicycle",     "bird",  "boat",        "bottle", "bus",       "car",
    "cat",       "chair",       "cow",   "diningtable", "dog",    "horse",     "motorbike",
    "person",    "pottedplant", "sheep", "sofa",        "train",  "tvmonitor", NULL};

static const char *const lists_2007[SPLIT_COUNT] = {[SPLIT_TRAIN] = "trainval", [SPLIT_TEST] = "test"};
static const char *const lists_2012[SPLIT_COUNT] = {[SPLIT_TRAIN] = "train", [SPLIT_TEST] = "val"};

typedef struct Voc {
    PublicRoot root;
    const char *const *lists; /* [SPLIT_COUNT] NULL: there is no such split */
} Voc;

static bool open_year(Dataset *d, const DatasetSource *source, const char *const *lists, Error *err)
{
    Voc *voc = arena_alloc(&d->arena, sizeof *voc);
    d->state = voc;
    d->classes = voc_classes;
    d->class_count = VOC_CLASSES;
    voc->lists = lists;
    return public_root_open(d, source, &voc->root, err);
}

static bool open_2007(Dataset *d, const DatasetSource *source, Error *err)
{
    return open_year(d, source, lists_2007, err);
}

static bool open_2012(Dataset *d, const DatasetSource *source, Error *err)
{
    return open_year(d, source, lists_2012, err);
}

/* ---- ImageSets/Main ---- */

typedef struct Reading {
    PictureList *pictures;
    size_t class, next; /* of a class's list: whose, and the picture that its next line is about */
} Reading;

/* A line of SPLIT.txt: "000012". */
static bool take_picture(void *context, const Line *line, Error *err)
{
    const Reading *r = context;
    const char *text = line->text + strspn(line->text, " \t");
    const size_t length = strcspn(text, " \t");
    if (line_is_blank(line)) return true;
    if (memchr(text, '/', length))
        return fail(err, "%s:%zu: \"%.80s\" is no picture's number; fetch the list again", line->path, line->number,
                    line->text);
    char *file = xformat("%.*s.jpg", (int)length, text);
    picture_list_add(r->pictures, file);
    free(file);
    return true;
}

/* A line of CLASS_SPLIT.txt: "000012 -1"; its pictures are those of SPLIT.txt in their order. */
static bool take_label(void *context, const Line *line, Error *err)
{
    Reading *r = context;
    if (line_is_blank(line)) return true;
    if (r->next == r->pictures->count)
        return fail(err, "%s:%zu: there are more lines than the %zu pictures of the split; fetch the list again",
                    line->path, line->number, r->pictures->count);
    const char *file = r->pictures->files[r->next];
    const size_t stem = strlen(file) - strlen(".jpg");
    char *end = NULL;
    long label = 2;
    if (strncmp(line->text, file, stem) == 0) label = strtol(line->text + stem, &end, 10);
    if (!end || end == line->text + stem || line->text[stem] != ' ' || end[strspn(end, " \t")] || labs(label) > 1)
        return fail(err, "%s:%zu: \"%.*s LABEL\" with 1, -1 or 0 is needed, this is \"%.80s\"; fetch the list again",
                    line->path, line->number, (int)stem, file, line->text);
    picture_labels(r->pictures, r->next++)[r->class] = (int8_t)label;
    return true;
}

static char *list_path(const Voc *voc, const char *class, const char *list)
{
    return xformat("%s/ImageSets/Main/%s%s%s.txt", voc->root.folder, class, *class ? "_" : "", list);
}

static bool read_class(const Voc *voc, PictureList *pictures, size_t class, const char *list, Error *err)
{
    Reading r = {.pictures = pictures, .class = class};
    char *path = list_path(voc, file_names[class], list);
    const bool good = lines_read(path, take_label, &r, err) &&
                      (r.next == pictures->count ||
                       fail(err, "%s: it ends after %zu of the %zu pictures of the split; fetch the list again", path,
                            r.next, pictures->count));
    free(path);
    return good;
}

static bool read_annotations(const Voc *voc, PictureList *pictures, Error *err)
{
    bool good = true;
    for (size_t i = 0; good && i < pictures->count; i++) {
        const char *file = pictures->files[i];
        char *path = xformat("%s/Annotations/%.*s.xml", voc->root.folder, (int)(strlen(file) - strlen(".jpg")), file);
        good = voc_annotation_read(path, file_names, picture_labels(pictures, i), err);
        free(path);
    }
    return good;
}

static bool read_labels(const Voc *voc, PictureList *pictures, const char *list, Error *err)
{
    char *path = list_path(voc, file_names[0], list);
    const bool listed = path_exists(path);
    free(path);
    if (!listed) return read_annotations(voc, pictures, err);
    for (size_t c = 0; c < VOC_CLASSES; c++)
        if (!read_class(voc, pictures, c, list, err)) return false;
    return true;
}

/* ---- the data set ---- */

static bool split(Dataset *d, SplitName name, Split *split, Error *err)
{
    const Voc *voc = d->state;
    const char *list = voc->lists[name];
    if (!list)
        return fail_usage(err, "data set %s: it has no %s split; choose another protocol", d->name,
                          dataset_split_names[name]);
    Reading r = {.pictures = &(PictureList){.data = d, .folder = xformat("%s/JPEGImages", voc->root.folder)}};
    char *path = list_path(voc, "", list);
    const bool good = lines_read(path, take_picture, &r, err) && read_labels(voc, r.pictures, list, err) &&
                      picture_list_to_split(r.pictures, path, split, err);
    picture_list_free(r.pictures);
    free(path);
    return good;
}

static bool captions(Dataset *d, Captions *captions, Error *err)
{
    return public_captions_read(d, &((Voc *)d->state)->root, coco_captions, captions, err);
}

static bool image(Dataset *d, SplitName name, size_t i, Image *image, Error *err)
{
    char *path = xformat("%s/JPEGImages/%s", ((Voc *)d->state)->root.folder, d->listed[name][i]);
    const bool good = image_read(path, image, err);
    free(path);
    return good;
}

static bool has(const Dataset *d, SplitName name)
{
    return ((const Voc *)d->state)->lists[name] != NULL;
}

static const DatasetOps
    ops_2007 = {.open = open_2007, .has = has, .split = split, .captions = captions, .image = image},
    ops_2012 = {.open = open_2012, .has = has, .split = split, .captions = captions, .image = image};

static const Key keys[] = {KIND_KEY, PUBLIC_KEYS, {0}};

const DatasetKind kind_voc2007 = {
    .name = "voc2007",
    .summary = "PASCAL VOC 2007: 20 classes, 4952 test images",
    .source = "http://host.robots.ox.ac.uk/pascal/VOC/voc2007/",
    .originals =
        (const DatasetOriginal[]){{"VOCtrainval_06-Nov-2007.tar", "439 MB", "tar xf: VOCdevkit/VOC2007"},
                                  {"VOCtest_06-Nov-2007.tar", "431 MB", "tar xf: VOCdevkit/VOC2007, beside the former"},
                                  COCO_CAPTIONS_ORIGINAL,
                                  {0}},
    .places = (const char *const[]){"VOCdevkit/VOC2007", "VOC2007", "", NULL},
    .sign = "ImageSets/Main/test.txt",
    .published = (const DatasetPublished[]){{NULL, {[SPLIT_TRAIN] = 5011, [SPLIT_TEST] = 4952}}, {0}},
    .classes = voc_classes,
    .class_count = VOC_CLASSES,
    .keys = keys,
    .ops = &ops_2007,
};

const DatasetKind kind_voc2012 = {
    .name = "voc2012",
    .summary = "PASCAL VOC 2012: 20 classes, 5823 validation images to test on",
    .source = "http://host.robots.ox.ac.uk/pascal/VOC/voc2012/",
    .originals = (const DatasetOriginal[]){{"VOCtrainval_11-May-2012.tar", "1.9 GB", "tar xf: VOCdevkit/VOC2012"},
                                           COCO_CAPTIONS_ORIGINAL,
                                           {0}},
    .places = (const char *const[]){"VOCdevkit/VOC2012", "VOC2012", "", NULL},
    .sign = "ImageSets/Main/val.txt",
    .published = (const DatasetPublished[]){{NULL, {[SPLIT_TRAIN] = 5717, [SPLIT_TEST] = 5823}}, {0}},
    .classes = voc_classes,
    .class_count = VOC_CLASSES,
    .keys = keys,
    .ops = &ops_2012,
};
