/* The configuration of a file names its inputs by hash, file names carry the first digits of theirs: so the tree of
 * inputs is walked by name, each file once, without a plan and without experiments.json. */
#include "harness/results/results_inputs.h"

#include <stdlib.h>
#include <string.h>

bool artifact_configuration(const char *path, cJSON **config, Error *err)
{
    char *text = NULL;
    *config = NULL;
    if (!path_exists(path)) return true;
    ArtifactReader *r = artifact_open(path, err);
    if (!r) return false;
    bool good = !artifact_has_attribute(r, "config") || artifact_attribute_get_text(r, "config", &text, err);
    artifact_close(r);
    if (good && text && !(*config = cJSON_Parse(text)))
        good = fail(err, "%s: its configuration is not JSON; delete it to have it made again", path);
    free(text);
    return good;
}

/* The artifact whose name carries the first 16 digits of the hash. */
static const StoredFile *file_of_hash(const StoredFiles *store, const char *hash)
{
    if (strlen(hash) != 64) return NULL;
    for (size_t i = 0; i < store->count; i++) {
        const char *path = store->items[i].path;
        const size_t length = strlen(path);
        if (length > 20 && path[length - 20] == '-' && !strncmp(path + length - 19, hash, 16)) return &store->items[i];
    }
    return NULL;
}

const char *inputs_path(const StoredFiles *store, const char *hash)
{
    const StoredFile *file = file_of_hash(store, hash);
    return file ? file->path : NULL;
}

static void append(InputFiles *list, const StoredFile *file)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].path, file->path) == 0) return;
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? 2 * list->capacity : 8;
        list->items = xrealloc(list->items, list->capacity * sizeof *list->items);
    }
    list->items[list->count++] = (InputFile){.stage = xstrdup(file->stage), .path = xstrdup(file->path)};
}

/* Appends the inputs of one artifact; their stages go into `stages` unless it is NULL. */
static bool add_inputs(const StoredFiles *store, const char *path, TextList *stages, InputFiles *list, Error *err)
{
    cJSON *config;
    if (!artifact_configuration(path, &config, err)) return false;
    const cJSON *inputs = cJSON_GetObjectItemCaseSensitive(config, "inputs"), *input;
    if (cJSON_IsObject(inputs)) cJSON_ArrayForEach(input, inputs)
        {
            const StoredFile *file = cJSON_IsString(input) ? file_of_hash(store, input->valuestring) : NULL;
            if (stages) text_list_add(stages, input->string);
            if (file) append(list, file);
        }
    cJSON_Delete(config);
    return true;
}

bool inputs_find(const StoredFiles *store, const char *path, InputFiles *list, Error *err)
{
    bool good = add_inputs(store, path, NULL, list, err);
    for (size_t i = 0; good && i < list->count; i++) { /* the list grows on the way */
        char *next = xstrdup(list->items[i].path);
        TextList stages = {0};
        good = add_inputs(store, next, &stages, list, err);
        list->items[i].made_from = stages;
        free(next);
    }
    if (!good) inputs_free(list);
    return good;
}

void inputs_free(InputFiles *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i].stage), free(list->items[i].path);
        text_list_free(&list->items[i].made_from);
    }
    free(list->items);
    *list = (InputFiles){0};
}

static bool is_made_from(const InputFile *file, const char *from)
{
    return !from || text_list_has(&file->made_from, from);
}

const InputFile *inputs_get(const InputFiles *list, const char *stage, const char *from)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].stage, stage) == 0 && is_made_from(&list->items[i], from)) return &list->items[i];
    return NULL;
}
