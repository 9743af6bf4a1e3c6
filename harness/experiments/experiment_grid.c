/* In this order: inheritance, --set, axes; then each combination is printed and parsed again as a file of its own, so
 * that one and the same reader, with one and the same sentences, serves entries as they stand and entries that were
 * made. */
#include "harness/experiments/experiment_grid.h"

#include "datasets/own_features.h"

#include "harness/experiments/book_plugins.h"
#include "harness/experiments/experiment_axes.h"
#include "harness/experiments/experiment_extends.h"
#include "harness/experiments/experiment_keys.h"
#include "harness/experiments/experiment_members.h"
#include "harness/experiments/experiment_set.h"
#include "harness/experiments/setting_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MAX = 8 }; /* names in a sentence */

/* ---- one experiment ---- */

static bool read_seeds(Experiment *e, Json entry, Error *err)
{
    const Json seeds = json_get(entry, "seeds");
    if (!seeds.node) {
        e->seeds = xmalloc(sizeof *e->seeds);
        e->seeds[0] = 1;
        e->seed_count = 1;
        return true;
    }
    if (!json_is_array(seeds) || json_count(seeds) == 0 || json_count(seeds) > SEEDS_MAX)
        return json_fail(seeds, err, "a list of 1 to %d whole numbers is needed", SEEDS_MAX);
    e->seeds = xmalloc(json_count(seeds) * sizeof *e->seeds);
    for (size_t i = 0; i < json_count(seeds); i++) {
        int64_t seed;
        if (!json_as_integer(json_at(seeds, i), &seed, err)) return false;
        if (seed < 0) return json_fail(json_at(seeds, i), err, "a seed is not negative");
        for (size_t k = 0; k < e->seed_count; k++)
            if (e->seeds[k] == seed)
                return json_fail(json_at(seeds, i), err, "seed %lld stands twice", (long long)seed);
        e->seeds[e->seed_count++] = seed;
    }
    return true;
}

bool experiment_unknown_method(Json entry, const char *name, Error *err)
{
    Text known = {0};
    const Method *const *all = method_all();
    for (size_t i = 0; all[i]; i++) text_addf(&known, "%s%s", i ? ", " : "", all[i]->name);
    json_fail(json_get(entry, "method"), err,
              "there is no method \"%s\"; known are %s; one of your own needs --plugin or \"plugins\"", name,
              known.data ? known.data : "none");
    text_free(&known);
    return false;
}

static bool unknown_protocol(const Book *book, Json entry, const char *name, Error *err)
{
    Text known = {0};
    size_t count;
    const Protocol *all = protocol_built_ins(&count);
    for (size_t i = 0; i < count; i++) text_addf(&known, "%s%s", i ? ", " : "", all[i].name);
    for (size_t i = 0; i < book->protocol_count; i++) text_addf(&known, ", %s", book->protocols[i].name);
    json_fail(json_get(entry, "protocol"), err, "there is no protocol \"%s\"; known are %s", name, known.data);
    text_free(&known);
    return false;
}

static bool unknown_model(const Book *book, Json entry, const char *name, Error *err)
{
    Text known = {0};
    for (size_t i = 0; i < book->model_count; i++) text_addf(&known, "%s%s", i ? ", " : "", book->models[i].name);
    json_fail(json_get(entry, "model"), err, "there is no model \"%s\"; known are %s", name,
              known.data ? known.data : "none");
    text_free(&known);
    return false;
}

static bool check_dataset(const Book *book, Json entry, const char *name, Error *err)
{
    const Json datasets = json_get(json_root(book->file), "datasets");
    if ((datasets.node && json_get(datasets, name).node) || dataset_kind(name)) return true;
    Text known = {0};
    const char *const *names = dataset_names();
    for (size_t i = 0; names[i]; i++) text_addf(&known, "%s%s", i ? ", " : "", names[i]);
    for (size_t i = 0; datasets.node && i < json_count(datasets); i++)
        text_addf(&known, ", %s", json_key(json_at(datasets, i)));
    json_fail(json_get(entry, "dataset"), err, "there is no data set \"%s\"; known are %s", name, known.data);
    text_free(&known);
    return false;
}

/* Features bring their own model; of what kind the data set is, its entry says. */
static bool check_model(const Book *book, Experiment *e, Json entry, Error *err)
{
    if (e->model) return book_model(book, e->model) || unknown_model(book, entry, e->model, err);
    const char *kind = "";
    const Json datasets = json_get(json_root(book->file), "datasets");
    const Json dataset = datasets.node ? json_get(datasets, e->dataset) : datasets;
    if (dataset.node && !json_string_or(dataset, "kind", "", &kind, err)) return false;
    e->model = kind_features.name; /* what results say in its place */
    return strcmp(kind, kind_features.name) == 0 ||
           json_fail(entry, err, "\"model\" is missing; only on a data set of kind \"%s\" is none needed",
                     kind_features.name);
}

static bool read_generate(Experiment *e, Json generate, Error *err)
{
    if (generate.node && !(e->method->needs(&e->options) & NEED_GENERATED_IMAGES))
        return json_fail(generate, err, "the method %s uses no generated images; remove it", e->method->name);
    return generate_settings_read(&e->generate, generate, err);
}

/* Of a method that is not known here: the forms alone. */
static bool read_unloaded(Experiment *e, Json entry, Error *err)
{
    Setting unused;
    const Json options = json_get(entry, "options"), setting = json_get(entry, "setting");
    if (options.node && !json_is_object(options)) return json_fail(options, err, "an object is needed");
    if (setting.node && !setting_read_form(&unused, setting, err)) return false;
    return generate_settings_read(&e->generate, json_get(entry, "generate"), err) &&
           options_read(&e->options, e->method->options, (Json){0}, err);
}

static bool read_experiment(const Book *book, Experiment *e, Json entry, Error *err)
{
    const char *method, *protocol;
    if (members_entry(entry)) return members_read(book, e, entry, err) && read_seeds(e, entry, err);
    if (!keys_check(entry, experiment_keys, err) || !json_string(entry, "dataset", &e->dataset, err) ||
        !json_string_or(entry, "model", NULL, &e->model, err) || !json_string(entry, "method", &method, err) ||
        !json_string_or(entry, "protocol", "default", &protocol, err))
        return false;
    if (!check_dataset(book, entry, e->dataset, err)) return false;
    if (!check_model(book, e, entry, err)) return false;
    e->method = method_find(method);
    if (!e->method) e->method = book_unloaded_method(book, e, method);
    if (!e->method) return experiment_unknown_method(entry, method, err);
    const Protocol *found = book_protocol(book, protocol);
    if (!found) return unknown_protocol(book, entry, protocol, err);
    e->protocol = *found;
    if (e->unloaded) return read_unloaded(e, entry, err) && read_seeds(e, entry, err);
    return options_read(&e->options, e->method->options, json_get(entry, "options"), err) &&
           read_generate(e, json_get(entry, "generate"), err) && read_seeds(e, entry, err) &&
           setting_read(&e->setting, e->method, e->method->needs(&e->options), json_get(entry, "setting"), err);
}

/* The one expanded name that is wanted of an entry. */
typedef struct Only {
    const char *name; /* NULL: all of them */
    bool found;
    TextList others; /* the names that there are, when it is not found */
} Only;

/* "NAME[a=1,b=2,limit=9]", or NAME when there are neither words nor a limit. Caller frees. */
static char *bracketed(const char *name, const TextList *words, size_t limit)
{
    Text text = {0};
    text_add(&text, name);
    for (size_t i = 0; i < words->count; i++) text_addf(&text, "%s%s", i ? "," : "[", words->items[i]);
    if (limit) text_addf(&text, "%slimit=%zu", words->count ? "," : "[", limit);
    if (words->count || limit) text_add(&text, "]");
    return text.data;
}

/* "TaI-DPT, a=1, b=2"; without the setting, which tables put behind the label. Caller frees. */
static char *label_of(const char *label, const TextList *words)
{
    Text text = {0};
    text_add(&text, label);
    for (size_t i = 0; i < words->count; i++)
        if (strncmp(words->items[i], "setting", strlen("setting")) != 0) text_addf(&text, ", %s", words->items[i]);
    return text.data;
}

/* The tree once more as a file of its own, so that the path in a message is the one of the real file. */
static JsonFile *reparsed(const Book *book, const char *base, const cJSON *entry, Error *err)
{
    cJSON *root = cJSON_CreateObject(), *experiments = cJSON_AddObjectToObject(root, "experiments");
    cJSON_AddItemToObject(experiments, base, cJSON_Duplicate(entry, true));
    char *text = json_compact(root);
    JsonFile *file = json_parse(book->path, text, strlen(text), err);
    free(text);
    cJSON_Delete(root);
    return file;
}

static bool is_named(const char *asked, const char *base, const TextList *words, size_t limit)
{
    char *name = bracketed(base, words, limit);
    const bool same = strcmp(asked, name) == 0;
    free(name);
    return same;
}

/* The expanded name that was asked for is that of the file, or already has what --set and --limit add to it. */
static bool is_wanted(const Only *only, const char *base, const TextList *words, size_t set_words, size_t limit)
{
    if (!only->name) return true;
    const TextList of_file = {.items = words->items + set_words, .count = words->count - set_words};
    return is_named(only->name, base, words, limit) || is_named(only->name, base, words, 0) ||
           is_named(only->name, base, &of_file, limit) || is_named(only->name, base, &of_file, 0);
}

static bool append_experiment(const Book *book, const char *base, const cJSON *tree, const TextList *words,
                              size_t limit, ExperimentList *list, Error *err)
{
    char *name = bracketed(base, words, limit);
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].name, name) == 0) {
            free(name);
            return true;
        }
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 16;
        list->items = xrealloc(list->items, list->capacity * sizeof *list->items);
    }
    Experiment *e = &list->items[list->count++];
    *e = (Experiment){.name = name, .base = xstrdup(base), .limit = limit};
    e->file = reparsed(book, base, tree, err);
    if (!e->file) return false;
    const Json entry = json_get(json_get(json_root(e->file), "experiments"), base);
    const char *label;
    if (!json_is_object(entry)) return json_fail(entry, err, "an object is needed");
    if (!json_string_or(entry, "label", base, &label, err)) return false;
    e->label = label_of(label, words);
    if (!read_experiment(book, e, entry, err)) return false;
    if (limit) options_rehearse(&e->options);
    return true;
}

/* What was found wrong may stand in the entry that it extends. */
static bool with_parent(Json entry, Error *err)
{
    const Json extends = json_get(entry, "extends");
    const size_t length = strlen(err->text);
    if (json_is_string(extends))
        snprintf(err->text + length, sizeof err->text - length, " (it extends %s)", extends.node->valuestring);
    return false;
}

static bool expand_tree(const Book *book, Json entry, cJSON *tree, const TextList *set_words, Only *only,
                        const Selection *s, ExperimentList *list, Error *err)
{
    Axes axes;
    const bool own = json_get(entry, "samples").node && (!s->sets || s->sets->count == 0);
    bool good = axes_find(&axes, tree, own, entry, err);
    for (size_t i = 0; good && i < axes.combinations; i++) {
        TextList words = {0};
        for (size_t k = 0; k < set_words->count; k++) text_list_add(&words, set_words->items[k]);
        axes_apply(&axes, i, &words);
        if (is_wanted(only, json_key(entry), &words, set_words->count, s->limit)) {
            only->found = true;
            good = append_experiment(book, json_key(entry), tree, &words, s->limit, list, err);
        } else {
            char *name = bracketed(json_key(entry), &words, s->limit);
            text_list_add(&only->others, name);
            free(name);
        }
        text_list_free(&words);
    }
    axes_free(&axes);
    return good || with_parent(entry, err);
}

/* Names that --set or --limit made stand in no list that the user could look into. */
static bool none_of_that_name(const Book *book, const Only *only, const Selection *s, Error *err)
{
    if (!s->limit && !(s->sets && s->sets->count))
        return fail_usage(err, "%s: experiments has no %s; palbench ls experiments lists them", book->path, only->name);
    char *names = text_list_some(&only->others, SHOWN_MAX);
    fail_usage(err, "%s: with this --set or --limit experiments has no %s; it has %s", book->path, only->name, names);
    free(names);
    return false;
}

bool experiment_expand(const Book *book, Json entry, const char *name, const Selection *s, ExperimentList *list,
                       Error *err)
{
    if (!json_is_object(entry)) return json_fail(entry, err, "an object is needed");
    cJSON *tree = experiment_inherit(book->heritage, entry, err);
    TextList words = {0};
    Only only = {.name = name};
    bool good = tree != NULL;
    for (size_t i = 0; good && s->sets && i < s->sets->count; i++)
        good = experiment_set(tree, s->sets->items[i], &words, err);
    good = good && expand_tree(book, entry, tree, &words, &only, s, list, err);
    if (good && !only.found) good = none_of_that_name(book, &only, s, err);
    text_list_free(&only.others);
    text_list_free(&words);
    cJSON_Delete(tree);
    return good;
}
