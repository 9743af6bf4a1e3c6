/* Plugins are loaded before anything else of experiments.json is read, as its entries name their methods. A book
 * that is wrong elsewhere still tells its plugins: `palbench ls` needs the methods, and not that every experiment is
 * sound. */
#include "harness/experiments/experiments.h"
#include "methods/shared/plugin.h"

#include <stdlib.h>
#include <string.h>

bool book_load_plugins(Json root, const char *folder, Error *err)
{
    const Json list = json_get(root, "plugins");
    if (!list.node) return true;
    if (!json_is_array(list)) return json_fail(list, err, "a list of shared objects is needed");
    for (size_t i = 0; i < json_count(list); i++) {
        const char *name;
        if (!json_as_string(json_at(list, i), &name, err)) return false;
        char *path = path_join(folder, name);
        const bool good = plugin_load(path, err);
        free(path);
        if (!good) return fail_in(err, json_file_name(list.file));
    }
    return true;
}

bool book_load_plugins_of(const char *path, Error *err)
{
    JsonFile *file = json_read(path, err);
    if (!file) return false;
    char *folder = path_folder(path);
    if (strcmp(folder, ".") == 0) *folder = 0; /* messages say x.so and not ./x.so */
    const Json root = json_root(file);
    const bool good =
        json_is_object(root) ? book_load_plugins(root, folder, err) : json_fail(root, err, "an object is needed");
    free(folder);
    json_free(file);
    return good;
}
