/* Merging and archives. Shards come before what joins them, in a walk and in an archive, so that a file with a final name
 * has what it needs whenever the copying ends. */
#include "harness/cluster/store_tools.h"
#include "harness/io/tar.h"
#include "harness/results/results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 20, PARTS_MOST = 4 };

static void add_fault(StoreOutcome *o, const char *sentence)
{
    text_list_add(&o->faults, sentence);
}

static double size_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (double)info.st_size : 0;
}

/* ---- merging ---- */

static bool copy_file(const char *from, const char *to, Error *err)
{
    Temporary t;
    const int file = open(from, O_RDONLY | O_CLOEXEC);
    if (file < 0) return fail(err, "%s: cannot read: %s", from, strerror(errno));
    if (!temporary_open(&t, to, err)) {
        close(file);
        return false;
    }
    char *piece = xmalloc(PIECE);
    ssize_t got;
    while ((got = read(file, piece, PIECE)) > 0 || (got < 0 && errno == EINTR))
        if (got > 0) temporary_write(&t, piece, (size_t)got);
    const int reason = got < 0 ? errno : 0;
    close(file);
    free(piece);
    if (!reason) return temporary_commit(&t, err);
    temporary_abandon(&t);
    return fail(err, "%s: cannot read: %s", from, strerror(reason));
}

/* Whether what `path` is joined of stands in the store; a fault when not. */
static bool shards_are_there(const char *store, const char *home, const char *path, StoreOutcome *o)
{
    Error err;
    TextList shards = {0};
    bool good = shards_of_file(home, path, &shards, &err);
    if (!good) add_fault(o, err.text);
    for (size_t i = 0; i < shards.count && good; i++) {
        char *shard = path_join(store, shards.items[i]);
        good = store_has(shard);
        if (!good) {
            fail(&err, "%s: is joined of %s, which is not there whole", path, shards.items[i]);
            add_fault(o, err.text);
        }
        free(shard);
    }
    text_list_free(&shards);
    return good;
}

static bool merge_file(const char *store, const char *from, const char *name, StoreOutcome *o, Error *err)
{
    char *source = path_join(from, name), *place = path_join(store, name), *folder = path_folder(place);
    bool good = true;
    Error unused;
    if (store_has(place))
        o->left++;
    else if (!store_has(source)) {
        fail(&unused, "%s: damaged, or cut short; it is not taken over", source);
        add_fault(o, unused.text);
    } else if (shards_are_there(store, from, source, o)) {
        good = make_folders(folder, err) && copy_file(source, place, err);
        if (good) o->done++, o->bytes += size_of(place);
    }
    free(source), free(place), free(folder);
    return good;
}

bool store_merge(const char *store, const char *from, Progress *progress, StoreOutcome *o, Error *err)
{
    TextList files = {0};
    bool good = path_is_folder(from) || fail(err, "%s: is no store: there is no such folder", from);
    *o = (StoreOutcome){0};
    if (good) store_files(from, &files);
    progress_begin(progress, "merging", files.count, "files");
    for (size_t i = 0; i < files.count && good; i++) {
        good = merge_file(store, from, files.items[i], o, err);
        progress_step(progress, i + 1);
    }
    progress_end(progress);
    text_list_free(&files);
    return good;
}

/* ---- archives ---- */

static bool add_to_archive(TarWriter *w, const char *store, const char *name, StoreOutcome *o, Error *err)
{
    if (text_list_has(&o->files, name)) return true; /* experiments share shards */
    char *path = path_join(store, name);
    const bool good = tar_add(w, name, path, err);
    if (good) o->done++, o->bytes += size_of(path), text_list_add(&o->files, name);
    free(path);
    return good;
}

static bool add_artifact(TarWriter *w, const char *store, const StoredFile *f, StoreOutcome *o, Error *err)
{
    TextList shards = {0};
    bool good = shards_of_file(store, f->path, &shards, err);
    for (size_t i = 0; i < shards.count && good; i++) good = add_to_archive(w, store, shards.items[i], o, err);
    const char *name = f->path + strlen(store);
    while (*name == '/') name++;
    good = good && add_to_archive(w, store, name, o, err);
    text_list_free(&shards);
    return good;
}

static const StoredFile *stored_at(const StoredFiles *all, const char *path)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->items[i].path, path) == 0) return &all->items[i];
    return NULL;
}

static bool choose_files(const StoredFiles *all, const ResultList *results, bool *taken, StoreOutcome *o, Error *err)
{
    TextList missing = {0};
    bool good = true;
    for (size_t i = 0; i < results->count && good; i++) {
        const StoredFile *f = stored_at(all, results->items[i].file);
        good = f ? store_closure(all, f, taken, &missing, err)
                 : fail(err, "%s: is no longer there", results->items[i].file);
    }
    for (size_t i = 0; i < missing.count; i++) {
        char *sentence = xformat("an input with the hash %.16s is not stored any more; the results say what it was",
                                 missing.items[i]);
        add_fault(o, sentence);
        free(sentence);
    }
    text_list_free(&missing);
    return good;
}

bool store_export(const char *store, const char *archive, const char *const *experiments, StoreOutcome *o, Error *err)
{
    ResultList results = {0};
    StoredFiles all = {0};
    TarWriter w;
    *o = (StoreOutcome){0};
    if (!results_load(store, experiments, &results, NULL, err)) return false;
    store_list(store, &all);
    bool *taken = xcalloc(all.count + 1, sizeof *taken);
    bool good = choose_files(&all, &results, taken, o, err) && tar_create(&w, archive, err);
    if (good) {
        for (size_t i = 0; i < all.count && good; i++)
            if (taken[i]) good = add_artifact(&w, store, &all.items[i], o, err);
        if (good)
            good = tar_commit(&w, err);
        else
            tar_abandon(&w);
    }
    free(taken);
    stored_files_free(&all);
    results_free(&results);
    return good;
}

/* STAGE/NAME.h5, STAGE/NAME/00000.h5, generate/shards/HASH/00000.h5 of plain letters: nothing that leads elsewhere. */
static bool is_store_name(const char *name)
{
    size_t parts = 0;
    for (const char *part = name;; part++) {
        const size_t length = strspn(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
        if (!length || *part == '.' || ++parts > PARTS_MOST) return false;
        part += length;
        if (!*part) break;
        if (*part != '/') return false;
    }
    return parts >= 2 && text_ends(name, ".h5");
}

static bool import_file(const char *store, const TarReader *r, StoreOutcome *o, Error *err)
{
    if (!is_store_name(r->name))
        return fail(err, "%s: holds '%s', which is no name of a store's file; nothing more is taken", r->path, r->name);
    char *place = path_join(store, r->name), *folder = path_folder(place);
    bool good = true;
    if (store_has(place)) {
        o->left++;
    } else {
        good = make_folders(folder, err) && tar_extract(r, place, err);
        if (good && (!store_has(place) || !shards_are_there(store, store, place, o))) {
            Error damaged;
            fail(&damaged, "%s: %s: damaged, or without its shards; it is not taken over", r->path, r->name);
            add_fault(o, damaged.text);
            unlink(place);
        } else if (good) {
            o->done++, o->bytes += (double)r->size;
        }
    }
    free(place), free(folder);
    return good;
}

bool store_import(const char *store, const char *archive, Progress *progress, StoreOutcome *o, Error *err)
{
    TarReader r;
    bool more, good = tar_open(&r, archive, err);
    *o = (StoreOutcome){0};
    progress_begin(progress, "taking over", 0, "files");
    while (good && (good = tar_next(&r, &more, err)) && more) {
        good = import_file(store, &r, o, err);
        progress_step(progress, o->done + o->left);
    }
    progress_end(progress);
    tar_close(&r);
    return good;
}
