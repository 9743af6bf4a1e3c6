/* A changed value leaves two traces: in the tree, which is read afterwards like any entry, and as a word of the name.
 * The word holds what is the same for all experiments that the value makes; the rest follows when grids expand. */
#include "harness/experiments/experiment_set.h"

#include "harness/base/lines.h"

#include <stdlib.h>
#include <string.h>

void json_put(cJSON *object, const char *key, cJSON *value)
{
    if (cJSON_GetObjectItemCaseSensitive(object, key))
        cJSON_ReplaceItemInObjectCaseSensitive(object, key, value);
    else
        cJSON_AddItemToObject(object, key, value);
}

const char *sweep_word(const cJSON *value)
{
    static const char *const words[] = {"grid", "zip", "choice", "uniform", "loguniform"};
    for (size_t i = 0; cJSON_IsObject(value) && i < sizeof words / sizeof *words; i++)
        if (cJSON_GetObjectItemCaseSensitive(value, words[i])) return words[i];
    return NULL;
}

char *name_word(const char *prefix, const char *key, const cJSON *value)
{
    const bool inner = cJSON_IsObject(value) && cJSON_GetArraySize(value) == 1;
    const cJSON *shown = inner ? value->child : value;
    char *word = cJSON_IsString(shown) ? xstrdup(shown->valuestring) : json_canonical(shown);
    char *pair = xformat("%s%s%s%s=%s", prefix, key, inner ? "." : "", inner ? shown->string : "", word);
    free(word);
    return pair;
}

/* "options.lr=0.01" -> path, value. The value is JSON, or a string when it is not. */
static cJSON *parse(const char *setting, char **path, Error *err)
{
    const char *equals = strchr(setting, '=');
    if (!equals || equals == setting) {
        fail_usage(err, "--set %s: PATH=VALUE is needed, as in options.lr=0.01", setting);
        return NULL;
    }
    if (!check_utf8("--set", setting, err)) return NULL;
    *path = xformat("%.*s", (int)(equals - setting), setting);
    Error not_json;
    JsonFile *file = json_parse("--set", equals + 1, strlen(equals + 1), &not_json);
    cJSON *value = file ? cJSON_Duplicate(json_root(file).node, true) : cJSON_CreateString(equals + 1);
    json_free(file);
    return value;
}

/* The object that PATH's last key stands in: the entry, or one of its inner ones, made if need be. `setting` says one thing, so
 * setting.KEY begins it anew. */
static cJSON *target_of(cJSON *entry, const char *inner)
{
    if (!*inner) return entry;
    cJSON *target = cJSON_GetObjectItemCaseSensitive(entry, inner);
    if (!cJSON_IsObject(target) || strcmp(inner, "setting") == 0) json_put(entry, inner, target = cJSON_CreateObject());
    return target;
}

static bool has_no_word(const char *key)
{
    static const char *const silent[] = {"seeds", "label", "samples", "sample_seed"};
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        if (strcmp(key, silent[i]) == 0) return true;
    return false;
}

/* What of a value is one and the same for all experiments that it makes: a grid or a draw inside of it gets its words when it
 * expands. NULL: nothing. Caller frees. */
static cJSON *fixed_part(const char *key, const cJSON *value)
{
    if (sweep_word(value)) return NULL;
    cJSON *rest = cJSON_Duplicate(value, true), *next;
    bool swept = false;
    for (cJSON *item = cJSON_IsObject(rest) ? rest->child : NULL; item; item = next) {
        next = item->next;
        if (!sweep_word(item)) continue;
        cJSON_Delete(cJSON_DetachItemViaPointer(rest, item));
        swept = true;
    }
    /* Options that were replaced as a whole are other ones than the file's even when nothing fixed is left of them. */
    if (!swept || rest->child || strcmp(key, "setting") != 0) return rest;
    cJSON_Delete(rest);
    return NULL;
}

static void add_word(TextList *words, const char *prefix, const char *key, const cJSON *value)
{
    cJSON *fixed = fixed_part(key, value);
    if (!fixed) return;
    char *pair = name_word(prefix, key, fixed);
    text_list_add(words, pair);
    free(pair);
    cJSON_Delete(fixed);
}

bool experiment_set(cJSON *entry, const char *setting, TextList *words, Error *err)
{
    static const struct {
        const char *path, *inner, *prefix;
    } inners[] = {
        {"options.", "options", ""}, {"generate.", "generate", "generate."}, {"setting.", "setting", "setting."}};
    char *path = NULL;
    cJSON *value = parse(setting, &path, err);
    if (!value) return false;
    const char *inner = "", *prefix = "", *key = path;
    for (size_t i = 0; i < sizeof inners / sizeof *inners; i++)
        if (strncmp(path, inners[i].path, strlen(inners[i].path)) == 0)
            inner = inners[i].inner, prefix = inners[i].prefix, key = path + strlen(inners[i].path);
    const bool good = *key && !strchr(key, '.') && !(*inner == 0 && strcmp(key, "extends") == 0);
    if (good) {
        if (*inner || !has_no_word(key)) add_word(words, prefix, key, value);
        json_put(target_of(entry, inner), key, value);
    } else {
        cJSON_Delete(value);
        fail_usage(err, "--set %s: the path is KEY (but not extends), options.KEY, generate.KEY or setting.KEY",
                   setting);
    }
    free(path);
    return good;
}
