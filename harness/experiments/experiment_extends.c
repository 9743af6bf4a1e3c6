/* The chain of parents is followed to its end; then each generation is laid over the one before, `options` and
 * `generate` key by key, everything else as a whole. null takes away, and a label is nobody's heritage. */
#include "harness/experiments/experiment_extends.h"

#include <stdlib.h>
#include <string.h>

/* Replaces what stands under a key, adds it, or takes it away when the value is null. */
static void lay_over(cJSON *object, const cJSON *item)
{
    if (cJSON_IsNull(item))
        cJSON_DeleteItemFromObjectCaseSensitive(object, item->string);
    else if (cJSON_GetObjectItemCaseSensitive(object, item->string))
        cJSON_ReplaceItemInObjectCaseSensitive(object, item->string, cJSON_Duplicate(item, true));
    else
        cJSON_AddItemToObject(object, item->string, cJSON_Duplicate(item, true));
}

static bool is_merged(const char *key)
{
    return strcmp(key, "options") == 0 || strcmp(key, "generate") == 0;
}

static void merge(cJSON *tree, const cJSON *child)
{
    const cJSON *item, *inner;
    cJSON_ArrayForEach(item, child)
    {
        cJSON *below = cJSON_GetObjectItemCaseSensitive(tree, item->string);
        if (!is_merged(item->string) || !cJSON_IsObject(item) || !cJSON_IsObject(below)) {
            lay_over(tree, item);
            continue;
        }
        cJSON_ArrayForEach(inner, item) lay_over(below, inner);
    }
}

/* null says nothing where there is nothing to take away. */
static void drop_nulls(cJSON *object, bool outer)
{
    for (cJSON *item = object->child, *next; item; item = next) {
        next = item->next;
        if (cJSON_IsNull(item))
            cJSON_Delete(cJSON_DetachItemViaPointer(object, item));
        else if (outer && is_merged(item->string) && cJSON_IsObject(item))
            drop_nulls(item, false);
    }
}

/* "a extends b extends a" */
static bool fail_circle(Json extends, const Json *chain, size_t count, const char *again, Error *err)
{
    Text text = {0};
    for (size_t i = 0; i < count; i++) text_addf(&text, "%s extends ", json_key(chain[i]));
    json_fail(extends, err, "it comes back to itself: %s%s", text.data, again);
    text_free(&text);
    return false;
}

/* The entry, its parent, the parent's parent. */
static bool find_chain(const Book *book, Json entry, Json **chain, size_t *count, Error *err)
{
    const Json all = json_get(json_root(book->file), "experiments");
    for (Json at = entry;;) {
        *chain = xrealloc(*chain, (*count + 1) * sizeof **chain);
        (*chain)[(*count)++] = at;
        const Json extends = json_is_object(at) ? json_get(at, "extends") : (Json){0};
        const char *name;
        if (!extends.node) return true;
        if (!json_as_string(extends, &name, err)) return false;
        for (size_t i = 0; i < *count; i++)
            if (strcmp(json_key((*chain)[i]), name) == 0) return fail_circle(extends, *chain, *count, name, err);
        at = json_get(all, name);
        if (!at.node)
            return json_fail(extends, err, "there is no experiment %s; palbench ls experiments lists them", name);
    }
}

cJSON *experiment_inherit(const Book *book, Json entry, Error *err)
{
    Json *chain = NULL;
    size_t count = 0;
    cJSON *tree = NULL;
    if (find_chain(book, entry, &chain, &count, err)) {
        tree = cJSON_Duplicate(chain[count - 1].node, true);
        for (size_t i = count - 1; i-- > 0;) {
            cJSON_DeleteItemFromObjectCaseSensitive(tree, "label");
            merge(tree, chain[i].node);
        }
        cJSON_DeleteItemFromObjectCaseSensitive(tree, "extends");
        drop_nulls(tree, true);
    }
    free(chain);
    return tree;
}
