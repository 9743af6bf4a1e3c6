/* What a stored result was made from: artifacts are found by the hashes that every configuration names its inputs with
 * (stage.h). Only reads.
 *
 *     StoredFiles store = {0};
 *     InputFiles inputs = {0};
 *     store_list("results/store", &store);
 *     if (!inputs_find(&store, result->file, &inputs, err)) return false;
 *     const InputFile *generated = inputs_get(&inputs, "generate", NULL); */
#pragma once

#include "harness/stages/store.h"

typedef struct InputFile {
    char *stage, *path;
    TextList made_from; /* stages of its own inputs: "generate"; numbered when there are several: "encode-image-2" */
} InputFile;

typedef struct InputFiles { /* {0} is empty */
    InputFile *items;
    size_t count, capacity;
} InputFiles;

/* All that the artifact at `path` was made from, directly or not, the nearest first and each once; inputs of one artifact stand in
 * the order of their names. What is gone from the store is left out with what lies behind it; false: a file that is there cannot be
 * read, and `inputs`, which must be {0}, is so again. */
bool inputs_find(const StoredFiles *store, const char *path, InputFiles *inputs, Error *err);
void inputs_free(InputFiles *inputs);
/* The nearest one of a stage that was itself made from a stage `from` (NULL: from anything), or NULL. */
const InputFile *inputs_get(const InputFiles *inputs, const char *stage, const char *from);

/* Where the store has the artifact of this hash; NULL: nowhere. Borrowed. */
const char *inputs_path(const StoredFiles *store, const char *hash);
/* The attribute "config" of an artifact, NULL where there is no file or no such attribute; false: it cannot be read. Caller frees
 * with cJSON_Delete. */
bool artifact_configuration(const char *path, cJSON **config, Error *err);
