/* The plugins that an experiments file names. Reading the file runs nothing: only commands that run experiments load what it names,
 * before they open it, and --plugin loads what the person at the keyboard named. Elsewhere a method that the program does
 * not have is one of a plugin that is not loaded, of which nothing but the name is known. */
#include "harness/experiments/book_plugins.h"

#include "harness/base/memory.h"
#include "harness/experiments/experiments.h"
#include "methods/shared/plugin.h"

#include <stdlib.h>
#include <string.h>

/* Paths of the plugins that a file names, relative to its folder. */
static bool read_list(Json root, const char *folder, TextList *paths, Error *err)
{
    const Json list = json_get(root, "plugins");
    if (!list.node) return true;
    if (!json_is_array(list)) return json_fail(list, err, "a list of shared objects is needed");
    for (size_t i = 0; i < json_count(list); i++) {
        const char *name;
        if (!json_as_string(json_at(list, i), &name, err)) return false;
        char *path = path_join(folder, name);
        text_list_add(paths, path);
        free(path);
    }
    return true;
}

/* What a file names whose other sections may be wrong. */
static bool list_of(const char *path, TextList *paths, Error *err)
{
    JsonFile *file = book_file(path, err);
    if (!file) return false;
    char *folder = path_folder(path);
    if (strcmp(folder, ".") == 0) *folder = 0; /* messages say x.so and not ./x.so */
    const Json root = json_root(file);
    const bool good =
        json_is_object(root) ? read_list(root, folder, paths, err) : json_fail(root, err, "an object is needed");
    free(folder);
    json_free(file);
    return good;
}

bool book_load_plugins(const char *path, Progress *progress, Error *err)
{
    TextList paths = {0};
    bool good = list_of(path, &paths, err);
    for (size_t i = 0; i < paths.count && good; i++)
        good = plugin_load(paths.items[i], progress, err) || fail_in(err, path);
    text_list_free(&paths);
    return good;
}

static void add_unloaded(Book *book, const TextList *paths)
{
    for (size_t i = 0; i < paths->count; i++)
        if (!plugin_is_loaded(paths->items[i])) text_list_add(&book->unloaded, paths->items[i]);
}

bool book_read_plugins(Book *book, Json root, Error *err)
{
    TextList paths = {0};
    const bool good = read_list(root, book->folder, &paths, err);
    add_unloaded(book, &paths);
    text_list_free(&paths);
    return good;
}

static unsigned needs_nothing(const Options *options)
{
    (void)options;
    return 0;
}

const Method *book_unloaded_method(const Book *book, Experiment *e, const char *name)
{
    static const Option none[] = {OPTION_END};
    if (!book->unloaded.count) return NULL;
    e->unloaded = xmalloc(sizeof *e->unloaded);
    *e->unloaded = (Method){.name = name,
                            .summary = "of a plugin that is not loaded here",
                            .options = none,
                            .version = 1,
                            .settings = ZERO_SHOT,
                            .needs = needs_nothing};
    return e->unloaded;
}

bool experiment_is_known(const Book *book, const Experiment *e, Error *err)
{
    if (!e->unloaded) return true;
    char *plugins = text_list_some(&book->unloaded, 3);
    fail_usage(err,
               "%s: its method %s is not known here; it may be of %s, which only run and reproduce load by themselves "
               "(--plugin %s loads it for this command)",
               e->name, e->method->name, plugins, book->unloaded.items[0]);
    free(plugins);
    return false;
}

void book_remark_unloaded(const Book *book, Progress *progress)
{
    for (size_t i = 0; i < book->unloaded.count; i++)
        progress_note(
            progress,
            "%s: %s is not loaded here: the methods that it brings, and their options, are unknown; --plugin %s "
            "loads it",
            book->path, book->unloaded.items[i], book->unloaded.items[i]);
}

bool plugins_remark_unloaded(const char *path, Progress *progress, Error *err)
{
    Book book = {.path = (char *)path};
    TextList paths = {0};
    const bool good = list_of(path, &paths, err);
    add_unloaded(&book, &paths);
    if (good) book_remark_unloaded(&book, progress);
    text_list_free(&paths);
    text_list_free(&book.unloaded);
    return good;
}
