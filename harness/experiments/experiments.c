/* Sections are read in the order in which one needs the other; names point into the JSON tree, which the book keeps.
 * Then every experiment and suite is expanded once, only to find mistakes. Selecting expands anew, since --set and
 * --limit change what comes out. */
#include "harness/experiments/experiments.h"

#include "harness/base/name.h"
#include "harness/experiments/book_plugins.h"
#include "harness/experiments/experiment_extends.h"
#include "harness/experiments/experiment_grid.h"
#include "harness/experiments/experiment_keys.h"
#include "harness/experiments/places.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lookup ---- */

const Suite *book_suite(const Book *book, const char *name)
{
    for (size_t i = 0; i < book->suite_count; i++)
        if (strcmp(book->suites[i].name, name) == 0) return &book->suites[i];
    return NULL;
}

const Model *book_model(const Book *book, const char *name)
{
    for (size_t i = 0; i < book->model_count; i++)
        if (strcmp(book->models[i].name, name) == 0) return &book->models[i];
    return NULL;
}

const Protocol *book_protocol(const Book *book, const char *name)
{
    for (size_t i = 0; i < book->protocol_count; i++)
        if (strcmp(book->protocols[i].name, name) == 0) return &book->protocols[i];
    return protocol_built_in(name);
}

void book_dataset_names(const Book *book, TextList *names)
{
    const Json datasets = json_get(json_root(book->file), "datasets");
    for (size_t i = 0; datasets.node && i < json_count(datasets); i++)
        text_list_add(names, json_key(json_at(datasets, i)));
}

/* What paths.json says under SECTION.NAME; node NULL when nothing. */
static Json path_entry(const Book *book, const char *section, const char *name)
{
    const Json none = {0};
    if (!book->paths) return none;
    const Json object = json_get(json_root(book->paths), section);
    return object.node ? json_get(object, name) : none;
}

/* The root of paths.json; node NULL when there is none. */
static Json paths_root(const Book *book)
{
    const Json none = {0};
    return book->paths ? json_root(book->paths) : none;
}

bool book_dataset_source(const Book *book, const char *name, DatasetSource *source, char **root, Error *err)
{
    const Json datasets = json_get(json_root(book->file), "datasets"), own = path_entry(book, "datasets", name);
    const char *path = NULL;
    if (own.node && !json_as_string(own, &path, err)) return false;
    *root = path ? path_join(book->paths_folder, path) : NULL;
    if (!path && !place_data(paths_root(book), book->paths_folder, root, err)) return false;
    *source = (DatasetSource){.name = name, .folder = book->folder, .root = *root};
    if (datasets.node) source->config = json_get(datasets, name);
    return true;
}

Dataset *book_dataset(const Book *book, const char *name, const char *test_set, size_t limit, Error *err)
{
    DatasetSource source;
    char *root;
    if (!book_dataset_source(book, name, &source, &root, err)) return NULL;
    source.limit = limit, source.test_set = test_set;
    Dataset *dataset = dataset_open(&source, err);
    free(root);
    return dataset;
}

/* ---- reading the sections ---- */

static bool is_section(Json section, Error *err)
{
    return json_is_object(section) || json_fail(section, err, "an object of named entries is needed");
}

/* One of the two files that say where models are. */
typedef struct PathSource {
    const Book *book;
    Json entry;         /* of the model */
    const char *folder; /* what its paths are relative to */
} PathSource;

/* Replaces a path of the model by the one that the entry names, if it names one. Of a place that is not there the path stays as it is
 * written, and *why says so. */
static bool read_path(char **path, char **why, const PathSource *from, const char *key, Error *err)
{
    const char *value;
    char *absent = NULL, *found;
    if (!json_string_or(from->entry, key, NULL, &value, err)) return false;
    if (!value) return true;
    if (place_is(value)) {
        found = place_find(value, paths_root(from->book), from->book->paths_folder, &absent, err);
        if (!found && !absent) return fail_in(err, json_file_name(from->entry.file));
        if (!found) found = xstrdup(value);
    } else {
        found = path_join(from->folder, value);
    }
    free(*path), free(*why);
    *path = found, *why = absent;
    return true;
}

/* The paths of a model in one of the two files. */
static bool read_paths(Model *m, const PathSource *from, Error *err)
{
    const bool tokenizer = json_is_string(json_get(from->entry, "tokenizer")); /* null: as if it were not there */
    char *unused = NULL; /* what is not there beside the checkpoint says so when it is opened */
    const bool good = read_path(&m->clip, &m->no_clip, from, "clip", err) &&
                      read_path(&m->tokenizer, &unused, from, tokenizer ? "tokenizer" : "clip", err) &&
                      read_path(&m->diffusion, &m->no_diffusion, from, "diffusion", err) &&
                      read_path(&m->vae, &unused, from, "vae", err) &&
                      read_path(&m->judge, &unused, from, "judge", err);
    free(unused);
    return good;
}

/* "lora" of the entry itself, which is that of its "generate". CLIP's towers, which are compared frozen, take none. */
static bool read_lora(Model *m, Json entry, Error *err)
{
    const cJSON *own = NULL;
    if (!generate_lora_read(&own, entry, err)) return false;
    if (!own) return true;
    if (m->generate.lora)
        return json_fail(json_get(entry, "lora"), err, "stands in \"generate\" too; leave one of them out");
    if (!m->diffusion && !m->no_diffusion)
        return json_fail(
            json_get(entry, "lora"), err,
            "a LoRA is laid over a text-to-image model, and this entry has no \"diffusion\"; CLIP's own towers "
            "take none");
    m->generate.lora = own;
    return true;
}

static bool read_model(const Book *book, Model *m, Json entry, Error *err)
{
    static const char *const own_keys[] = {"clip", "tokenizer", "diffusion", "vae", "judge", NULL};
    const PathSource source = {book, entry, book->folder};
    const Json override = path_entry(book, "models", m->name);
    const char *clip;
    if (!json_is_object(entry)) return json_fail(entry, err, "an object such as {\"clip\": \"models/RN50\"} is needed");
    if (!keys_check(entry, model_keys, err) || !read_paths(m, &source, err) ||
        !json_string_or(entry, "architecture", NULL, &m->architecture, err) ||
        !generate_settings_read(&m->generate, json_get(entry, "generate"), err))
        return false;
    if (!override.node) return read_lora(m, entry, err);
    if (json_is_object(override))
        return json_only_keys(override, own_keys, err) &&
               read_paths(m, &(PathSource){book, override, book->paths_folder}, err) && read_lora(m, entry, err);
    if (!json_as_string(override, &clip, err)) return false;
    free(m->clip), free(m->tokenizer), free(m->no_clip);
    m->no_clip = NULL;
    m->clip = path_join(book->paths_folder, clip);
    m->tokenizer = path_join(book->paths_folder, clip);
    return read_lora(m, entry, err);
}

/* Whether the entries make sense; nothing of them is opened. */
static bool check_datasets(const Book *book, Json section, Error *err)
{
    for (size_t i = 0; section.node && i < json_count(section); i++) {
        const Json entry = json_at(section, i);
        if (!dataset_check(&(DatasetSource){.name = json_key(entry), .config = entry, .folder = book->folder}, err))
            return false;
    }
    return true;
}

static bool read_models(Book *book, Json section, Error *err)
{
    if (!section.node) return true;
    const size_t count = json_count(section);
    book->models = xcalloc(count ? count : 1, sizeof *book->models);
    for (size_t i = 0; i < count; i++) {
        Model *m = &book->models[book->model_count++];
        m->name = json_key(json_at(section, i));
        if (!read_model(book, m, json_at(section, i), err)) return false;
    }
    return true;
}

static bool read_protocols(Book *book, Json section, Error *err)
{
    if (!section.node) return true;
    const size_t count = json_count(section);
    book->protocols = xcalloc(count ? count : 1, sizeof *book->protocols);
    for (size_t i = 0; i < count; i++) {
        const Json entry = json_at(section, i);
        if (protocol_built_in(json_key(entry)))
            return json_fail(entry, err, "the name belongs to a built-in protocol; choose another");
        if (!protocol_read(&book->protocols[book->protocol_count++], json_key(entry), entry, err)) return false;
    }
    return true;
}

static bool read_suite(Suite *suite, Json entry, Error *err)
{
    suite->name = json_key(entry);
    if (!json_is_array(entry)) return json_fail(entry, err, "a list of experiments is needed");
    suite->experiments = xcalloc(json_count(entry) + 1, sizeof *suite->experiments);
    for (size_t i = 0; i < json_count(entry); i++)
        if (!json_as_string(json_at(entry, i), &suite->experiments[suite->count++], err)) return false;
    return suite->count ? true : json_fail(entry, err, "the list is empty");
}

static bool read_suites(Book *book, Json section, Error *err)
{
    if (!section.node) return true;
    const size_t count = json_count(section);
    book->suites = xcalloc(count ? count : 1, sizeof *book->suites);
    for (size_t i = 0; i < count; i++)
        if (!read_suite(&book->suites[book->suite_count++], json_at(section, i), err)) return false;
    return true;
}

/* A suite lists experiments, or suites of experiments. */
static bool mark_suites_of_suites(Book *book, Error *err)
{
    for (size_t i = 0; i < book->suite_count; i++) {
        Suite *suite = &book->suites[i];
        size_t suites = 0;
        for (size_t k = 0; k < suite->count; k++)
            suites +=
                book_suite(book, suite->experiments[k]) && !heritage_find(book->heritage, suite->experiments[k]).node;
        suite->of_suites = suites == suite->count;
        if (suites && !suite->of_suites)
            return fail_usage(err, "%s: suites.%s: names suites and experiments; one or the other", book->path,
                              suite->name);
    }
    for (size_t i = 0; i < book->suite_count; i++)
        for (size_t k = 0; book->suites[i].of_suites && k < book->suites[i].count; k++)
            if (book_suite(book, book->suites[i].experiments[k])->of_suites)
                return fail_usage(err, "%s: suites.%s: %s is a suite of suites itself; name those", book->path,
                                  book->suites[i].name, book->suites[i].experiments[k]);
    return true;
}

static bool read_reproduce(Book *book, Json list, Error *err)
{
    const size_t count = list.node && json_is_array(list) ? json_count(list) : 1;
    book->reproduce = xcalloc(count ? count : 1, sizeof *book->reproduce);
    if (!list.node) {
        book->reproduce[book->reproduce_count++] = "mini";
        return true;
    }
    if (!json_is_array(list) || json_count(list) == 0) return json_fail(list, err, "a list of suites is needed");
    for (size_t i = 0; i < count; i++) {
        if (!json_as_string(json_at(list, i), &book->reproduce[i], err)) return false;
        if (!book_suite(book, book->reproduce[i]))
            return json_fail(json_at(list, i), err, "there is no suite %s", book->reproduce[i]);
        book->reproduce_count++;
    }
    return true;
}

static bool check_paths(const Book *book, Error *err)
{
    if (!book->paths) return true;
    const Json root = json_root(book->paths);
    if (!json_is_object(root)) return json_fail(root, err, "an object is needed");
    if (!json_only_keys(root, (const char *const[]){"data", "clip", "sd", "models", "datasets", NULL}, err))
        return false;
    for (int i = 0; i < 2; i++) {
        const Json section = json_get(root, i ? "datasets" : "models");
        if (section.node && !is_section(section, err)) return false;
    }
    const Json models = json_get(root, "models");
    for (size_t i = 0; models.node && i < json_count(models); i++)
        if (!book_model(book, json_key(json_at(models, i))))
            return json_fail(json_at(models, i), err, "%s has no such model", book->path);
    return true;
}

/* Every experiment and every suite once, so that a mistake shows before hours of work and not after. */
static bool check_all(const Book *book, Error *err)
{
    ExperimentList list = {0};
    bool good = book_select(book, &(Selection){0}, &list, err);
    experiments_free(&list);
    for (size_t i = 0; i < book->suite_count && good; i++) {
        good = book_select(book, &(Selection){.suite = book->suites[i].name}, &list, err);
        experiments_free(&list);
    }
    return good;
}

/* Every name of the file, before any of them is used. */
static bool check_names(Json root, Error *err)
{
    static const char *const sections[] = {"models", "datasets", "protocols", "suites", "experiments"};
    for (size_t k = 0; k < sizeof sections / sizeof *sections; k++) {
        const Json section = json_get(root, sections[k]);
        if (!section.node) continue;
        if (!is_section(section, err)) return false;
        for (size_t i = 0; i < json_count(section); i++)
            if (!name_is_good(json_key(json_at(section, i))))
                return json_fail(json_at(section, i), err, "%s", name_rule);
    }
    return true;
}

static bool read_book(Book *book, Error *err)
{
    const Json root = json_root(book->file);
    if (!json_is_object(root)) return json_fail(root, err, "an object is needed");
    if (!keys_check(root, book_keys, err) || !check_names(root, err)) return false;
    book->heritage = heritage_new(json_get(root, "experiments"));
    return book_read_plugins(book, root, err) && read_models(book, json_get(root, "models"), err) &&
           check_datasets(book, json_get(root, "datasets"), err) &&
           read_protocols(book, json_get(root, "protocols"), err) && read_suites(book, json_get(root, "suites"), err) &&
           mark_suites_of_suites(book, err) && read_reproduce(book, json_get(root, "reproduce"), err) &&
           check_paths(book, err) && check_all(book, err);
}

/* The folder of a file; empty for the current one, so that messages say results/x and not ./results/x. Caller frees. */
static char *folder_of(const char *path)
{
    char *folder = path_folder(path);
    if (strcmp(folder, ".") == 0) *folder = 0;
    return folder;
}

static bool open_paths(Book *book, const char *paths, Error *err)
{
    char *path = paths ? xstrdup(paths) : path_join(book->folder, "paths.json");
    const bool wanted = paths || path_exists(path);
    if (wanted) {
        book->paths = json_read(path, err);
        book->paths_folder = folder_of(path);
    }
    free(path);
    return !wanted || book->paths;
}

JsonFile *book_file(const char *path, Error *err)
{
    if (path_exists(path)) return json_read(path, err);
    fail(err, "%s: there is no such file; name the experiments file with --experiments FILE", path);
    return NULL;
}

Book *book_open(const char *path, const char *paths, Error *err)
{
    Book *book = xcalloc(1, sizeof *book);
    book->path = xstrdup(path);
    book->folder = folder_of(path);
    book->file = book_file(path, err);
    if (book->file && open_paths(book, paths, err) && read_book(book, err)) return book;
    book_free(book);
    return NULL;
}

void book_free(Book *book)
{
    if (!book) return;
    for (size_t i = 0; i < book->model_count; i++) {
        Model *m = &book->models[i];
        free(m->clip), free(m->tokenizer), free(m->diffusion), free(m->vae), free(m->judge);
        free(m->no_clip), free(m->no_diffusion);
    }
    for (size_t i = 0; i < book->suite_count; i++) free(book->suites[i].experiments);
    free(book->models);
    free(book->protocols);
    free(book->suites);
    free(book->reproduce);
    heritage_free(book->heritage);
    if (book->paths) json_free(book->paths);
    if (book->file) json_free(book->file);
    free(book->path);
    free(book->folder);
    free(book->paths_folder);
    text_list_free(&book->unloaded);
    free(book);
}
