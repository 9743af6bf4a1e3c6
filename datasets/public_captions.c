/* Captions of public data sets, by the form of the file: COCO's JSON (so many an image, in the file's order), lines of
 * JSON with a "caption" (OpenImages' localized narratives, a file or a folder of its shards), or plain text. The noun filter labels
 * them all. */
#include "datasets/public_root.h"
#include "harness/base/hash.h"
#include "harness/base/lines.h"
#include "harness/io/json_records.h"
#include "harness/io/jsonl.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

const char *const coco_captions[] = {"COCO/annotations/captions_train2017.json",
                                     "coco/annotations/captions_train2017.json", "annotations/captions_train2017.json",
                                     NULL};

typedef struct Caption {
    int64_t image;
    size_t order;
    const char *text;
} Caption;

typedef struct Reading {
    Dataset *data;
    const char *path;
    Caption *captions;
    size_t count, capacity;
} Reading;

static void add(Reading *r, int64_t image, const char *text)
{
    if (r->count == r->capacity) {
        r->capacity = r->capacity ? 2 * r->capacity : 1024;
        r->captions = xrealloc(r->captions, r->capacity * sizeof *r->captions);
    }
    r->captions[r->count] = (Caption){image, r->count, arena_strdup(&r->data->arena, text)};
    r->count++;
}

/* ---- COCO ---- */

static bool take_coco(void *context, const Record *record, Error *err)
{
    int64_t image;
    const char *text;
    if (!record_whole(record, 0, &image, err) || !record_text(record, 1, &text, err)) return false;
    add(context, image, text);
    return true;
}

static int by_image(const void *a, const void *b)
{
    const Caption *x = a, *y = b;
    if (x->image != y->image) return x->image < y->image ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static int by_order(const void *a, const void *b)
{
    const Caption *x = a, *y = b;
    return x->order < y->order ? -1 : x->order > y->order;
}

/* Keeps the first `each` of every image. */
static void keep_each(Reading *r, size_t each)
{
    size_t kept = 0, same = 0;
    int64_t last = 0;
    if (!r->count) return;
    qsort(r->captions, r->count, sizeof *r->captions, by_image);
    for (size_t i = 0; i < r->count; i++) {
        same = i && r->captions[i].image == last ? same + 1 : 0;
        last = r->captions[i].image;
        if (same < each) r->captions[kept++] = r->captions[i];
    }
    r->count = kept;
    qsort(r->captions, r->count, sizeof *r->captions, by_order);
}

static bool read_coco(Reading *r, size_t each, Error *err)
{
    static const RecordKind kinds[] = {{.at = "annotations", .fields = {"image_id", "caption"}, .take = take_coco},
                                       {0}};
    if (!json_records_read(r->path, kinds, r, err)) return false;
    keep_each(r, each);
    return true;
}

/* ---- lines ---- */

static bool take_object(void *context, Json line, Error *err)
{
    const char *caption;
    if (json_get(line, "labels").node)
        return json_fail(line, err,
                         "labels of captions are read by a data set of kind \"folder\"; leave them out here");
    if (!json_string(line, "caption", &caption, err)) return false;
    add(context, 0, caption);
    return true;
}

static bool take_line(void *context, const Line *line, Error *err)
{
    (void)err;
    if (!line_is_blank(line)) add(context, 0, line->text);
    return true;
}

static bool read_shards(Reading *r, Error *err)
{
    glob_t found;
    char *pattern = xformat("%s/*.jsonl", r->path);
    const bool any = glob(pattern, 0, NULL, &found) == 0;
    bool good =
        any || fail(err, "%s: no .jsonl file is in this folder; put the captions there, or name another", r->path);
    for (size_t i = 0; any && good && i < found.gl_pathc; i++)
        good = jsonl_read(found.gl_pathv[i], take_object, r, err);
    if (any) globfree(&found);
    free(pattern);
    return good;
}

static bool read_any(Reading *r, size_t each, Error *err)
{
    if (path_is_folder(r->path)) return read_shards(r, err);
    if (text_ends(r->path, ".json")) return read_coco(r, each, err);
    if (text_ends(r->path, ".jsonl")) return jsonl_read(r->path, take_object, r, err);
    if (text_ends(r->path, ".txt")) return lines_read(r->path, take_line, r, err);
    return fail_usage(err, "%s: captions come as COCO's .json, as .jsonl, or as .txt, one a line; name such a file",
                      r->path);
}

static bool finish(Reading *r, Captions *captions, Error *err)
{
    if (r->count == 0) return fail(err, "%s: no caption stands there; name another file", r->path);
    Hash *hash = hash_new();
    captions->count = dataset_limited(r->data, r->count);
    captions->texts = arena_alloc(&r->data->arena, captions->count * sizeof(char *));
    for (size_t i = 0; i < captions->count; i++) hash_add_text(hash, captions->texts[i] = r->captions[i].text);
    hash_finish(hash, captions->fingerprint);
    return true;
}

bool public_captions_read(Dataset *d, const PublicRoot *root, const char *const *usual, Captions *captions, Error *err)
{
    Reading r = {.data = d, .path = root->captions ? root->captions : public_root_find(d, root, usual)};
    if (!r.path)
        return fail_absent(err,
                           "data set %s: its training captions, %s, are not in %s; put them there, or name them as "
                           "\"captions\" of its entry",
                           d->name, usual[0], root->root);
    const bool good = read_any(&r, root->captions_per_image, err) && finish(&r, captions, err);
    free(r.captions);
    return good;
}
