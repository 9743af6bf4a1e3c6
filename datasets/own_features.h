/* Data sets that bring features in place of pictures and texts (kind "features"): where they stand. Whoever asks
 * dataset_has_features() reads by this and asks for no picture. */
#pragma once

#include "datasets/dataset.h"

/* Whose features. Those of a split have its number. */
typedef enum FeaturesOf {
    FEATURES_TRAIN = SPLIT_TRAIN,
    FEATURES_TUNE = SPLIT_TUNE,
    FEATURES_TEST = SPLIT_TEST,
    FEATURES_CAPTIONS,
    FEATURES_CLASSES, /* class_text: a row a class */
    FEATURES_COUNT
} FeaturesOf;

/* Rows first .. first + count - 1 of an HDF5 file. */
typedef struct FeatureRows {
    const char *path,
        *name; /* the file, and the data set of the global features in it, [.., width] floats of any length */
    size_t first, count, width;
    size_t positions, rows, columns; /* of images' `local` [.., positions, width]: a grid; 0: there are none */
    bool tokens;          /* of captions: `local` [T, width] and `offsets` are there, as encode-text writes them */
    char fingerprint[65]; /* of the file's bytes, the name and the rows */
} FeatureRows;

extern const DatasetKind kind_features;

bool dataset_has_features(const Dataset *d);
/* Looks into the file, once. NULL on failure: none are given, shapes that do not belong together. */
const FeatureRows *dataset_features(Dataset *d, FeaturesOf which, Error *err);
/* Whether the entry names any. */
bool dataset_gives_features(const Dataset *d, FeaturesOf which);
