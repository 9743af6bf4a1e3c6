/* HDF5 with labels, HDF5 without, or CSV, all into the same structure; then checked alike. Labels from elsewhere bring
 * their order: rows and columns find each other by name, and the scores are brought into it. */
#include "harness/results/import_source.h"

#include "harness/base/memory.h"
#include "harness/base/nfc.h"
#include "harness/results/answer_sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void add_set(ImportSource *s, const char *name, double *values)
{
    text_list_add(&s->sets, name);
    s->values = xrealloc(s->values, s->sets.count * sizeof *s->values);
    s->values[s->sets.count - 1] = values;
}

static bool take_facts(ImportSource *s, const ArtifactReader *r, Error *err)
{
    if (!artifact_has_attribute(r, "palbench_version")) return true;
    return (!artifact_has_attribute(r, "dataset") || artifact_attribute_get_text(r, "dataset", &s->dataset, err)) &&
           (!artifact_has_attribute(r, "protocol") || artifact_attribute_get_text(r, "protocol", &s->protocol, err));
}

static bool read_labelled(ImportSource *s, Error *err)
{
    ScoreFile f;
    AnswerSheet sheet = {0};
    if (!score_file_open(&f, s->path, err)) return false;
    bool good = answer_sheet_read(&sheet, &f, err) && take_facts(s, f.reader, err);
    s->images = f.images, s->classes = f.classes;
    s->labels = sheet.labels, s->class_names = sheet.class_names, s->files = sheet.files; /* they change hands */
    for (size_t i = 0; i < f.sets.count && good; i++) {
        double *values;
        good = score_file_set(&f, f.sets.items[i], &values, err);
        if (good) add_set(s, f.sets.items[i], values);
    }
    score_file_close(&f);
    return good;
}

static bool read_named_set(ImportSource *s, const ArtifactReader *r, const char *name, Error *err)
{
    ArtifactShape shape;
    if (strncmp(name, "scores", strlen("scores")) != 0) return true;
    if (!artifact_shape(r, name, &shape, err)) return false;
    const bool numbers = shape.type == ARTIFACT_FLOAT || shape.type == ARTIFACT_INTEGER;
    if (!numbers || shape.rank != 2 || shape.count == 0) return true;
    size_t dim[2] = {s->images, s->classes};
    double *values;
    if (!artifact_read_doubles(r, name, 2, dim, &values, err)) return false;
    s->images = dim[0], s->classes = dim[1];
    add_set(s, name, values);
    return true;
}

static bool read_list(const ImportSource *s, const ArtifactReader *r, const char *name, size_t count, TextList *list,
                      Error *err)
{
    if (!artifact_has(r, name)) return true;
    if (!artifact_read_texts(r, name, list, err)) return false;
    if (strcmp(name, "classes") == 0) text_list_nfc(list);
    return list->count == count || fail(err, "%s: there are %zu %s but the scores are [%zu, %zu]; write the file anew",
                                        s->path, list->count, name, s->images, s->classes);
}

static bool read_unlabelled(ImportSource *s, const ArtifactReader *r, Error *err)
{
    TextList names = {0};
    bool good = artifact_names(r, &names) || fail(err, "%s: its data sets cannot be listed; damaged", s->path);
    for (size_t i = 0; i < names.count && good; i++) good = read_named_set(s, r, names.items[i], err);
    text_list_free(&names);
    if (good && s->sets.count == 0)
        good = fail(err, "%s: there is no data set \"scores\" [images, classes] of numbers", s->path);
    return good && read_list(s, r, "classes", s->classes, &s->class_names, err) &&
           read_list(s, r, "files", s->images, &s->files, err) && take_facts(s, r, err);
}

static bool read_hdf5(ImportSource *s, Error *err)
{
    ArtifactReader *r = artifact_open(s->path, err);
    if (!r) return false;
    const bool labelled = artifact_has(r, "labels"), good = labelled || read_unlabelled(s, r, err);
    artifact_close(r);
    return good && (!labelled || read_labelled(s, err));
}

static bool read_csv(ImportSource *s, Error *err)
{
    ScoreTable t;
    if (!score_table_read(&t, s->path, err)) return false;
    s->images = t.files.count, s->classes = t.classes.count;
    s->class_names = t.classes, s->files = t.files; /* they change hands */
    add_set(s, "scores", t.values);
    free(t.lines);
    return true;
}

/* In scores and labels. */
static bool same_rows(const void *context, size_t a, size_t b)
{
    const ImportSource *s = context;
    const size_t n = s->classes;
    bool same = !s->labels || memcmp(s->labels + a * n, s->labels + b * n, n) == 0;
    for (size_t i = 0; i < s->sets.count; i++)
        same = same && memcmp(s->values[i] + a * n, s->values[i] + b * n, n * sizeof *s->values[i]) == 0;
    return same;
}

static bool check(ImportSource *s, Error *err)
{
    const char *class = repeated_text((const char *const *)s->class_names.items, s->class_names.count);
    if (class) return fail(err, "%s: the class %s stands twice; every column needs a name of its own", s->path, class);
    for (size_t c = 0; c < s->class_names.count; c++)
        if (!*s->class_names.items[c])
            return fail(err, "%s: class %zu of %zu has no name; every column needs one", s->path, c + 1,
                        s->class_names.count);
    s->repeated = repeated_files((const char *const *)s->files.items, s->files.count, same_rows, s);
    if (s->repeated.differ)
        return fail(err,
                    "%s: row %zu is the file %s, which stands in row %zu already, with other scores or labels; leave "
                    "one of them out",
                    s->path, s->repeated.again + 1, s->files.items[s->repeated.again], s->repeated.first + 1);
    for (size_t i = 0; i < s->sets.count; i++)
        for (size_t k = 0; k < s->images * s->classes; k++)
            if (isnan(s->values[i][k]))
                return fail(err,
                            "%s: %s: row %zu, column %zu is not a number; nothing can be ranked by it, give it a score",
                            s->path, s->sets.items[i], k / s->classes + 1, k % s->classes + 1);
    return true;
}

bool import_source_read(ImportSource *s, const char *path, Error *err)
{
    const bool csv = text_ends(path, ".csv") || text_ends(path, ".tsv");
    *s = (ImportSource){.path = path};
    if ((csv ? read_csv(s, err) : read_hdf5(s, err)) && check(s, err)) return true;
    import_source_free(s);
    return false;
}

void import_source_free(ImportSource *s)
{
    for (size_t i = 0; i < s->sets.count; i++) free(s->values[i]);
    text_list_free(&s->class_names), text_list_free(&s->files), text_list_free(&s->sets);
    free(s->values), free(s->labels), free(s->dataset), free(s->protocol);
    *s = (ImportSource){0};
}

/* places [count] of our rows or columns in the order of `names`; without names of our own, as they stand. */
static bool find_places(const TextList *own, size_t own_count, const char *const *names, size_t count, const char *path,
                        const char *where, const char *what, size_t *places, Error *err)
{
    if (own->count) {
        const char *const *texts = (const char *const *)own->items;
        return match_rows(names, count, where, texts, own->count, path, what, places, err);
    }
    for (size_t i = 0; i < count; i++) places[i] = i;
    return own_count == count ||
           fail(err, "%s: it has %zu %ss, %s %zu, and no names to find them by; add the data set of names", path,
                own_count, what, where, count);
}

static bool reorder(const ImportSource *s, double **values, const size_t *rows, size_t images, const size_t *columns,
                    size_t classes, Error *err)
{
    double *ordered;
    if (!big_alloc(&ordered, images * classes, sizeof *ordered, "scores", err)) return false;
    for (size_t i = 0; i < images; i++)
        for (size_t c = 0; c < classes; c++) ordered[i * classes + c] = (*values)[rows[i] * s->classes + columns[c]];
    free(*values);
    *values = ordered;
    return true;
}

static void replace(TextList *list, const char *const *texts, size_t count)
{
    text_list_free(list);
    for (size_t i = 0; i < count; i++) text_list_add(list, texts[i]);
}

bool import_source_label(ImportSource *s, const int8_t *labels, const char *const *files, size_t images,
                         const char *const *class_names, size_t classes, const char *where, Error *err)
{
    size_t *rows = xcalloc(images + 1, sizeof *rows), *columns = xcalloc(classes + 1, sizeof *columns);
    bool good = find_places(&s->class_names, s->classes, class_names, classes, s->path, where, "class", columns, err) &&
                find_places(&s->files, s->images, files, images, s->path, where, "image", rows, err);
    for (size_t i = 0; i < s->sets.count && good; i++)
        good = reorder(s, &s->values[i], rows, images, columns, classes, err);
    free(rows), free(columns);
    if (!good || !big_alloc(&s->labels, images * classes, sizeof *s->labels, "labels", err)) return false;
    memcpy(s->labels, labels, images * classes * sizeof *labels);
    replace(&s->class_names, class_names, classes);
    replace(&s->files, files, images);
    s->images = images, s->classes = classes;
    return true;
}
