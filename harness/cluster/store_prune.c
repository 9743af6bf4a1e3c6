/* Marks what stored results were made from, and takes the rest. The disk's own clock says what is a day old: another
 * host's may be working on what it needs tomorrow. */
#include "harness/cluster/store_tools.h"

#include "harness/base/temporary.h"
#include "harness/results/import_scores.h"
#include "harness/stages/stage_kinds.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OLD_SECONDS = 24 * 60 * 60 };

typedef struct Prune {
    const char *store;
    time_t now;
    TextList kept; /* shards of what is kept, as paths in the store */
    StoreOutcome *o;
    bool dry;
} Prune;

static bool is_old(const Prune *p, const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && p->now - info.st_mtime > OLD_SECONDS;
}

static void take(Prune *p, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0 || (!p->dry && unlink(path) != 0)) return;
    p->o->done++, p->o->bytes += (double)info.st_size;
    text_list_add(&p->o->files, path);
}

/* Results, whoever made them, and the judge's verdicts, which reports read. */
static bool is_end(const StoredFile *f)
{
    return strcmp(f->stage, stage_score.name) == 0 || strcmp(f->stage, stage_judge.name) == 0 ||
           strcmp(f->stage, stage_imported.name) == 0;
}

static bool mark_needed(const StoredFiles *all, bool *needed, Error *err)
{
    TextList missing = {0};
    bool good = true;
    for (size_t i = 0; i < all->count && good; i++)
        if (is_end(&all->items[i]) && store_has(all->items[i].path))
            good = store_closure(all, &all->items[i], needed, &missing, err);
    text_list_free(&missing);
    return good || fail_also(err, "palbench store check names what is damaged; without it, or made again, prune works");
}

/* Artifacts first, as long as their shards tell which they are. */
static bool prune_artifacts(Prune *p, const StoredFiles *all, const bool *needed, Error *err)
{
    bool good = true;
    for (size_t i = 0; i < all->count && good; i++) {
        const char *path = all->items[i].path;
        if ((!needed[i] || !store_has(path)) && is_old(p, path))
            take(p, path);
        else if (store_has(path))
            good = shards_of_file(p->store, path, &p->kept, err);
    }
    return good;
}

static bool is_shard(const char *name)
{
    const char *slash = strchr(name, '/');
    return slash && strchr(slash + 1, '/');
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void prune_shards(Prune *p)
{
    TextList files = {0};
    store_files(p->store, &files);
    if (p->kept.count) qsort(p->kept.items, p->kept.count, sizeof *p->kept.items, by_name);
    for (size_t i = 0; i < files.count; i++) {
        char *name = files.items[i], *path = path_join(p->store, name), *folder = path_folder(path);
        const bool kept = p->kept.count && bsearch(&name, p->kept.items, p->kept.count, sizeof *p->kept.items, by_name);
        if (is_shard(name) && !kept && is_old(p, path)) take(p, path), p->dry ? 0 : rmdir(folder);
        free(path), free(folder);
    }
    text_list_free(&files);
}

static void prune_temporaries(Prune *p, const char *folder)
{
    TextList left = {0};
    temporary_list(folder, true, &left);
    store_list_locks(folder, &left);
    for (size_t i = 0; i < left.count; i++)
        if (is_old(p, left.items[i])) take(p, left.items[i]);
    text_list_free(&left);
}

/* Of the store's folders, down to those of shards. */
static void walk(Prune *p, const char *folder, int depth)
{
    DIR *dir = opendir(folder);
    if (!dir) return;
    prune_temporaries(p, folder);
    for (const struct dirent *entry; (entry = readdir(dir));) {
        char *path = path_join(folder, entry->d_name);
        if (entry->d_name[0] != '.' && depth < 3 && path_is_folder(path)) walk(p, path, depth + 1);
        free(path);
    }
    closedir(dir);
}

bool store_prune(const char *store, bool dry, StoreOutcome *o, Error *err)
{
    Prune p = {.store = store, .o = o, .dry = dry};
    StoredFiles all = {0};
    *o = (StoreOutcome){0};
    if (!path_is_folder(store)) return fail(err, "%s: is no store: there is no such folder", store);
    if (!temporary_now(store, &p.now)) return temporary_fail(err, store, errno);
    store_list(store, &all);
    bool *needed = xcalloc(all.count + 1, sizeof *needed);
    const bool good = mark_needed(&all, needed, err) && prune_artifacts(&p, &all, needed, err);
    if (good) prune_shards(&p), walk(&p, store, 0);
    free(needed);
    stored_files_free(&all);
    text_list_free(&p.kept);
    return good;
}
