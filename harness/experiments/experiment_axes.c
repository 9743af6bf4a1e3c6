/* Finds the places of the tree that hold a grid or a draw, then puts one combination after the other into them. All
 * draws are made at once, sample by sample and in each axis by axis, so that more samples only add to those that were
 * there. */
#include "harness/experiments/experiment_axes.h"

#include "harness/experiments/experiment_draw.h"
#include "harness/experiments/experiment_keys.h"
#include "harness/experiments/experiment_set.h"
#include "harness/experiments/setting_read.h"
#include "harness/graph/random.h"

#include <stdlib.h>
#include <string.h>

typedef struct Finder {
    Axes *axes;
    Draw draws[AXES_MAX]; /* of the drawn ones */
    const Option *options;
    Json where;
} Finder;

/* What stands there by the tables; NULL: nothing that is known. `made` is room for an option's. */
static const Key *key_of(const Finder *f, const char *inner, const char *name, Key *made)
{
    if (strcmp(inner, "generate") == 0) return keys_find(generate_keys, name);
    if (strcmp(inner, "setting") == 0) return keys_find(setting_keys, name);
    for (const Option *o = f->options; o && o->name && strcmp(inner, "options") == 0; o++)
        if (strcmp(o->name, name) == 0) {
            *made = option_key(o);
            return made;
        }
    return NULL;
}

static bool add_axis(Finder *f, cJSON *parent, const char *inner, cJSON *item, Error *err)
{
    const char *word = sweep_word(item);
    Axes *axes = f->axes;
    if (!word) return true;
    if (axes->count == AXES_MAX) return json_fail(f->where, err, "more than %d grids and draws", AXES_MAX);
    Axis *axis = &axes->items[axes->count];
    const bool zipped = strcmp(word, "zip") == 0;
    *axis = (Axis){.parent = parent, .drawn = !zipped && strcmp(word, "grid") != 0, .zipped = zipped};
    axis->prefix = strcmp(inner, "generate") == 0 ? "generate." : strcmp(inner, "setting") == 0 ? "setting." : "";
    char *name = xformat("%s%s%s", inner, *inner ? "." : "", item->string);
    bool good;
    if (axis->drawn) {
        Draw *draw = &f->draws[axes->count];
        Key made;
        good = draw_read(draw, item, key_of(f, inner, item->string, &made), name, f->where, err);
        if (good && !*inner && draw->kind != DRAW_CHOICE)
            good = json_fail(f->where, err, "%s: only a choice can be drawn for it", name);
    } else {
        const cJSON *values = cJSON_GetObjectItemCaseSensitive(item, word);
        good = cJSON_IsArray(values) && cJSON_GetArraySize(values) > 0 && cJSON_GetArraySize(item) == 1;
        if (good) axis->list = cJSON_Duplicate(values, true);
        if (!good)
            json_fail(f->where, err, "%s: a %s is {\"%s\": [value, ...]} with at least one value and nothing beside it",
                      name, word, word);
    }
    free(name);
    if (!good) return false;
    axis->key = xstrdup(item->string);
    axes->count++;
    return true;
}

static bool find(Finder *f, cJSON *tree, Error *err)
{
    static const char *const inner[] = {"setting", "options", "generate"};
    for (size_t i = 0; swept_keys[i]; i++) {
        cJSON *item = cJSON_GetObjectItemCaseSensitive(tree, swept_keys[i]);
        if (item && !add_axis(f, tree, "", item, err)) return false;
    }
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++) {
        cJSON *object = cJSON_GetObjectItemCaseSensitive(tree, inner[i]), *item;
        if (!cJSON_IsObject(object) || sweep_word(object)) continue;
        cJSON_ArrayForEach(item, object)
        {
            if (!add_axis(f, object, inner[i], item, err)) return false;
        }
    }
    return true;
}

/* Takes a whole number out of the tree; `otherwise` when it is not there. */
static bool take_number(cJSON *tree, const char *key, double low, double high, double otherwise, double *value,
                        Json where, Error *err)
{
    cJSON *item = cJSON_DetachItemFromObjectCaseSensitive(tree, key);
    *value = item ? item->valuedouble : otherwise;
    const bool good =
        !item || (cJSON_IsNumber(item) && *value >= low && *value <= high && *value == (double)(int64_t)*value);
    cJSON_Delete(item);
    return good || json_fail(where, err, "%s: a whole number from %.0f to %.0f is needed", key, low, high);
}

static void draw_all(Finder *f, size_t samples, uint64_t seed)
{
    Random random;
    random_seed(&random, seed);
    for (size_t a = 0; a < f->axes->count; a++)
        if (f->axes->items[a].drawn) f->axes->items[a].list = cJSON_CreateArray();
    for (size_t i = 0; i < samples; i++)
        for (size_t a = 0; a < f->axes->count; a++)
            if (f->axes->items[a].drawn)
                cJSON_AddItemToArray(f->axes->items[a].list, draw_value(&f->draws[a], random_double(&random)));
}

static void number_values(Axis *axis)
{
    const cJSON *item;
    axis->values = xcalloc((size_t)cJSON_GetArraySize(axis->list) + 1, sizeof(cJSON *));
    cJSON_ArrayForEach(item, axis->list) axis->values[axis->count++] = item;
}

/* The axis that stands for all zipped ones; axes->count when there is none. */
static size_t first_zip(const Axes *axes)
{
    size_t a = 0;
    while (a < axes->count && !axes->items[a].zipped) a++;
    return a;
}

static bool check_zips(const Axes *axes, Json where, Error *err)
{
    const size_t first = first_zip(axes);
    for (size_t a = first; a < axes->count; a++)
        if (axes->items[a].zipped && axes->items[a].count != axes->items[first].count)
            return json_fail(
                where, err, "zips run in step, but that of %s has %zu values and that of %s %zu; give them as many",
                axes->items[first].key, axes->items[first].count, axes->items[a].key, axes->items[a].count);
    return true;
}

/* Whether combinations count it: a grid, or the first of the zips. */
static bool has_own_steps(const Axes *axes, size_t a)
{
    return !axes->items[a].drawn && (!axes->items[a].zipped || a == first_zip(axes));
}

static bool count_combinations(Axes *axes, Json where, Error *err)
{
    axes->combinations = axes->samples;
    for (size_t a = 0; a < axes->count && axes->combinations <= EXPANSION_MAX; a++)
        if (has_own_steps(axes, a)) axes->combinations *= axes->items[a].count;
    return axes->combinations <= EXPANSION_MAX ||
           json_fail(where, err, "grids and samples make more than %d experiments", EXPANSION_MAX);
}

bool axes_find(Axes *axes, cJSON *tree, bool own, Json where, Error *err)
{
    *axes = (Axes){.samples = 1};
    const cJSON *method = cJSON_GetObjectItemCaseSensitive(tree, "method");
    const Method *found = cJSON_IsString(method) ? method_find(method->valuestring) : NULL;
    Finder f = {.axes = axes, .options = found ? found->options : NULL, .where = where};
    double samples, seed;
    bool drawn = false;
    if (!take_number(tree, "samples", 1, EXPANSION_MAX, 0, &samples, where, err) ||
        !take_number(tree, "sample_seed", 0, 9007199254740992.0, 0, &seed, where, err) || !find(&f, tree, err))
        return false;
    for (size_t a = 0; a < axes->count; a++) drawn |= axes->items[a].drawn;
    if (drawn && samples < 1)
        return json_fail(where, err, "values are to be drawn; say how many times with \"samples\": n");
    if (!drawn && samples >= 1 && own)
        return json_fail(where, err,
                         "samples: there is nothing to draw; write {\"uniform\": [a, b]}, {\"loguniform\": "
                         "[a, b]} or {\"choice\": [...]} in place of an option");
    if (drawn) {
        axes->samples = (size_t)samples;
        draw_all(&f, axes->samples, (uint64_t)seed);
    }
    for (size_t a = 0; a < axes->count; a++) number_values(&axes->items[a]);
    return check_zips(axes, where, err) && count_combinations(axes, where, err);
}

void axes_free(Axes *axes)
{
    for (size_t a = 0; a < axes->count; a++) {
        free(axes->items[a].key);
        free((void *)axes->items[a].values); /* the list of them, not they */
        cJSON_Delete(axes->items[a].list);
    }
    *axes = (Axes){0};
}

void axes_apply(Axes *axes, size_t number, TextList *words)
{
    size_t choice[AXES_MAX];
    const size_t sample = number % axes->samples;
    number /= axes->samples;
    for (size_t a = axes->count; a-- > 0;) {
        const Axis *axis = &axes->items[a];
        choice[a] = axis->drawn ? sample : number % axis->count;
        if (has_own_steps(axes, a)) number /= axis->count;
    }
    for (size_t a = 0; a < axes->count; a++)
        if (axes->items[a].zipped) choice[a] = choice[first_zip(axes)];
    for (size_t a = 0; a < axes->count; a++) {
        const Axis *axis = &axes->items[a];
        const cJSON *value = axis->values[choice[a]];
        char *pair = name_word(axis->prefix, axis->key, value);
        text_list_add(words, pair);
        json_put(axis->parent, axis->key, cJSON_Duplicate(value, true));
        free(pair);
    }
}
