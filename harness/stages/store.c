/* Listing is reading folders and nothing else: there is no index that could be wrong. Making a file takes its lock
 * first and looks again, because whoever held it may have made it meanwhile. */
#include "harness/stages/store.h"

#include "harness/base/temporary.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char lock_mark[] = ".h5.lock-";

/* The lock of a file: PATH.lock-HOST, held by flock, which the kernel drops when the process ends in whatever way. It keeps
 * processes of one host apart, and no more: over a network locks do not hold everywhere, or hold for ever when their host
 * is gone. Two hosts do the same work twice at worst; renaming keeps that harmless. Returns a descriptor or -1. */
static char *lock_path(const char *path)
{
    char host[TEMPORARY_HOST + 1];
    temporary_host(host);
    return xformat("%s.lock-%s", path, host);
}

static int lock_file(const char *lock)
{
    const int file = open(lock, O_CREAT | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file >= 0) flock(file, LOCK_EX);
    return file;
}

bool store_has(const char *path)
{
    if (!path_exists(path)) return false;
    Error reason; /* the caller makes the file again and says so */
    ArtifactReader *r = artifact_open(path, &reason);
    artifact_close(r);
    return r != NULL;
}

bool store_make(Session *session, const Stage *s, bool *made, Error *err)
{
    *made = false;
    char *folder = path_folder(s->path), *lock = lock_path(s->path);
    bool good = make_folders(folder, err);
    if (good) {
        const int file = lock_file(lock);
        if (!store_has(s->path)) { /* another process may have made it while we waited */
            good = s->kind->make(session, s, err);
            *made = good;
        }
        unlink(lock);
        if (file >= 0) close(file);
    }
    free(folder);
    free(lock);
    return good;
}

void store_touch(const char *path)
{
    utimensat(AT_FDCWD, path, NULL, 0);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a folder, sorted, without hidden ones. */
static void folder_names(const char *folder, TextList *names)
{
    DIR *dir = opendir(folder);
    if (!dir) return;
    for (const struct dirent *entry; (entry = readdir(dir));)
        if (entry->d_name[0] != '.') text_list_add(names, entry->d_name);
    closedir(dir);
    if (names->count) qsort(names->items, names->count, sizeof *names->items, by_name);
}

/* HOST of a lock's name; NULL of another name. */
static const char *lock_host(const char *name)
{
    const size_t length = strlen(name), tail = sizeof lock_mark - 1 + TEMPORARY_HOST;
    if (length <= tail || strncmp(name + length - tail, lock_mark, sizeof lock_mark - 1) != 0) return NULL;
    return name + length - TEMPORARY_HOST;
}

void store_list_locks(const char *folder, TextList *locks)
{
    TextList names = {0};
    folder_names(folder, &names);
    for (size_t i = 0; i < names.count; i++) {
        char *path = path_join(folder, names.items[i]);
        if (lock_host(names.items[i])) text_list_add(locks, path);
        free(path);
    }
    text_list_free(&names);
}

/* Locks of processes of this host that are gone: nobody holds them, and before its last start nobody can. */
static void sweep_locks(const char *folder)
{
    TextList names = {0};
    char here[TEMPORARY_HOST + 1];
    temporary_host(here);
    folder_names(folder, &names);
    for (size_t i = 0; i < names.count; i++) {
        const char *host = lock_host(names.items[i]);
        if (!host || !temporary_same_name(host, here)) continue;
        char *path = path_join(folder, names.items[i]);
        const int file = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
        if (file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0) unlink(path);
        if (file >= 0) close(file);
        free(path);
    }
    text_list_free(&names);
}

void store_sweep(const char *store)
{
    TextList stages = {0};
    folder_names(store, &stages);
    for (size_t i = 0; i < stages.count; i++) {
        char *folder = path_join(store, stages.items[i]);
        if (path_is_folder(folder)) temporary_sweep(folder), sweep_locks(folder);
        free(folder);
    }
    text_list_free(&stages);
}

/* Shards stand in a folder beside the file that joins them: their bytes are its. */
static size_t shard_bytes(const char *path)
{
    char *folder = xformat("%.*s", (int)(strlen(path) - 3), path);
    TextList names = {0};
    folder_names(folder, &names);
    size_t bytes = 0;
    for (size_t i = 0; i < names.count; i++) {
        struct stat info;
        char *shard = path_join(folder, names.items[i]);
        if (stat(shard, &info) == 0 && S_ISREG(info.st_mode)) bytes += (size_t)info.st_size;
        free(shard);
    }
    text_list_free(&names);
    free(folder);
    return bytes;
}

static void add_file(StoredFiles *files, const char *stage, char *path)
{
    struct stat info;
    const size_t length = strlen(path);
    if (length < 3 || strcmp(path + length - 3, ".h5") != 0 || stat(path, &info) != 0 || !S_ISREG(info.st_mode)) {
        free(path);
        return;
    }
    if (files->count == files->capacity) {
        files->capacity = files->capacity ? 2 * files->capacity : 32;
        files->items = xrealloc(files->items, files->capacity * sizeof *files->items);
    }
    files->items[files->count++] = (StoredFile){xstrdup(stage), path, (size_t)info.st_size + shard_bytes(path),
                                                (double)info.st_mtim.tv_sec + (double)info.st_mtim.tv_nsec * 1e-9};
}

void store_list_folder(const char *folder, const char *stage, StoredFiles *files)
{
    TextList names = {0};
    if (path_is_folder(folder)) folder_names(folder, &names);
    for (size_t k = 0; k < names.count; k++) add_file(files, stage, path_join(folder, names.items[k]));
    text_list_free(&names);
}

void store_list(const char *store, StoredFiles *files)
{
    TextList stages = {0};
    folder_names(store, &stages);
    for (size_t i = 0; i < stages.count; i++) {
        char *folder = path_join(store, stages.items[i]);
        store_list_folder(folder, stages.items[i], files);
        free(folder);
    }
    text_list_free(&stages);
}

void stored_files_free(StoredFiles *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->items[i].stage);
        free(files->items[i].path);
    }
    free(files->items);
    *files = (StoredFiles){0};
}

void store_drop(const char *path)
{
    StoredFiles shards = {0};
    char *folder = xformat("%.*s", (int)(strlen(path) - strlen(".h5")), path);
    store_list_folder(folder, "", &shards);
    unlink(path);
    for (size_t i = 0; i < shards.count; i++) unlink(shards.items[i].path);
    rmdir(folder);
    stored_files_free(&shards);
    free(folder);
}
