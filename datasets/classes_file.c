/* A file of names: lines of text, a JSON list, a JSON object whose "classes" is one, or HDF5 with `classes`. */
#include "datasets/classes_file.h"
#include "datasets/folder_internal.h"
#include "harness/base/lines.h"
#include "harness/base/nfc.h"
#include "harness/io/artifact.h"

#include <stdlib.h>
#include <string.h>

enum { BYTES_MOST = 1 << 26, CLASSES_MOST = 100000 };

static bool read_json_names(const char *path, TextList *names, Error *err)
{
    JsonFile *file = json_read(path, err);
    if (!file) return false;
    Json list = json_root(file);
    bool good = !json_is_object(list) || json_array(json_root(file), "classes", &list, err);
    if (good && !json_is_array(list)) good = json_fail(list, err, "a list of class names is needed");
    for (size_t i = 0; good && i < json_count(list); i++) {
        const char *name;
        good = json_as_string(json_at(list, i), &name, err);
        if (good) text_list_add(names, name);
    }
    json_free(file);
    return good;
}

static bool take_name(void *context, const Line *line, Error *err)
{
    (void)err;
    const char *text = line->text + strspn(line->text, " \t");
    size_t length = strlen(text);
    while (length && strchr(" \t", text[length - 1])) length--;
    if (length) text_list_add_bytes(context, text, length);
    return true;
}

static bool set_names(Dataset *d, const TextList *names, const char *path, Error *err)
{
    if (names->count == 0 || names->count > CLASSES_MOST)
        return fail(err, "%s: %zu class names; it can be 1 to %d", path, names->count, CLASSES_MOST);
    ClassNames *classes = arena_alloc(&d->arena, names->count * sizeof *classes);
    for (size_t c = 0; c < names->count; c++) {
        const char **name = arena_alloc(&d->arena, sizeof *name);
        char *plain = nfc(names->items[c]);
        *name = arena_strdup(&d->arena, plain);
        free(plain);
        classes[c] = (ClassNames){name, 1};
    }
    d->classes = classes;
    d->class_count = names->count;
    for (size_t c = 0; c < d->class_count; c++)
        if (class_find(d, classes[c].names[0]) < c)
            return fail(err, "%s: the class \"%s\" stands twice; remove one", path, classes[c].names[0]);
    return true;
}

static bool read_hdf5_names(const char *path, TextList *names, Error *err)
{
    ArtifactReader *r = artifact_open(path, err);
    const bool good = r && artifact_read_texts(r, "classes", names, err);
    artifact_close(r);
    return good;
}

static bool read_any(const char *path, TextList *names, Error *err)
{
    if (text_ends(path, ".json")) return read_json_names(path, names, err);
    if (text_ends(path, ".h5") || text_ends(path, ".hdf5")) return read_hdf5_names(path, names, err);
    return lines_read(path, take_name, names, err);
}

bool classes_read_file(Dataset *d, const char *path, Error *err)
{
    TextList names = {0};
    const bool good = read_any(path, &names, err) && set_names(d, &names, path, err);
    text_list_free(&names);
    return good;
}

bool classes_read(Dataset *d, const DatasetSource *source, Error *err)
{
    static const char *const nameless[] = {"?"};
    static const ClassNames unknown = {nameless, 1};
    const Json classes = json_get(source->config, "classes");
    const char *file;
    if (!json_is_string(classes)) return folder_read_names(d, source, err);
    if (!json_as_string(classes, &file, err)) return false;
    d->classes = &unknown, d->class_count = 1;
    if (d->unseen) return true;
    char *path = path_join(source->folder, file);
    const bool good = classes_read_file(d, path, err) && folder_read_synonyms(d, source, err);
    free(path);
    return good;
}

size_t class_find(const Dataset *d, const char *name)
{
    char *plain = nfc(name);
    size_t c = 0;
    while (c < d->class_count && strcmp(d->classes[c].names[0], plain) != 0) c++;
    free(plain);
    return c;
}
