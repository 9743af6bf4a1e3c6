#include "harness/bench/experiment_grid.h"

#include "harness/bench/experiment_ensemble.h"
#include "harness/bench/setting_read.h"

#include <stdlib.h>
#include <string.h>

enum { AXES_MAX = 32, GRID_MAX = 10000, SEEDS_MAX = 1000 };

/* ---- --set ---- */

/* "options.lr=0.01" -> path, value. The value is JSON, or a string when it is not. */
static cJSON *parse_setting(const char *setting, char **path, Error *err)
{
    const char *equals = strchr(setting, '=');
    if (!equals || equals == setting) {
        fail_usage(err, "--set %s: PATH=VALUE is needed, as in options.lr=0.01", setting);
        return NULL;
    }
    *path = xformat("%.*s", (int)(equals - setting), setting);
    cJSON *value = cJSON_ParseWithOpts(equals + 1, NULL, true);
    return value ? value : cJSON_CreateString(equals + 1);
}

/* What "[key=value]" of a name shows: the value's JSON, strings without quotes. Caller frees. */
static char *value_word(const cJSON *value)
{
    return cJSON_IsString(value) ? xstrdup(value->valuestring) : json_canonical(value);
}

/* "key=value" of a name; {"few_shot": 4} of the key setting is "setting.few_shot=4". Caller frees. */
static char *value_pair(const char *key, const cJSON *value)
{
    const cJSON *inner = cJSON_IsObject(value) && strcmp(key, "setting") == 0 ? value->child : NULL;
    const bool form = inner && !inner->next;
    char *word = value_word(form ? inner : value);
    char *pair = form ? xformat("%s.%s=%s", key, inner->string, word) : xformat("%s=%s", key, word);
    free(word);
    return pair;
}

static bool is_grid(const cJSON *value)
{
    return cJSON_IsObject(value) && cJSON_GetObjectItemCaseSensitive(value, "grid");
}

static void put(cJSON *object, const char *key, cJSON *value)
{
    if (cJSON_GetObjectItemCaseSensitive(object, key))
        cJSON_ReplaceItemInObjectCaseSensitive(object, key, value);
    else
        cJSON_AddItemToObject(object, key, value);
}

/* Applies one setting and appends "key=value" to `words` unless it belongs to no name. */
static bool apply_setting(cJSON *entry, const char *setting, TextList *words, Error *err)
{
    char *path = NULL;
    cJSON *value = parse_setting(setting, &path, err);
    if (!value) return false;
    const bool option = strncmp(path, "options.", 8) == 0, generate = strncmp(path, "generate.", 9) == 0,
               part = strncmp(path, "setting.", 8) == 0;
    const char *key = option || part ? path + 8 : generate ? path + 9 : path;
    if (strchr(key, '.') || *key == 0) {
        fail_usage(err, "--set %s: the path is KEY, options.KEY, generate.KEY or setting.KEY", setting);
        free(path);
        cJSON_Delete(value);
        return false;
    }
    if (strcmp(path, "seeds") != 0 && strcmp(path, "label") != 0 && !is_grid(value)) {
        char *pair = value_pair(option ? key : path, value);
        text_list_add(words, pair);
        free(pair);
    }
    cJSON *target = entry;
    if (part) put(entry, "setting", target = cJSON_CreateObject()); /* one form takes the place of another */
    if (option || generate) {
        const char *inner = option ? "options" : "generate";
        target = cJSON_GetObjectItemCaseSensitive(entry, inner);
        if (!cJSON_IsObject(target)) put(entry, inner, target = cJSON_CreateObject());
    }
    put(target, key, value);
    free(path);
    return true;
}

/* ---- grids ---- */

typedef struct Axis {
    cJSON *parent; /* the object that holds the grid */
    const char *key;
    const char *prefix; /* before the key in names: "generate." */
    cJSON *values;      /* the list, taken out of the tree */
} Axis;

typedef struct Grid {
    Axis axes[AXES_MAX];
    size_t count;
} Grid;

static bool add_axis(Grid *grid, cJSON *parent, cJSON *item, const char *prefix, Json where, Error *err)
{
    cJSON *values = cJSON_GetObjectItemCaseSensitive(item, "grid");
    if (!cJSON_IsArray(values) || cJSON_GetArraySize(values) == 0 || cJSON_GetArraySize(item) != 1)
        return json_fail(where, err,
                         "%s: a grid is {\"grid\": [value, ...]} with at least one value and nothing beside it",
                         item->string);
    if (grid->count == AXES_MAX) return json_fail(where, err, "more than %d grids", AXES_MAX);
    grid->axes[grid->count++] = (Axis){parent, item->string, prefix, cJSON_Duplicate(values, true)};
    return true;
}

static bool find_grids(Grid *grid, cJSON *entry, Json where, Error *err)
{
    static const char *const outer[] = {"dataset", "model", "protocol", "setting"};
    for (size_t i = 0; i < sizeof outer / sizeof *outer; i++) {
        cJSON *item = cJSON_GetObjectItemCaseSensitive(entry, outer[i]);
        if (item && is_grid(item) && !add_axis(grid, entry, item, "", where, err)) return false;
    }
    static const char *const inner[] = {"options", "generate", "setting"}, *const prefixes[] = {"", "generate.",
                                                                                                "setting."};
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++) {
        cJSON *object = cJSON_GetObjectItemCaseSensitive(entry, inner[i]), *item;
        if (!cJSON_IsObject(object) || is_grid(object)) continue;
        cJSON_ArrayForEach(item, object)
        {
            if (is_grid(item) && !add_axis(grid, object, item, prefixes[i], where, err)) return false;
        }
    }
    return true;
}

/* Puts the values of combination `number` into the tree and their words behind those of --set. */
static void apply_combination(Grid *grid, size_t number, TextList *words)
{
    size_t choice[AXES_MAX];
    for (size_t a = grid->count; a-- > 0;) { /* the last key runs fastest */
        const size_t values = (size_t)cJSON_GetArraySize(grid->axes[a].values);
        choice[a] = number % values;
        number /= values;
    }
    for (size_t a = 0; a < grid->count; a++) {
        const Axis *axis = &grid->axes[a];
        const cJSON *value = cJSON_GetArrayItem(axis->values, (int)choice[a]);
        char *key = xstrdup(axis->key), *full = xformat("%s%s", axis->prefix, key), *pair = value_pair(full, value);
        text_list_add(words, pair);
        put(axis->parent, key, cJSON_Duplicate(value, true));
        grid->axes[a].key = cJSON_GetObjectItemCaseSensitive(axis->parent, key)->string; /* the old node is gone */
        free(key);
        free(full);
        free(pair);
    }
}

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

static bool unknown_method(Json entry, const char *name, Error *err)
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
    const DatasetKind *const *kinds = dataset_kinds();
    for (size_t i = 0; kinds[i]; i++) text_addf(&known, "%s%s", i ? ", " : "", kinds[i]->name);
    for (size_t i = 0; datasets.node && i < json_count(datasets); i++)
        text_addf(&known, ", %s", json_key(json_at(datasets, i)));
    json_fail(json_get(entry, "dataset"), err, "there is no data set \"%s\"; known are %s", name, known.data);
    text_free(&known);
    return false;
}

static bool read_generate(Experiment *e, Json generate, Error *err)
{
    if (generate.node && !(e->method->needs(&e->options) & NEED_GENERATED_IMAGES))
        return json_fail(generate, err, "the method %s uses no generated images; remove it", e->method->name);
    return generate_settings_read(&e->generate, generate, err);
}

static bool read_experiment(const Book *book, Experiment *e, Json entry, Error *err)
{
    static const char *const keys[] = {"dataset",  "model", "method",  "protocol", "options",
                                       "generate", "seeds", "setting", "label",    NULL};
    const char *method, *protocol;
    if (ensemble_entry(entry)) return ensemble_read(e, entry, err) && read_seeds(e, entry, err);
    if (!json_only_keys(entry, keys, err) || !json_string(entry, "dataset", &e->dataset, err) ||
        !json_string(entry, "model", &e->model, err) || !json_string(entry, "method", &method, err) ||
        !json_string_or(entry, "protocol", "default", &protocol, err))
        return false;
    if (!check_dataset(book, entry, e->dataset, err)) return false;
    if (!book_model(book, e->model)) return unknown_model(book, entry, e->model, err);
    e->method = method_find(method);
    if (!e->method) return unknown_method(entry, method, err);
    const Protocol *found = book_protocol(book, protocol);
    if (!found) return unknown_protocol(book, entry, protocol, err);
    e->protocol = *found;
    return options_read(&e->options, e->method->options, json_get(entry, "options"), err) &&
           read_generate(e, json_get(entry, "generate"), err) && read_seeds(e, entry, err) &&
           setting_read(&e->setting, e->method, e->method->needs(&e->options), json_get(entry, "setting"), err);
}

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
    char *text = cJSON_PrintUnformatted(root);
    JsonFile *file = json_parse(book->path, text, strlen(text), err);
    free(text);
    cJSON_Delete(root);
    return file;
}

static bool append_experiment(const Book *book, const char *base, const cJSON *tree, const TextList *words,
                              const char *only, size_t limit, ExperimentList *list, Error *err)
{
    char *name = bracketed(base, words, limit);
    bool wanted = !only || strcmp(only, name) == 0;
    for (size_t i = 0; wanted && i < list->count; i++) wanted = strcmp(list->items[i].name, name) != 0;
    if (!wanted) {
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
    return read_experiment(book, e, entry, err);
}

static bool expand_tree(const Book *book, Json entry, cJSON *tree, const TextList *set_words, const char *only,
                        const Selection *s, ExperimentList *list, Error *err)
{
    Grid grid = {0};
    bool good = find_grids(&grid, tree, entry, err);
    size_t combinations = 1;
    for (size_t a = 0; a < grid.count && combinations <= GRID_MAX; a++)
        combinations *= (size_t)cJSON_GetArraySize(grid.axes[a].values);
    if (good && combinations > GRID_MAX)
        good = json_fail(entry, err, "the grids make more than %d experiments", GRID_MAX);
    for (size_t i = 0; good && i < combinations; i++) {
        TextList words = {0};
        for (size_t k = 0; k < set_words->count; k++) text_list_add(&words, set_words->items[k]);
        apply_combination(&grid, i, &words);
        good = append_experiment(book, json_key(entry), tree, &words, only, s->limit, list, err);
        text_list_free(&words);
    }
    for (size_t a = 0; a < grid.count; a++) cJSON_Delete(grid.axes[a].values);
    return good;
}

bool experiment_expand(const Book *book, Json entry, const char *only, const Selection *s, ExperimentList *list,
                       Error *err)
{
    const char *base = json_key(entry);
    if (strpbrk(base, "[],=/")) return json_fail(entry, err, "a name must not contain [ ] , = or /");
    cJSON *tree = cJSON_Duplicate(entry.node, true);
    TextList words = {0};
    bool good = true;
    for (size_t i = 0; good && s->sets && i < s->sets->count; i++)
        good = apply_setting(tree, s->sets->items[i], &words, err);
    const size_t before = list->count;
    good = good && expand_tree(book, entry, tree, &words, only, s, list, err);
    bool known = !only || list->count > before;
    for (size_t i = 0; only && i < list->count; i++) known |= strcmp(list->items[i].name, only) == 0;
    if (good && !known)
        good = fail_usage(err, "%s: experiments has no %s; palbench ls experiments lists them", book->path, only);
    text_list_free(&words);
    cJSON_Delete(tree);
    return good;
}
