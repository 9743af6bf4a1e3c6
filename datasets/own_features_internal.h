/* Inside the data set of kind "features". */
#pragma once

#include "datasets/dataset_internal.h"
#include "datasets/own_features.h"
#include "harness/io/artifact.h"

/* "F.h5", "F.h5:NAME", "F.h5:NAME[FROM:TO]", as an entry says it. */
typedef struct FeaturePlace {
    const char *path, *name; /* NULL: not given; "global" when no name is */
    size_t from, to;         /* rows, to not counted; to 0: all */
} FeaturePlace;

typedef struct FeatureSet {
    const char *labels; /* path of a sheet for files without `labels`, or NULL */
    FeaturePlace places[FEATURES_COUNT];
    FeatureRows rows[FEATURES_COUNT];
    bool looked[FEATURES_COUNT];
} FeatureSet;

/* own_features_file.c. Strings go into the arena. */
bool feature_place_read(Dataset *d, const DatasetSource *source, const char *key, FeaturePlace *place, Error *err);
bool feature_rows_inspect(Dataset *d, FeaturesOf which, const FeaturePlace *place, FeatureRows *rows, Error *err);
/* labels [count, classes] of these rows, 1, -1, 0; a file without -1 has 0 for "not there". */
bool feature_labels_read(const Dataset *d, const ArtifactReader *r, const FeatureRows *rows, int8_t **labels,
                         Error *err);
/* own_features_labels.c: the same from a sheet `file,cat,dog`, by the names of the rows. */
bool feature_labels_from_sheet(const Dataset *d, const char *path, const char *const *files, size_t count,
                               int8_t **labels, Error *err);
/* The texts of `name` of these rows; without that data set "row 17". */
bool feature_names_read(Dataset *d, const ArtifactReader *r, const FeatureRows *rows, const char *name,
                        const char ***texts, Error *err);
