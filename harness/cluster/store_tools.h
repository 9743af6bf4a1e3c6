/* What is done to stores as a whole (`palbench store`). A file of a store is known by its path in it: an artifact,
 * STAGE/NAME-HASH.h5; a shard of one, STAGE/NAME-HASH/00000.h5, or generate/shards/HASH/00000.h5. As names carry the hash
 * of all that determined them, equal names are equal work, wherever it was done. */
#pragma once

#include "harness/base/progress.h"
#include "harness/stages/store.h"

/* What came of it: files that were done, that were left as they are, bytes of the former, and "FILE: sentence" of each
 * that is damaged or lacks something. Free with store_outcome_free. */
typedef struct StoreOutcome {
    size_t done, left;
    double bytes;
    TextList faults;
    TextList files; /* those done, where that is worth a list */
} StoreOutcome;
void store_outcome_free(StoreOutcome *o);

/* Adds the paths in the store of all its files, shards before what joins them; without temporary ones. */
void store_files(const char *store, TextList *files);

/* Reads every file to its last byte: checksums, digests, shapes, the hash in the name, the shards it is joined of.
 * A fault of one does not keep the others from being read. */
void store_check(const char *store, Progress *progress, StoreOutcome *o);
/* Copies into `store` what it lacks of `from`. What stands in it under the same name, whole, is left; a file of `from`
 * that is cut short or whose shards are not there is a fault. Fails on: a place that cannot be written. */
bool store_merge(const char *store, const char *from, Progress *progress, StoreOutcome *o, Error *err);
/* Writes results of experiments with all that they were made from, as far as it is there, into one tar archive. Fails on:
 * an experiment without a result. What is not there any more is a fault by its hash. */
bool store_export(const char *store, const char *archive, const char *const *experiments, StoreOutcome *o, Error *err);
/* Brings the files of such an archive into the store. Names that are none of a store's are refused; what is there whole
 * is left; what turns out to be damaged is taken out again and is a fault. */
bool store_import(const char *store, const char *archive, Progress *progress, StoreOutcome *o, Error *err);
/* Removes what nobody needs and nobody has written to for a day, by the disk's clock: artifacts that no stored result was
 * made from, with their shards; damaged ones; shards that nothing joins; temporary files and locks of other hosts. With
 * `dry` only lists them in o->files. Fails on: a result that cannot be read, for then what is needed is not known. */
bool store_prune(const char *store, bool dry, StoreOutcome *o, Error *err);

/* Inside the store's tools. The artifact in the store whose name carries these first digits of a hash; NULL: none. */
const StoredFile *stored_with_hash(const StoredFiles *all, const char *hash);
/* Adds an artifact and all that it was made from, each once; hashes of what is not there go to `missing`. */
bool store_closure(const StoredFiles *all, const StoredFile *f, bool *taken, TextList *missing, Error *err);
/* Adds the paths in the store of the shards of an artifact. */
bool shards_of_file(const char *store, const char *path, TextList *shards, Error *err);
