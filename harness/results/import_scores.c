/* Read (import_source.c), find labels and protocol, measure, store as a stage of its own kind, whose hash is of the
 * content: the same scores imported twice are one result. The experiments file is opened only when something is asked
 * that is not built in. */
#include "harness/results/import_scores.h"

#include "harness/base/clock.h"
#include "harness/base/hash.h"
#include "harness/base/name.h"
#include "harness/results/import_source.h"
#include "harness/results/results.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char import_unnamed[] = "unnamed";

typedef struct Import {
    const ImportRequest *request;
    ImportSource source;
    Book *book; /* NULL: nothing of one's own is asked for */
    const char *dataset;
    const Protocol *protocol;
} Import;

/* The experiments file is opened only for what is not built in. */
static bool open_book(Import *m, const char *what, Error *err)
{
    const ImportRequest *q = m->request;
    if (m->book) return true;
    if (!q->experiments)
        return fail_usage(err,
                          "%s: it is not built in, and there is no experiments file that could tell of it; name "
                          "one by --experiments",
                          what);
    m->book = book_open(q->experiments, q->paths, err);
    return m->book != NULL;
}

static bool choose_protocol(Import *m, Error *err)
{
    const char *name = m->request->protocol ? m->request->protocol : m->source.protocol;
    if (!name) name = "default";
    m->protocol = protocol_built_in(name);
    if (m->protocol) return true;
    if (!open_book(m, name, err)) return false;
    m->protocol = book_protocol(m->book, name);
    return m->protocol ||
           fail_usage(err, "%s: there is no protocol %s; palbench ls protocols lists them, --protocol names one",
                      m->request->experiments, name);
}

/* Equal but for blanks, as "diningtable" is "dining table". */
static bool same_letters(const char *a, const char *b)
{
    for (;; a++, b++) {
        a += strspn(a, " _-");
        b += strspn(b, " _-");
        if (*a != *b) return false;
        if (!*a) return true;
    }
}

/* Public data sets' classes have several names, and files that came from elsewhere have one of them. */
static bool same_class(const Import *m, size_t c, const ClassNames *names, Error *err)
{
    const char *own = m->source.class_names.items[c];
    for (size_t k = 0; k < names->count; k++)
        if (same_letters(own, names->names[k])) return true;
    return fail(err, "%s: class %zu is \"%s\", in %s it is \"%s\"; bring the columns into the data set's order",
                m->request->file, c + 1, own, m->dataset, names->names[0]);
}

/* A file with labels of its own must have the classes of the data set that it is said to be of, where those are known. */
static bool check_classes(const Import *m, Error *err)
{
    const DatasetKind *kind = dataset_kind(m->dataset);
    if (!kind) return true;
    if (m->source.classes != kind->class_count)
        return fail(err, "%s: it has %zu classes, %s has %zu; name its data set by --dataset", m->request->file,
                    m->source.classes, m->dataset, kind->class_count);
    for (size_t c = 0; c < m->source.class_names.count; c++)
        if (!same_class(m, c, &kind->classes[c], err)) return false;
    return true;
}

static bool label_from_table(Import *m, Error *err)
{
    const char *path = m->request->labels;
    ScoreTable t;
    bool negative = false, good = true;
    if (!score_table_read(&t, path, err)) return false;
    const size_t images = t.files.count, classes = t.classes.count, count = images * classes;
    int8_t *labels = NULL;
    good = big_alloc(&labels, count, sizeof *labels, "labels", err);
    for (size_t i = 0; i < count && good; i++) {
        labels[i] = t.values[i] > 0 ? 1 : t.values[i] < 0 ? -1 : 0;
        negative |= labels[i] < 0;
        if (fabs(t.values[i] - labels[i]) > 0)
            good =
                fail(err, "%s: line %zu: %s: %g is no label; 1 (positive), -1 (negative) and 0 (difficult) are allowed",
                     path, t.lines[i / classes], t.classes.items[i % classes], t.values[i]);
    }
    for (size_t i = 0; i < count && good && !negative; i++) /* 1 and 0 alone: 0 is "not there" */
        if (labels[i] == 0) labels[i] = -1;
    good = good && import_source_label(&m->source, labels, (const char *const *)t.files.items, images,
                                       (const char *const *)t.classes.items, classes, path, err);
    free(labels);
    score_table_free(&t);
    return good;
}

static bool label_from_dataset(Import *m, Error *err)
{
    const ImportRequest *q = m->request;
    if (!q->dataset)
        return fail_usage(err,
                          "%s: it has no labels; name the data set whose split has them by --dataset, or give a CSV of "
                          "labels by --labels",
                          q->file);
    if (!open_book(m, q->dataset, err)) return false;
    Dataset *d = book_dataset(m->book, q->dataset, m->protocol->test_set, 0, err);
    if (d) dataset_tell(d, q->progress);
    const Split *split = d ? dataset_split(d, m->protocol->split, err) : NULL;
    char *where = xformat("the %s split of %s", split_word(m->protocol->split), q->dataset);
    const bool good = split && import_source_label(&m->source, split->labels, split->files, split->count,
                                                   dataset_class_names(d), dataset_classes(d), where, err);
    free(where);
    dataset_free(d);
    return good;
}

static bool label(Import *m, Error *err)
{
    if (m->request->labels && m->source.labels)
        return fail_usage(err, "%s: it has labels of its own; leave out --labels", m->request->file);
    if (m->request->labels) return label_from_table(m, err);
    return m->source.labels ? check_classes(m, err) : label_from_dataset(m, err);
}

/* The name must not be that of an experiment whose results we made: one of the two would hide the other. */
static bool name_is_free(const Import *m, Error *err)
{
    ResultList stored = {0};
    if (!name_is_good(m->request->name))
        return fail_usage(err, "%s: this cannot be a result's name (%s); --as NAME gives it another", m->request->name,
                          name_rule);
    if (!results_load(m->request->store, NULL, &stored, NULL, err)) return false;
    bool taken = false;
    for (size_t i = 0; i < stored.count && !taken; i++)
        taken = strcmp(stored.items[i].experiment, m->request->name) == 0 &&
                strcmp(stored.items[i].method, stage_imported.name) != 0;
    results_free(&stored);
    return !taken || fail_usage(err, "%s: results of an experiment of that name are stored in %s; choose another --as",
                                m->request->name, m->request->store);
}

/* Floats where they hold the numbers exactly, else doubles: rounding could tie what is not tied. */
static void write_set(ArtifactWriter *w, const ImportSource *s, const char *name, const double *values)
{
    const size_t dim[2] = {s->images, s->classes}, count = s->images * s->classes;
    float *narrow = xmalloc(count * sizeof *narrow);
    bool exact = true;
    for (size_t i = 0; i < count; i++) {
        narrow[i] = (float)values[i];
        exact = exact && !((double)narrow[i] < values[i]) && !((double)narrow[i] > values[i]);
    }
    if (exact)
        artifact_write_floats(w, name, 2, dim, narrow);
    else
        artifact_write_doubles(w, name, 2, dim, values);
    free(narrow);
}

static bool is_judged(const char *set)
{
    return strcmp(set, "scores") == 0 || strcmp(set, "ranks") == 0; /* these of a reference result */
}

/* The set that the result is judged by. */
static size_t main_set(const ImportSource *s)
{
    size_t chosen = 0;
    for (size_t i = s->sets.count; i-- > 0;)
        if (is_judged(s->sets.items[i]) && strcmp(s->sets.items[chosen], "scores") != 0) chosen = i;
    return chosen;
}

static void write_data(ArtifactWriter *w, const ImportSource *s, const Metrics *metrics)
{
    const size_t chosen = main_set(s);
    bool has_scores = false;
    for (size_t i = 0; i < s->sets.count; i++) {
        write_set(w, s, s->sets.items[i], s->values[i]);
        has_scores |= is_judged(s->sets.items[i]);
    }
    if (!has_scores) write_set(w, s, "scores", s->values[chosen]);
    TextList numbered = {0};
    for (size_t c = 0; c < s->classes && !s->class_names.count; c++) {
        char name[32];
        snprintf(name, sizeof name, "class %zu", c);
        text_list_add(&numbered, name);
    }
    artifact_write_texts(w, "classes", s->classes,
                         (const char *const *)(s->class_names.count ? s->class_names.items : numbered.items));
    text_list_free(&numbered);
    if (s->files.count) artifact_write_texts(w, "files", s->images, (const char *const *)s->files.items);
    artifact_write_int8(w, "labels", 2, (size_t[]){s->images, s->classes}, s->labels);
    artifact_write_doubles(w, "ap", 1, &s->classes, metrics->ap);
}

static void write_attributes(ArtifactWriter *w, const Import *m, double map)
{
    artifact_attribute_text(w, "experiment", m->request->name);
    artifact_attribute_text(w, "dataset", m->dataset);
    artifact_attribute_text(w, "model", "unknown");
    artifact_attribute_text(w, "protocol", m->protocol->name);
    artifact_attribute_text(w, "method", stage_imported.name);
    artifact_attribute_text(w, "options", "{}");
    artifact_attribute_text(w, "setting", "unknown"); /* what labels a foreign method was shown, nobody says */
    artifact_attribute_integer(w, "seed", m->request->seed);
    artifact_attribute_number(w, "map", map);
}

static void content_digest(const ImportSource *s, char hex[65])
{
    Hash *hash = hash_new();
    const size_t count = s->images * s->classes;
    for (size_t i = 0; i < s->class_names.count; i++) hash_add_text(hash, s->class_names.items[i]);
    for (size_t i = 0; i < s->files.count; i++) hash_add_text(hash, s->files.items[i]);
    for (size_t i = 0; i < s->sets.count; i++) {
        hash_add_text(hash, s->sets.items[i]);
        hash_add(hash, s->values[i], count * sizeof **s->values);
    }
    hash_add(hash, s->labels, count);
    hash_finish(hash, hex);
}

/* The stage's parameters: what was asked for and read, which outlives it. */
typedef struct ImportParameters {
    const Import *import;
} ImportParameters;

static void describe(const Stage *s, cJSON *config)
{
    const Import *m = ((const ImportParameters *)s->parameters)->import;
    const ImportRequest *q = m->request;
    const char *file = strrchr(q->file, '/');
    char digest[65];
    content_digest(&m->source, digest);
    cJSON_AddStringToObject(config, "experiment", q->name);
    cJSON_AddStringToObject(config, "dataset", m->dataset);
    cJSON_AddStringToObject(config, "protocol", m->protocol->name);
    cJSON_AddItemToObject(config, "protocol_fields", protocol_json(m->protocol));
    cJSON_AddStringToObject(config, "method", stage_imported.name);
    cJSON_AddNumberToObject(config, "seed", (double)s->seed);
    cJSON_AddStringToObject(config, "file", file ? file + 1 : q->file);
    cJSON_AddStringToObject(config, "content", digest);
}

/* Nothing makes one: import_scores writes it. */
const StageKind stage_imported = {.name = "imported",
                                  .version = 1,
                                  .arithmetic = ARITHMETIC_NONE,
                                  .parameters = sizeof(ImportParameters),
                                  .describe = describe};

static Stage *imported_stage(const Import *m)
{
    Stage *s = stage_new(&stage_imported);
    *(ImportParameters *)s->parameters = (ImportParameters){m};
    s->seed = m->request->seed;
    s->words = xformat("%s-s%lld", m->request->name, (long long)s->seed);
    stage_seal(s, m->request->store);
    return s;
}

static bool store(const Import *m, const Metrics *metrics, double started, Imported *imported, Error *err)
{
    Stage *s = imported_stage(m);
    StageWriter w;
    char *folder = path_folder(s->path);
    bool good = make_folders(folder, err) && stage_begin(&w, s, started, err);
    if (good) {
        write_data(w.artifact, &m->source, metrics);
        write_attributes(w.artifact, m, metrics->map);
        good = stage_finish(&w, err);
    }
    if (good)
        *imported =
            (Imported){xstrdup(s->path), m->source.images, m->source.classes, m->source.sets.count, metrics->map};
    free(folder);
    stage_free(s);
    return good;
}

static bool measure_and_store(const Import *m, double started, Imported *imported, Error *err)
{
    const ImportSource *s = &m->source;
    Metrics metrics;
    if (!metrics_compute(&metrics, s->values[main_set(s)], s->labels, s->images, s->classes, m->protocol->difficult, 0,
                         err))
        return fail_in(err, s->path);
    const bool good = store(m, &metrics, started, imported, err);
    metrics_free(&metrics);
    return good;
}

bool import_scores(const ImportRequest *request, Imported *imported, Error *err)
{
    const double started = seconds_now();
    Import m = {.request = request};
    if (!name_is_free(&m, err) || !import_source_read(&m.source, request->file, err)) return false;
    const Repeated *r = &m.source.repeated;
    if (r->count)
        progress_note(
            request->progress,
            "%s: %zu of its %zu rows are of files that stand there before (row %zu, %s, is row %zu again); each "
            "counts as often as it stands",
            request->file, r->count, m.source.images, r->again + 1, m.source.files.items[r->again], r->first + 1);
    m.dataset = request->dataset ? request->dataset : m.source.dataset ? m.source.dataset : import_unnamed;
    const bool good = choose_protocol(&m, err) && label(&m, err) && measure_and_store(&m, started, imported, err);
    import_source_free(&m.source);
    book_free(m.book);
    return good;
}
