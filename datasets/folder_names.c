/* The classes of a folder data set and what else they may be called: from the entry itself, or synonyms from a file
 * beside it. A class's name is always the first of its names. */
#include "datasets/folder_internal.h"
#include "harness/base/nfc.h"

#include <stdlib.h>
#include <string.h>

enum { CLASSES_MOST = 100000 };

static size_t find_class(const Dataset *d, size_t known, const char *name)
{
    for (size_t c = 0; c < known; c++)
        if (strcmp(d->classes[c].names[0], name) == 0) return c;
    return known;
}

static bool read_classes(Dataset *d, Json config, ClassNames **made, Error *err)
{
    Json list;
    if (!json_array(config, "classes", &list, err)) return false;
    const size_t count = json_count(list);
    if (count == 0 || count > CLASSES_MOST)
        return json_fail(list, err, "%zu classes; it can be 1 to %d", count, CLASSES_MOST);
    ClassNames *classes = arena_alloc(&d->arena, count * sizeof *classes);
    d->classes = classes;
    for (size_t c = 0; c < count; c++) {
        const char *name, **names = arena_alloc(&d->arena, sizeof(char *));
        if (!json_as_string(json_at(list, c), &name, err)) return false;
        if (name[0] == 0) return json_fail(json_at(list, c), err, "a class needs a name");
        char *plain = nfc(name);
        if (find_class(d, c, plain) < c) {
            free(plain);
            return json_fail(json_at(list, c), err, "the class \"%s\" stands twice; remove one", name);
        }
        names[0] = arena_strdup(&d->arena, plain);
        free(plain);
        classes[c] = (ClassNames){names, 1};
        d->class_count = c + 1;
    }
    *made = classes;
    return true;
}

/* The class name stays first; it may stand in the list or not. */
static bool set_synonyms(Dataset *d, ClassNames *class, Json list, Error *err)
{
    if (!json_is_array(list)) return json_fail(list, err, "a list of names is needed");
    const size_t count = json_count(list);
    const char *own = class->names[0], **names = arena_alloc(&d->arena, (count + 1) * sizeof(char *));
    size_t used = 0;
    names[used++] = own;
    for (size_t i = 0; i < count; i++) {
        const char *name;
        if (!json_as_string(json_at(list, i), &name, err)) return false;
        char *plain = nfc(name);
        if (strcmp(plain, own) != 0) names[used++] = arena_strdup(&d->arena, plain);
        free(plain);
    }
    *class = (ClassNames){names, used};
    return true;
}

/* A list of lists in the order of the classes, or an object: class name -> list. */
static bool read_synonyms(Dataset *d, ClassNames *classes, Json synonyms, Error *err)
{
    const size_t count = json_count(synonyms);
    if (!json_is_array(synonyms) && !json_is_object(synonyms))
        return json_fail(synonyms, err, "a list of lists of names, or an object from class names to lists, is needed");
    if (json_is_array(synonyms) && count != d->class_count)
        return json_fail(synonyms, err, "%zu lists of names for %zu classes; one for each class is needed", count,
                         d->class_count);
    for (size_t i = 0; i < count; i++) {
        const Json list = json_at(synonyms, i);
        size_t c = i;
        if (json_is_object(synonyms)) {
            char *plain = nfc(json_key(list));
            c = find_class(d, d->class_count, plain);
            free(plain);
        }
        if (c == d->class_count)
            return json_fail(list, err, "\"%s\" is none of the classes; add it there or remove it", json_key(list));
        if (!set_synonyms(d, &classes[c], list, err)) return false;
    }
    return true;
}

static bool read_synonyms_file(Dataset *d, ClassNames *classes, const char *path, Error *err)
{
    JsonFile *file = json_read(path, err);
    if (file == NULL) return false;
    const bool good = read_synonyms(d, classes, json_root(file), err);
    json_free(file);
    return good;
}

bool folder_read_names(Dataset *d, const DatasetSource *source, Error *err)
{
    ClassNames *classes = NULL;
    return read_classes(d, source->config, &classes, err) && folder_read_synonyms(d, source, err);
}

bool folder_read_synonyms(Dataset *d, const DatasetSource *source, Error *err)
{
    ClassNames *classes = (ClassNames *)d->classes; /* made in its arena */
    const Json synonyms = json_get(source->config, "synonyms");
    if (synonyms.node == NULL || cJSON_IsNull(synonyms.node)) return true;
    if (!json_is_string(synonyms)) return read_synonyms(d, classes, synonyms, err);
    const char *name;
    if (!json_as_string(synonyms, &name, err)) return false;
    if (d->unseen) return true;
    char *path = path_join(source->folder, name);
    const bool good = read_synonyms_file(d, classes, path, err);
    free(path);
    return good;
}
