/* The chain of parents is followed to one whose heritage is known already; then each generation is laid over the one before, `options`
 * and `generate` key by key, everything else as a whole, and kept. null takes away, and a label is nobody's heritage. */
#include "harness/experiments/experiment_extends.h"

#include <stdlib.h>
#include <string.h>

typedef struct Heir {
    Json entry;
    cJSON *tree;  /* with what it inherits, without "extends"; NULL: not worked out yet */
    size_t visit; /* the last walk that came by */
} Heir;

struct Heritage {
    Heir *heirs; /* by name */
    size_t count, visits;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(json_key(((const Heir *)a)->entry), json_key(((const Heir *)b)->entry));
}

Heritage *heritage_new(Json experiments)
{
    Heritage *h = xcalloc(1, sizeof *h);
    h->heirs = xcalloc(json_count(experiments) + 1, sizeof *h->heirs);
    for (size_t i = 0; i < json_count(experiments); i++) h->heirs[h->count++].entry = json_at(experiments, i);
    if (h->count) qsort(h->heirs, h->count, sizeof *h->heirs, by_name);
    return h;
}

void heritage_free(Heritage *h)
{
    if (!h) return;
    for (size_t i = 0; i < h->count; i++) cJSON_Delete(h->heirs[i].tree);
    free(h->heirs);
    free(h);
}

static int to_name(const void *name, const void *heir)
{
    return strcmp(name, json_key(((const Heir *)heir)->entry));
}

static Heir *find_heir(const Heritage *h, const char *name)
{
    return h->count ? bsearch(name, h->heirs, h->count, sizeof *h->heirs, to_name) : NULL;
}

Json heritage_find(const Heritage *h, const char *name)
{
    const Heir *heir = find_heir(h, name);
    return heir ? heir->entry : (Json){0};
}

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
static bool fail_circle(Json extends, Heir *const *chain, size_t count, const char *again, Error *err)
{
    Text text = {0};
    for (size_t i = 0; i < count; i++) text_addf(&text, "%s extends ", json_key(chain[i]->entry));
    json_fail(extends, err, "it comes back to itself: %s%s", text.data, again);
    text_free(&text);
    return false;
}

/* The heir, its parent, the parent's parent, up to one that extends nobody; *known is the first of them whose tree stands, and then is
 * not in the chain, or NULL. */
static bool find_chain(Heritage *h, Heir *at, Heir ***chain, size_t *count, Heir **known, Error *err)
{
    h->visits++;
    size_t capacity = 0;
    for (;;) {
        if (*count == capacity) *chain = xrealloc(*chain, (capacity = 2 * capacity + 8) * sizeof **chain);
        (*chain)[(*count)++] = at;
        at->visit = h->visits;
        const Json extends = json_is_object(at->entry) ? json_get(at->entry, "extends") : (Json){0};
        const char *name;
        if (!extends.node) return true;
        if (!json_as_string(extends, &name, err)) return false;
        at = find_heir(h, name);
        if (!at) return json_fail(extends, err, "there is no experiment %s; palbench ls experiments lists them", name);
        if (at->visit == h->visits) return fail_circle(extends, *chain, *count, name, err);
        if (at->tree) {
            *known = at;
            return true;
        }
    }
}

static cJSON *child_tree(const cJSON *parent, Json entry)
{
    cJSON *tree = cJSON_Duplicate(parent ? parent : entry.node, true);
    if (parent) {
        cJSON_DeleteItemFromObjectCaseSensitive(tree, "label");
        merge(tree, entry.node);
        cJSON_DeleteItemFromObjectCaseSensitive(tree, "extends");
    }
    if (cJSON_IsObject(tree)) drop_nulls(tree, true);
    return tree;
}

cJSON *experiment_inherit(Heritage *h, Json entry, Error *err)
{
    Heir *self = find_heir(h, json_key(entry)), *known = NULL, **chain = NULL;
    size_t count = 0;
    if (!self->tree && find_chain(h, self, &chain, &count, &known, err))
        for (const cJSON *parent = known ? known->tree : NULL; count-- > 0; parent = chain[count]->tree)
            chain[count]->tree = child_tree(parent, chain[count]->entry);
    free(chain);
    return self->tree ? cJSON_Duplicate(self->tree, true) : NULL;
}
