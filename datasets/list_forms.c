/* One reader a form; each adds a picture with its labels, row by row, and names the line of what is wrong. */
#include "datasets/list_internal.h"

#include "datasets/classes_file.h"
#include "harness/base/lines.h"
#include "harness/io/json.h"
#include "harness/score/score_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Adds a picture by its name in a list -> its labels. */
static int8_t *add(PictureList *pictures, const char *name, size_t length)
{
    char *file = xformat("%.*s", (int)length, name), *last = strrchr(file, '/');
    const char *kept = file[0] == '/' && last ? last + 1 : file;
    char *whole = xformat("%s%s", kept, strchr(last ? last : file, '.') ? "" : ".jpg");
    picture_list_add(pictures, whole);
    free(whole);
    free(file);
    return picture_labels(pictures, pictures->count - 1);
}

static bool unknown_class(const PictureList *pictures, Error *err, const char *where, const char *name)
{
    return fail(err, "%s: \"%.60s\" is none of the %zu classes of %s; correct it or add it there", where, name,
                pictures->data->class_count, pictures->data->name);
}

/* ---- ids: `path id id` ---- */

static bool take_ids(void *context, const Line *line, Error *err)
{
    PictureList *pictures = context;
    const char *text = line->text + strspn(line->text, " \t");
    if (line_is_blank(line)) return true;
    size_t length = strcspn(text, " \t");
    int8_t *labels = add(pictures, text, length);
    for (text += length; *(text += strspn(text, " \t")); text += length) {
        char *end;
        length = strcspn(text, " \t");
        const long class = strtol(text, &end, 10);
        if (end != text + length || class < 0 || (size_t) class >= pictures->data->class_count)
            return fail(err,
                        "%s:%zu: \"%.*s\" is no class from 0 to %zu; correct it, or say which \"form\" the list has",
                        line->path, line->number, (int)length, text, pictures->data->class_count - 1);
        labels[class] = 1;
    }
    return true;
}

static bool read_ids(PictureList *pictures, const char *path, Error *err)
{
    return lines_read(path, take_ids, pictures, err);
}

/* ---- names: `path,name,name` ---- */

static bool take_names(void *context, const Line *line, Error *err)
{
    PictureList *pictures = context;
    if (line_is_blank(line)) return true;
    TextList cells = {0};
    char *where = xformat("%s:%zu", line->path, line->number);
    bool good = csv_fields(line->path, line->number, line->text, ',', &cells, err);
    if (good && cells.items[0][0] == 0)
        good = fail(err, "%s:%zu: the picture has no name; `path,name,name` is needed", line->path, line->number);
    int8_t *labels = good ? add(pictures, cells.items[0], strlen(cells.items[0])) : NULL;
    for (size_t i = 1; good && i < cells.count; i++) {
        const size_t class = class_find(pictures->data, cells.items[i]);
        if (!cells.items[i][0]) continue; /* rows of a spreadsheet are all of one length */
        good = class < pictures->data->class_count || unknown_class(pictures, err, where, cells.items[i]);
        if (good) labels[class] = 1;
    }
    text_list_free(&cells);
    free(where);
    return good;
}

static bool read_names(PictureList *pictures, const char *path, Error *err)
{
    return lines_read(path, take_names, pictures, err);
}

/* ---- json: [[path, [names]]] ---- */

static bool take_pair(PictureList *pictures, Json pair, Error *err)
{
    const char *file, *name;
    if (!json_is_array(pair) || json_count(pair) != 2 || !json_is_array(json_at(pair, 1)))
        return json_fail(pair, err, "[path, [class, ...]] is needed");
    if (!json_as_string(json_at(pair, 0), &file, err)) return false;
    const Json names = json_at(pair, 1);
    int8_t *labels = add(pictures, file, strlen(file));
    for (size_t i = 0; i < json_count(names); i++) {
        if (!json_as_string(json_at(names, i), &name, err)) return false;
        const size_t class = class_find(pictures->data, name);
        if (class == pictures->data->class_count)
            return json_fail(json_at(names, i), err,
                             "\"%s\" is none of the data set's classes; correct it or add it there", name);
        labels[class] = 1;
    }
    return true;
}

static bool read_json(PictureList *pictures, const char *path, Error *err)
{
    JsonFile *file = json_read(path, err);
    if (!file) return false;
    Json list = json_root(file);
    bool good = !json_is_object(list) || json_array(json_root(file), "images", &list, err);
    if (good && !json_is_array(list)) good = json_fail(list, err, "a list of [path, [class, ...]] is needed");
    for (size_t i = 0; good && i < json_count(list); i++) good = take_pair(pictures, json_at(list, i), err);
    json_free(file);
    return good;
}

/* ---- csv: a column a class ---- */

/* The class of each column: all of them, each once. */
static bool find_columns(const PictureList *pictures, const ScoreTable *t, const char *path, size_t *classes,
                         Error *err)
{
    for (size_t k = 0; k < t->classes.count; k++) {
        classes[k] = class_find(pictures->data, t->classes.items[k]);
        if (classes[k] == pictures->data->class_count) return unknown_class(pictures, err, path, t->classes.items[k]);
        for (size_t before = 0; before < k; before++)
            if (classes[before] == classes[k])
                return fail(err, "%s: the class \"%s\" has two columns; remove one", path, t->classes.items[k]);
    }
    return t->classes.count == pictures->data->class_count ||
           fail(err, "%s: it has columns for %zu of the %zu classes of %s; add the others, or leave those classes out",
                path, t->classes.count, pictures->data->class_count, pictures->data->name);
}

/* A sheet without -1 has 0 for "not there". */
static bool take_table(PictureList *pictures, const ScoreTable *t, const char *path, const size_t *classes, Error *err)
{
    const size_t width = t->classes.count;
    bool signed_labels = false;
    for (size_t i = 0; i < t->files.count * width; i++) signed_labels = signed_labels || t->values[i] < 0;
    for (size_t i = 0; i < t->files.count; i++) {
        int8_t *labels = add(pictures, t->files.items[i], strlen(t->files.items[i]));
        for (size_t k = 0; k < width; k++) {
            const double value = t->values[i * width + k];
            if (value != 0 && fabs(value) != 1)
                return fail(err, "%s:%zu: %s: %g is no label; 1, 0 and -1 are", path, t->lines[i], t->classes.items[k],
                            value);
            labels[classes[k]] = (int8_t)(value == 0 && !signed_labels ? -1 : value);
        }
    }
    return true;
}

static bool read_csv(PictureList *pictures, const char *path, Error *err)
{
    ScoreTable t;
    if (!score_table_read(&t, path, err)) return false;
    size_t *classes = xcalloc(t.classes.count + 1, sizeof *classes);
    const bool good = find_columns(pictures, &t, path, classes, err) && take_table(pictures, &t, path, classes, err);
    free(classes);
    score_table_free(&t);
    return good;
}

ReadList *const list_readers[LIST_FORMS] = {
    [LIST_IDS] = read_ids, [LIST_NAMES] = read_names, [LIST_JSON] = read_json, [LIST_CSV] = read_csv};
