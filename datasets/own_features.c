/* The data set of kind "features": HDF5 files with features in place of pictures and texts, made by encode-image and encode-text, or
 * anywhere.
 *
 *     "mine": {"kind": "features", "classes": ["cat", "dog"], "class_text": "classes.h5", "captions": "captions.h5",
 *              "train": "train.h5", "test": "F.h5:image_features[250:500]"}
 *
 * Each has `global` [n, D] (or the data set that stands behind the colon; of any length: those that are not of unit length to a thousandth get it), of pictures maybe `local` [n, P, D] and `grid`, `labels`
 * [n, C] (1, -1, 0; without -1, 0 is "not there") and `files` [n]; of captions `texts` [n] or labels, maybe `local` [T, D] with
 * `offsets` and `tokens` as encode-text writes them; class_text has a row a class. [FROM:TO] takes some of the rows. "classes" may be a file: text,
 * JSON, or HDF5 with `classes`. encode-image writes no labels: "labels" names a sheet `file,cat,dog` of them. */
#include "datasets/own_features_internal.h"

#include "datasets/classes_file.h"
#include "datasets/folder_internal.h"
#include "harness/base/hash.h"

#include <stdlib.h>
#include <string.h>

static const char *const keys_of[FEATURES_COUNT] = {[FEATURES_TRAIN] = "train",
                                                    [FEATURES_TUNE] = "tune",
                                                    [FEATURES_TEST] = "test",
                                                    [FEATURES_CAPTIONS] = "captions",
                                                    [FEATURES_CLASSES] = "class_text"};

static bool open_features(Dataset *d, const DatasetSource *source, Error *err)
{
    FeatureSet *set = arena_alloc(&d->arena, sizeof *set);
    d->state = set;
    for (int i = 0; i < FEATURES_COUNT; i++)
        if (!feature_place_read(d, source, keys_of[i], &set->places[i], err)) return false;
    const char *sheet;
    if (!json_string_or(source->config, "labels", NULL, &sheet, err)) return false;
    char *path = sheet ? path_join(source->folder, sheet) : NULL;
    if (path) set->labels = arena_strdup(&d->arena, path);
    free(path);
    return classes_read(d, source, err);
}

static bool has(const Dataset *d, SplitName name)
{
    return ((const FeatureSet *)d->state)->places[name].path != NULL;
}

static const DatasetOps ops;

bool dataset_has_features(const Dataset *d)
{
    return d->ops == &ops;
}

bool dataset_gives_features(const Dataset *d, FeaturesOf which)
{
    return dataset_has_features(d) && ((const FeatureSet *)d->state)->places[which].path;
}

const FeatureRows *dataset_features(Dataset *d, FeaturesOf which, Error *err)
{
    FeatureSet *set = d->state;
    if (!set->places[which].path) {
        fail_usage(err, "data set %s: it has no \"%s\"; add it: an HDF5 file with features", d->name, keys_of[which]);
        return NULL;
    }
    if (!set->looked[which]) {
        if (!feature_rows_inspect(d, which, &set->places[which], &set->rows[which], err)) return NULL;
        if (which != FEATURES_CLASSES) set->rows[which].count = dataset_limited(d, set->rows[which].count);
        set->looked[which] = true;
    }
    return &set->rows[which];
}

/* Labels that are not of the file. */
static bool add_labels_to_fingerprint(const Dataset *d, Split *split)
{
    Hash *hash = hash_new();
    hash_add_text(hash, split->fingerprint);
    hash_add(hash, split->labels, split->count * d->class_count);
    hash_finish(hash, split->fingerprint);
    return true;
}

static bool split(Dataset *d, SplitName name, Split *split, Error *err)
{
    const FeatureRows *rows = dataset_features(d, (FeaturesOf)name, err);
    ArtifactReader *r = rows ? artifact_open(rows->path, err) : NULL;
    if (!r) return false;
    split->count = rows->count;
    memcpy(split->fingerprint, rows->fingerprint, sizeof split->fingerprint);
    const char *sheet = artifact_has(r, "labels") ? NULL : ((const FeatureSet *)d->state)->labels;
    const bool good = feature_names_read(d, r, rows, "files", &split->files, err) &&
                      (sheet ? feature_labels_from_sheet(d, sheet, split->files, split->count, &split->labels, err)
                             : feature_labels_read(d, r, rows, &split->labels, err));
    artifact_close(r);
    return good && (!sheet || add_labels_to_fingerprint(d, split));
}

/* Labels of captions are 1 and 0. */
static bool caption_labels(Dataset *d, const ArtifactReader *r, const FeatureRows *rows, Captions *captions, Error *err)
{
    int8_t *labels;
    if (!feature_labels_read(d, r, rows, &labels, err)) return false;
    const size_t count = rows->count * d->class_count;
    const bool good = big_alloc(&captions->labels, count, 1, "labels of captions", err);
    for (size_t i = 0; good && i < count; i++) captions->labels[i] = labels[i] > 0;
    free(labels);
    return good;
}

static bool read_captions(Dataset *d, Captions *captions, Error *err)
{
    const FeatureRows *rows = dataset_features(d, FEATURES_CAPTIONS, err);
    ArtifactReader *r = rows ? artifact_open(rows->path, err) : NULL;
    if (!r) return false;
    const bool labelled = artifact_has(r, "labels");
    bool good =
        labelled || artifact_has(r, "texts") ||
        fail(err, "%s: captions need their `texts`, for the noun filter, or `labels`; write one of them", rows->path);
    captions->count = rows->count;
    memcpy(captions->fingerprint, rows->fingerprint, sizeof captions->fingerprint);
    good = good && feature_names_read(d, r, rows, "texts", &captions->texts, err) &&
           (!labelled || caption_labels(d, r, rows, captions, err));
    artifact_close(r);
    return good;
}

static bool image(Dataset *d, SplitName name, size_t i, Image *image, Error *err)
{
    (void)name, (void)i, (void)image;
    return fail_usage(err, "data set %s: it has features in place of pictures; there is none to show or to encode",
                      d->name);
}

static const DatasetOps ops = {
    .open = open_features, .has = has, .split = split, .captions = read_captions, .image = image};

#define FEATURES_KEY(key, what)                                                                                        \
    {                                                                                                                  \
        .name = key, .type = KEY_TEXT, .help = what ": F.h5, F.h5:NAME or F.h5:NAME[FROM:TO]"                          \
    }

static const Key keys[] = {
    KIND_KEY,
    CLASSES_KEY(true),
    SYNONYMS_KEY,
    FEATURES_KEY("class_text", "a text feature a class, for methods that need no tower"),
    FEATURES_KEY("captions", "features of captions, with their texts or labels"),
    FEATURES_KEY("train", "features of labelled images"),
    FEATURES_KEY("tune", "the same for choosing hyper-parameters"),
    FEATURES_KEY("test", "the same, the images that are scored"),
    {.name = "labels",
     .type = KEY_TEXT,
     .help =
         "of images whose file has no `labels` (encode-image writes none): a sheet `file,cat,dog`, a line an image"},
    {0},
};

const DatasetKind kind_features = {
    .name = "features",
    .summary = "features that were made elsewhere, in HDF5 files, in place of pictures and captions",
    .keys = keys,
    .ops = &ops,
};
