/* Configurations are compared key by key against the first seed's, and where the hashes of an input differ, its
 * configuration in turn, down to what caused it; what differs by the seed's own nature is passed over. Keys become
 * words for people by a small table. */
#include "harness/results/seeds_alike.h"

#include "harness/base/memory.h"
#include "harness/results/import_scores.h"
#include "harness/results/results_inputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *key, *words;
} config_words[] = {
    {"plugin", "code of the plugin"},
    {"method_version", "versions of the method"},
    {"protocol_fields", "protocols"},
    {"clip", "CLIP weights"},
    {"classes", "class names"},
    {"of", "members"},
    {"images", "images"},
    {"captions", "captions"},
    {"exact", "arithmetic (--exact)"},
};

/* A result that says nothing of the setting is one of an earlier version, which had no other. */
static bool same_value(const char *key, const cJSON *a, const cJSON *b)
{
    const cJSON *present = a ? a : b;
    if (a && b) return cJSON_Compare(a, b, true);
    return strcmp(key, "setting") == 0 && cJSON_IsString(present) && strcmp(present->valuestring, "zero-shot") == 0;
}

/* Of imported scores the files are other ones, seed by seed. */
static bool is_of_the_seed(const char *key, bool imported)
{
    return strcmp(key, "seed") == 0 || (imported && (strcmp(key, "file") == 0 || strcmp(key, "content") == 0));
}

static void add_key(TextList *what, const char *key)
{
    for (size_t i = 0; i < sizeof config_words / sizeof *config_words; i++)
        if (strcmp(config_words[i].key, key) == 0) {
            text_list_add_once(what, config_words[i].words);
            return;
        }
    text_list_add_once(what, key); /* "options", "tokenizer", "steps": the configuration's own words */
}

/* Keys of `a` that `b` has otherwise; with `missing` only those that it lacks. */
static void compare_keys(const cJSON *a, const cJSON *b, bool missing, bool imported, TextList *what)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, a)
    {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(b, item->string);
        if (missing && other) continue;
        if (!is_of_the_seed(item->string, imported) && !same_value(item->string, item, other))
            add_key(what, item->string);
    }
}

typedef struct Seen {
    const StoredFiles *store;
    TextList *what;
} Seen;

static void compare_artifacts(const Seen *s, const cJSON *a, const cJSON *b, int depth);

/* Inputs of one name but another hash: either may be of the seed's making; its configuration tells. */
static void compare_inputs(const Seen *s, const cJSON *a, const cJSON *b, int depth)
{
    enum { DEPTH_MAX = 16 }; /* stages behind one another; a file that somebody tampered with could name itself */
    const cJSON *item;
    if (depth == DEPTH_MAX) return;
    cJSON_ArrayForEach(item, a)
    {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(b, item->string);
        if (!cJSON_IsString(item) || !cJSON_IsString(other) || strcmp(item->valuestring, other->valuestring) == 0)
            continue;
        const char *first = inputs_path(s->store, item->valuestring),
                   *second = inputs_path(s->store, other->valuestring);
        cJSON *config = NULL, *other_config = NULL;
        Error ignored; /* what cannot be read cannot be compared */
        if (first && second && artifact_configuration(first, &config, &ignored) &&
            artifact_configuration(second, &other_config, &ignored) && config && other_config)
            compare_artifacts(s, config, other_config, depth + 1);
        cJSON_Delete(config);
        cJSON_Delete(other_config);
    }
}

/* {"stage", "version", "config": {..}, "inputs": {..}} of two artifacts of one stage. */
static void compare_artifacts(const Seen *s, const cJSON *a, const cJSON *b, int depth)
{
    const cJSON *stage = cJSON_GetObjectItemCaseSensitive(a, "stage"),
                *config = cJSON_GetObjectItemCaseSensitive(a, "config"),
                *other = cJSON_GetObjectItemCaseSensitive(b, "config");
    const char *name = cJSON_IsString(stage) ? stage->valuestring : "";
    const bool imported = strcmp(name, stage_imported.name) == 0;
    if (!cJSON_Compare(cJSON_GetObjectItemCaseSensitive(a, "version"), cJSON_GetObjectItemCaseSensitive(b, "version"),
                       true)) {
        char *words = xformat("versions of the stage %s", name);
        text_list_add_once(s->what, words);
        free(words);
    }
    compare_keys(config, other, false, imported, s->what);
    compare_keys(other, config, true, imported, s->what);
    compare_inputs(s, cJSON_GetObjectItemCaseSensitive(a, "inputs"), cJSON_GetObjectItemCaseSensitive(b, "inputs"),
                   depth);
}

/* "seed 2 was", "seeds 2, 3 were" */
static char *who(const TextList *seeds)
{
    enum { SHOWN_MAX = 8 };
    char *some = text_list_some(seeds, SHOWN_MAX);
    char *text = xformat("seed%s %s %s", seeds->count > 1 ? "s" : "", some, seeds->count > 1 ? "were" : "was");
    free(some);
    return text;
}

/* list[first .. end-1] are the seeds of one experiment: the others against the first. */
static void compare_group(const ResultList *list, size_t first, size_t end, const StoredFiles *store, TextList *remarks)
{
    TextList what = {0}, others = {0};
    const StoredResult *r = &list->items[first];
    cJSON *config = cJSON_Parse(r->config);
    for (size_t i = first + 1; i < end; i++) {
        TextList here = {0};
        cJSON *other = cJSON_Parse(list->items[i].config);
        compare_artifacts(&(Seen){store, &here}, config, other, 0);
        char seed[32];
        snprintf(seed, sizeof seed, "%lld", (long long)list->items[i].seed);
        if (here.count) text_list_add(&others, seed);
        for (size_t k = 0; k < here.count; k++) text_list_add_once(&what, here.items[k]);
        text_list_free(&here);
        cJSON_Delete(other);
    }
    cJSON_Delete(config);
    if (others.count) {
        char *seeds = who(&others), *things = text_list_some(&what, what.count);
        char *remark = xformat("%s: %s made with different %s than seed %lld; run it again to have them alike",
                               r->experiment, seeds, things, (long long)r->seed);
        text_list_add(remarks, remark);
        free(remark), free(things), free(seeds);
    }
    text_list_free(&others);
    text_list_free(&what);
}

void seeds_compare(const ResultList *list, const char *store, const char *experiment, TextList *remarks)
{
    StoredFiles files = {0};
    if (store) store_list(store, &files);
    for (size_t i = 0, end; i < list->count; i = end) {
        const char *name = list->items[i].experiment;
        for (end = i + 1; end < list->count && strcmp(list->items[end].experiment, name) == 0;) end++;
        if (!experiment || strcmp(experiment, name) == 0) compare_group(list, i, end, &files, remarks);
    }
    stored_files_free(&files);
}
