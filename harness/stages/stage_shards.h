/* A stage's work cut into shards, artifacts of their own (STORE/<stage>/NAME/00000.h5, ...), which the stage's artifact joins by HDF5
 * virtual data sets. A killed run goes on with the first shard that is not there, whole. The cut is the same whatever was there before, so
 * the bits are too. Inside harness/stages/ only. */
#pragma once

#include "harness/stages/stage.h"

/* Makes the units first ... first + count - 1 and puts them into the shard's artifact, which it begins with shard_begin. */
typedef bool ShardMake(void *context, const char *path, const char *config, size_t first, size_t count, Error *err);

typedef struct Shards {
    const Stage *stage;
    size_t count, each;      /* units in all, and of a shard */
    const char *what, *unit; /* for progress: "encoding images", "images" */
    ShardMake *make;
    void *context;
} Shards;

/* Makes the shards of the range that are not there; `paths` gets all of these. */
bool shards_make(const Shards *shards, ShardRange range, Progress *progress, TextList *paths, Error *err);
/* Whether these shards of a stage are there, to their last byte. */
bool shards_stand(const Stage *stage, ShardRange range);
/* A shard's artifact with the provenance of the work since `started`; artifact_commit ends it. NULL on failure. */
ArtifactWriter *shard_begin(const Stage *stage, const char *path, const char *config, double started, Error *err);
