/* The store: a folder of artifacts, safe for several processes. Files appear whole, by rename; a lock a file keeps two processes
 * from doing the same work twice, and is gone with the process that held it, however it died. */
#pragma once

#include "harness/stages/stage.h"

/* Whether the artifact is there, to its last byte: a file that a full disk, a copy or a crash cut short counts as missing and
 * is made again. What is damaged inside shows by its checksum when it is read. */
bool store_has(const char *path);

/* Makes the artifact unless it is there: takes its lock, looks again, has the kind make it. *made tells which. */
bool store_make(Session *session, const Stage *s, bool *made, Error *err);

/* Removes what killed processes left behind in the store's folders: temporary files and locks. */
void store_sweep(const char *store);

/* Adds the paths of the locks in a folder, of all hosts. */
void store_list_locks(const char *folder, TextList *locks);

/* Marks a stored result as the current one of its experiment and seed: when an option was changed and changed back, the file of
 * the first version is the one that counts again (results_load takes the newest). */
void store_touch(const char *path);

/* Deletes an artifact and its shards; it is made again when it is asked for. */
void store_drop(const char *path);

typedef struct StoredFile {
    char *stage, *path;
    size_t bytes;
    double modified; /* seconds since 1970 */
} StoredFile;
typedef struct StoredFiles {
    StoredFile *items;
    size_t count, capacity;
} StoredFiles;
/* All artifacts of a store, by stage, then name. An absent store is an empty one. */
void store_list(const char *store, StoredFiles *files);
/* Adds the artifacts that lie in one folder, as files of a stage. */
void store_list_folder(const char *folder, const char *stage, StoredFiles *files);
void stored_files_free(StoredFiles *files);
