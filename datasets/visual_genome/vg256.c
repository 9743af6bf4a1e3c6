/* VG-256, Visual Genome with the 256 classes of MLC-PAT's authors, as their files are kept: VG/{objects.json, vg256.json, VG_100K, maybe
 * VG_100K_2}. vg256.json says which names of objects make a class. The rule is that of their format_vg256.py: of each object the first
 * name, in small letters, without a full stop at its end; when all words but the last are of 19 adjectives, the last word alone; a name that stands under
 * two classes is the later one's. Pictures with a class, by number, are dealt by numpy's RandomState(1).permutation; the last
 * round(0.3 n) are the test set, 32,011 of 106,702. */
#include "datasets/class_lists.h"
#include "datasets/public_root.h"
#include "datasets/visual_genome/visual_genome.h"
#include "harness/clip/string_map.h"
#include "harness/graph/random.h"
#include "harness/io/json.h"
#include "harness/io/json_records.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Vg256 {
    PublicRoot root;
} Vg256;

static bool open_vg256(Dataset *d, const DatasetSource *source, Error *err)
{
    Vg256 *vg = arena_alloc(&d->arena, sizeof *vg);
    d->state = vg;
    d->classes = vg256_classes;
    d->class_count = VG256_CLASSES;
    return public_root_open(d, source, &vg->root, err);
}

/* ---- names of objects ---- */

static bool add_names(StringMap *map, Json names, int32_t class, Error *err)
{
    const char *name;
    if (!json_is_array(names)) return json_fail(names, err, "a list of names of objects is needed");
    for (size_t i = 0; i < json_count(names); i++) {
        if (!json_as_string(json_at(names, i), &name, err)) return false;
        string_map_put(map, name, strlen(name), class);
    }
    return true;
}

static bool read_map(const char *path, StringMap *map, Error *err)
{
    JsonFile *file = json_read(path, err);
    if (!file) return false;
    const Json root = json_root(file);
    bool good = json_is_object(root) && json_count(root) == VG256_CLASSES
                    ? true
                    : json_fail(root, err, "an object of the %d classes of VG-256 is needed", VG256_CLASSES);
    for (size_t c = 0; good && c < VG256_CLASSES; c++) {
        const Json names = json_at(root, c);
        const char *own = vg256_classes[c].names[0];
        good = strcmp(json_key(names), own) == 0 ? add_names(map, names, (int32_t)c, err)
                                                 : json_fail(names, err, "VG-256 has \"%s\" there", own);
    }
    json_free(file);
    return good;
}

static bool is_adjective(const char *word, size_t length)
{
    static const char *const adjectives[] = {"white", "black", "blue",   "green",  "red",    "brown", "yellow",
                                             "small", "large", "silver", "wooden", "orange", "gray",  "grey",
                                             "metal", "pink",  "tall",   "long",   "dark"};
    for (size_t i = 0; i < sizeof adjectives / sizeof *adjectives; i++)
        if (strlen(adjectives[i]) == length && memcmp(word, adjectives[i], length) == 0) return true;
    return false;
}

static char *stripped(char *text)
{
    static const char blanks[] = " \t\n\v\f\r\x1c\x1d\x1e\x1f";
    text += strspn(text, blanks);
    size_t length = strlen(text);
    while (length && strchr(blanks, text[length - 1])) length--;
    text[length] = 0;
    return text;
}

/* The name as it is looked up; `text` is changed. */
static const char *cleaned(char *text)
{
    for (char *c = text; *c; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
    text = stripped(text);
    const size_t length = strlen(text);
    if (length && text[length - 1] == '.') text[length - 1] = 0, text = stripped(text);
    char *word = text, *last = text;
    for (;; word = last) { /* [text, word): adjectives */
        const size_t n = strcspn(word, " \t\n\v\f\r");
        last = word + n + strspn(word + n, " \t\n\v\f\r");
        if (!*last) return word;
        if (!is_adjective(word, n)) return text;
    }
}

/* ---- pictures ---- */

typedef struct Numbered {
    int64_t id;
    size_t row;
} Numbered;

typedef struct Reading {
    PictureList *list; /* in the order of the file, those with a class */
    StringMap map;
    Numbered *pictures; /* [room] */
    size_t room;
} Reading;

static bool take_picture(void *context, const Record *record, Error *err)
{
    Reading *r = context;
    const TextList *names = &record->fields[1].values;
    int64_t id;
    int8_t labels[VG256_CLASSES];
    bool any = false;
    if (!record_whole(record, 0, &id, err)) return false;
    memset(labels, -1, sizeof labels);
    for (size_t i = 0; i < names->count; i++) {
        const char *name = cleaned(names->items[i]);
        const int32_t class = string_map_get(&r->map, name, strlen(name));
        if (class >= 0) labels[class] = 1, any = true;
    }
    if (!any) return true;
    if (r->list->count == r->room) {
        r->room = r->room ? 2 * r->room : 1024;
        r->pictures = xrealloc(r->pictures, r->room * sizeof *r->pictures);
    }
    char *name = xformat("%lld.jpg", (long long)id), *file = visual_genome_place(r->list, name);
    r->pictures[r->list->count] = (Numbered){id, r->list->count};
    picture_list_add(r->list, file);
    memcpy(picture_labels(r->list, r->list->count - 1), labels, sizeof labels);
    free(name), free(file);
    return true;
}

static const RecordKind kinds[] = {{.at = "", .fields = {"image_id", "objects.names[0]"}, .take = take_picture}, {0}};

/* By number; of equal ones the first of the file first. */
static int by_id(const void *a, const void *b)
{
    const Numbered *x = a, *y = b;
    return x->id != y->id ? (x->id > y->id) - (x->id < y->id) : (x->row > y->row) - (x->row < y->row);
}

/* numpy's RandomState(1).permutation(n): Fisher and Yates from the end, each place by draws of 32 bits of which as many are kept as it takes,
 * until one is not too large. */
static void deal(size_t *order, size_t n)
{
    Random random;
    random_seed(&random, 1);
    for (size_t i = 0; i < n; i++) order[i] = i;
    for (size_t i = n; i-- > 1;) {
        uint32_t mask = (uint32_t)i, k;
        for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
        do k = random_u32(&random) & mask;
        while (k > i);
        const size_t held = order[i];
        order[i] = order[k], order[k] = held;
    }
}

/* The pictures of a split, by number -> `to`. */
static void choose(const Reading *r, bool test, PictureList *to)
{
    const size_t n = r->list->count, tests = (size_t)nearbyint(0.3 * (double)n);
    size_t *order = xcalloc(n + 1, sizeof *order);
    bool *is_test = xcalloc(n + 1, sizeof *is_test);
    deal(order, n);
    for (size_t i = n - tests; i < n; i++) is_test[order[i]] = true;
    for (size_t i = 0; i < n; i++) {
        const size_t row = r->pictures[i].row;
        if (is_test[i] != test) continue;
        picture_list_add(to, r->list->files[row]);
        memcpy(picture_labels(to, to->count - 1), picture_labels(r->list, row), VG256_CLASSES);
    }
    free(order), free(is_test);
}

/* ---- the data set ---- */

static bool has(const Dataset *d, SplitName name)
{
    (void)d;
    return name != SPLIT_TUNE;
}

static bool read_pictures(Reading *r, const char *map, const char *objects, Error *err)
{
    if (!read_map(map, &r->map, err) || !json_records_read(objects, kinds, r, err)) return false;
    if (r->list->count) qsort(r->pictures, r->list->count, sizeof *r->pictures, by_id);
    return true;
}

static bool split(Dataset *d, SplitName name, Split *split, Error *err)
{
    const char *folder = ((const Vg256 *)d->state)->root.folder;
    if (!has(d, name))
        return fail_usage(err, "data set %s: it has no %s split; choose another protocol", d->name,
                          dataset_split_names[name]);
    PictureList all = {.data = d, .folder = xstrdup(folder)}, chosen = {.data = d, .folder = xstrdup(folder)};
    Reading r = {.list = &all};
    char *map = path_join(folder, "vg256.json"), *objects = path_join(folder, "objects.json");
    bool good = read_pictures(&r, map, objects, err);
    if (good) choose(&r, name == SPLIT_TEST, &chosen);
    good = good && picture_list_to_split(&chosen, objects, split, err);
    picture_list_free(&all), picture_list_free(&chosen);
    string_map_free(&r.map);
    free(r.pictures), free(map), free(objects);
    return good;
}

static bool captions(Dataset *d, Captions *captions, Error *err)
{
    return public_captions_read(d, &((Vg256 *)d->state)->root, coco_captions, captions, err);
}

static bool image(Dataset *d, SplitName name, size_t i, Image *image, Error *err)
{
    char *path = path_join(((Vg256 *)d->state)->root.folder, d->listed[name][i]);
    const bool good = image_read(path, image, err);
    free(path);
    return good;
}

static const DatasetOps ops = {.open = open_vg256, .has = has, .split = split, .captions = captions, .image = image};

static const Key keys[] = {KIND_KEY, PUBLIC_KEYS, {0}};

const DatasetKind kind_vg256 = {
    .name = "vg256",
    .summary = "Visual Genome, 256 classes as MLC-PAT and DualPrompt have them: 32011 test images",
    .source = VISUAL_GENOME_SOURCE,
    .originals = (const DatasetOriginal[]){VISUAL_GENOME_PICTURES,
                                           {"objects_v1_2.json.zip", "60 MB", "unzip in VG: VG/objects.json"},
                                           {"vg256.json (MLC-PAT's authors, data/vg256)", "12 kB", "VG/"},
                                           COCO_CAPTIONS_ORIGINAL,
                                           {0}},
    .places = VISUAL_GENOME_PLACES,
    .sign = "vg256.json",
    .published = (const DatasetPublished[]){{NULL, {[SPLIT_TRAIN] = 74691, [SPLIT_TEST] = 32011}}, {0}},
    .classes = vg256_classes,
    .class_count = VG256_CLASSES,
    .keys = keys,
    .ops = &ops,
};
