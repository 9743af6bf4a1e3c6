/* NUS-WIDE as it is unpacked: NUS-WIDE/{Concepts81.txt, ImageList, Groundtruth, Flickr}. Pictures that Flickr has lost are left out by name.
 *
 * Test sets (numbers of different ones are points apart, so a protocol names its own):
 *   official     TestImagelist.txt, 107,859 pictures, 23,961 of them without a label: TaI-DPT, SPARC, MKT
 *   labelled     those with one of the 81 concepts, 83,898; of the training list 125,449: ML-TTA, BCP, PuRF, PVLR
 *   srn60260     the list of PIAA's authors, nuswide_60260_labels.txt beside Concepts81.txt; its training list is not public
 *   zsl925-81    official, with 1006 classes: the 925 tags of TagList1k.txt that are no concept (labels: the users' tags), then the 81 */
#include "datasets/nuswide_internal.h"

#include "datasets/class_lists.h"
#include "harness/base/lines.h"

#include <stdlib.h>
#include <string.h>

typedef struct Reading {
    PictureList *list;
    size_t class, next; /* of a concept's list: whose, and the picture that its next line is about */
} Reading;

static const char *const tag_lists[] = {"TagList1k.txt", "NUS_WID_Tags/TagList1k.txt", "ConceptsList/TagList1k.txt",
                                        NULL};

static bool open_nuswide(Dataset *d, const DatasetSource *source, Error *err)
{
    NusWide *nus = arena_alloc(&d->arena, sizeof *nus);
    d->state = nus;
    d->classes = nuswide_classes;
    d->class_count = NUSWIDE_CLASSES;
    nus->test_set = source->test_set ? arena_strdup(&d->arena, source->test_set) : "official";
    if (!public_root_open(d, source, &nus->root, err)) return false;
    if (d->unseen || strcmp(nus->test_set, "zsl925-81") != 0) return true;
    const char *path = nuswide_find(d, tag_lists, "TagList1k.txt", err);
    return path && nuswide_read_tags(d, path, err);
}

/* ---- lists ---- */

const char *nuswide_find(Dataset *d, const char *const *names, const char *what, Error *err)
{
    const NusWide *nus = d->state;
    const char *found = public_root_find(d, &nus->root, names);
    if (!found)
        fail(err, "data set %s: %s is not in %s; put it there (palbench data get nuswide)", d->name, what,
             nus->root.folder);
    return found;
}

/* "actor\0001_2124494179.jpg", as the lists were written on Windows; the ends may have blanks. */
static char *picture_name(const char *text, size_t length, const char *end)
{
    char *file = xformat("%.*s%s", (int)length, text, end);
    for (char *p = file; (p = strchr(p, '\\'));) *p = '/';
    return file;
}

static size_t word_length(const char *text)
{
    return strcspn(text, " \t");
}

static bool take_picture(void *context, const Line *line, Error *err)
{
    const Reading *r = context;
    const char *text = line->text + strspn(line->text, " \t");
    if (line_is_blank(line)) return true;
    char *file = picture_name(text, word_length(text), "");
    const bool good =
        (strchr(file, '/') && file[0] != '/' && !strstr(file, "..")) ||
        fail(err, "%s:%zu: \"%.80s\" is no picture such as actor\\0001_2124494179.jpg; fetch the list again",
             line->path, line->number, line->text);
    if (good) picture_list_add(r->list, file);
    free(file);
    return good;
}

/* A line of Labels_CONCEPT_Test.txt: 1 or 0, of the pictures in the list's order. */
static bool take_label(void *context, const Line *line, Error *err)
{
    Reading *r = context;
    const char *text = line->text + strspn(line->text, " \t");
    if (line_is_blank(line)) return true;
    if (word_length(text) != 1 || (*text != '0' && *text != '1'))
        return fail(err, "%s:%zu: 1 or 0 is needed, this is \"%.40s\"; fetch the list again", line->path, line->number,
                    line->text);
    if (r->next == r->list->count)
        return fail(err, "%s:%zu: there are more lines than the %zu pictures of the list; fetch both again", line->path,
                    line->number, r->list->count);
    if (*text == '1') picture_labels(r->list, r->next)[r->class] = 1;
    r->next++;
    return true;
}

static bool read_concept(PictureList *list, size_t class, const char *word, const char *part, Error *err)
{
    const char *concept = nuswide_classes[class].names[0];
    char *names[2] = {xformat("Groundtruth/TrainTestLabels/Labels_%s_%s.txt", concept, part),
                      xformat("GroundTruth/TrainTestLabels/Labels_%s_%s.txt", concept, part)};
    const char *path = nuswide_find(list->data, (const char *const[]){names[0], names[1], NULL}, names[0], err);
    Reading r = {.list = list, .class = class + (size_t)(list->data->class_count - NUSWIDE_CLASSES)};
    const bool good = path && lines_read(path, take_label, &r, err) &&
                      (r.next == list->count ||
                       fail(err, "%s: it ends after %zu of the %zu pictures of the %s list; fetch both again", path,
                            r.next, list->count, word));
    free(names[0]);
    free(names[1]);
    return good;
}

/* The official list of a split with its labels; `part` as the files say it. */
static bool read_official(PictureList *list, const char *word, const char *part, Error *err)
{
    char *name = xformat("ImageList/%sImagelist.txt", part);
    const char *path = nuswide_find(list->data, (const char *const[]){name, NULL}, name, err);
    bool good = path && lines_read(path, take_picture, &(Reading){.list = list}, err);
    for (size_t c = 0; good && c < NUSWIDE_CLASSES; c++) good = read_concept(list, c, word, part, err);
    free(name);
    return good && (list->data->class_count == NUSWIDE_CLASSES || nuswide_read_tag_labels(list, part, err));
}

/* A line of the list of 60,260: "restaurant/0346_1766455331 5 13". */
static bool take_numbered(void *context, const Line *line, Error *err)
{
    const Reading *r = context;
    const char *text = line->text + strspn(line->text, " \t");
    if (line_is_blank(line)) return true;
    char *file = picture_name(text, word_length(text), ".jpg");
    picture_list_add(r->list, file);
    free(file);
    int8_t *labels = picture_labels(r->list, r->list->count - 1);
    for (text += word_length(text); *(text += strspn(text, " \t"));) {
        char *end;
        const long class = strtol(text, &end, 10);
        if (end == text || class < 0 || class >= NUSWIDE_CLASSES)
            return fail(err, "%s:%zu: \"%.40s\" is no class from 0 to %d; fetch the list again", line->path,
                        line->number, text, NUSWIDE_CLASSES - 1);
        labels[class] = 1, text = end;
    }
    return true;
}

static bool read_srn(PictureList *list, SplitName name, Error *err)
{
    if (name != SPLIT_TEST)
        return fail_usage(
            err,
            "data set %s: the training list beside the 60,260 test pictures is not public; of a protocol with "
            "\"test_set\": \"srn60260\" only methods without labelled pictures can be tested",
            list->data->name);
    const char *path = nuswide_find(list->data, (const char *const[]){"nuswide_60260_labels.txt", NULL},
                                    "nuswide_60260_labels.txt", err);
    return path && lines_read(path, take_numbered, &(Reading){.list = list}, err);
}

/* ---- the data set ---- */

static bool split(Dataset *d, SplitName name, Split *split, Error *err)
{
    const NusWide *nus = d->state;
    if (name == SPLIT_TUNE)
        return fail_usage(err, "data set %s: it has no tune split; choose another protocol", d->name);
    PictureList list = {.data = d, .folder = xformat("%s/Flickr", nus->root.folder)};
    bool good = strcmp(nus->test_set, "srn60260") == 0
                    ? read_srn(&list, name, err)
                    : read_official(&list, dataset_split_names[name], name == SPLIT_TRAIN ? "Train" : "Test", err);
    if (good && strcmp(nus->test_set, "labelled") == 0) picture_list_keep_labelled(&list);
    char *what = xformat("data set %s, %s", d->name, dataset_split_names[name]);
    good = good && picture_list_to_split(&list, what, split, err);
    free(what);
    picture_list_free(&list);
    return good;
}

static bool captions(Dataset *d, Captions *captions, Error *err)
{
    static const char *const usual[] = {"OpenImages/open_images_train_v6_captions.jsonl",
                                        "open_images_train_v6_captions.jsonl", "OpenImages/captions", NULL};
    return public_captions_read(d, &((NusWide *)d->state)->root, usual, captions, err);
}

static bool image(Dataset *d, SplitName name, size_t i, Image *image, Error *err)
{
    char *path = xformat("%s/Flickr/%s", ((NusWide *)d->state)->root.folder, d->listed[name][i]);
    const bool good = image_read(path, image, err);
    free(path);
    return good;
}

static bool has(const Dataset *d, SplitName name)
{
    return name == SPLIT_TEST ||
           (name == SPLIT_TRAIN && strcmp(((const NusWide *)d->state)->test_set, "srn60260") != 0);
}

static const DatasetOps ops = {.open = open_nuswide, .has = has, .split = split, .captions = captions, .image = image};

static const Key keys[] = {KIND_KEY, PUBLIC_KEYS, {0}};

const DatasetKind kind_nuswide = {
    .name = "nuswide",
    .summary = "NUS-WIDE: 81 concepts, 107859 test images",
    .source = "https://lms.comp.nus.edu.sg/wp-content/uploads/2019/research/nuswide/NUS-WIDE.html",
    .originals =
        (const DatasetOriginal[]){
            {"Image list", "4 MB", "unzip in NUS-WIDE: NUS-WIDE/ImageList"},
            {"Groundtruth", "2 MB", "unzip in NUS-WIDE: NUS-WIDE/Groundtruth, its TrainTestLabels in there"},
            {"Concept list", "1 kB", "NUS-WIDE/Concepts81.txt"},
            {"Flickr pictures (by request)", "29 GB", "unpack in NUS-WIDE: NUS-WIDE/Flickr/CONCEPT/*.jpg"},
            {"nuswide_60260_labels.txt (PIAA's authors)", "3 MB", "NUS-WIDE/, for the test set srn60260 alone"},
            {"NUS_WID_Tags", "60 MB", "unzip in NUS-WIDE: NUS-WIDE/NUS_WID_Tags, for the test set zsl925-81 alone"},
            {"open_images_train_v6_captions.jsonl (localized narratives)", "200 MB",
             "OpenImages/, beside NUS-WIDE: training captions"},
            {0}},
    .places = (const char *const[]){"NUS-WIDE", "NUSWIDE", "nuswide", "nus-wide", "", NULL},
    .sign = "Concepts81.txt",
    .published = (const DatasetPublished[]){{"official", {[SPLIT_TRAIN] = 161789, [SPLIT_TEST] = 107859}},
                                            {"labelled", {[SPLIT_TRAIN] = 125449, [SPLIT_TEST] = 83898}},
                                            {"srn60260", {[SPLIT_TEST] = 60260}},
                                            {"zsl925-81", {[SPLIT_TRAIN] = 161789, [SPLIT_TEST] = 107859}},
                                            {0}},
    .loses_pictures = true,
    .classes = nuswide_classes,
    .class_count = NUSWIDE_CLASSES,
    .test_sets = (const char *const[]){"official", "labelled", "srn60260", "zsl925-81", NULL},
    .keys = keys,
    .ops = &ops,
};
