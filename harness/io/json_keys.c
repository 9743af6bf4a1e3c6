/* Checks an object by its table of keys, in the table's order, so that the same mistake is told first whatever the file's order. */
#include "harness/io/json_keys.h"

#include "harness/base/memory.h"
#include "harness/base/names.h"

#include <stdlib.h>
#include <string.h>

const char **keys_names(const Key *table)
{
    size_t count = 0;
    while (table[count].name) count++;
    const char **names = xcalloc(count + 1, sizeof *names);
    for (size_t i = 0; i < count; i++) names[i] = table[i].name;
    return names;
}

const Key *keys_find(const Key *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0) return table;
    return NULL;
}

const char *const *key_words(const Key *key)
{
    return key->words ? key->words : key->names();
}

static bool check_range(const Key *key, Json value, double number, Error *err)
{
    const char *above = key->above ? "above " : "";
    if ((key->above ? number > key->low : number >= key->low) && number <= key->high) return true;
    if (key->high >= WHOLE_MOST)
        return json_fail(value, err, "%.10g is out of range; it can be %.10g or more", number, key->low);
    return json_fail(value, err, "%.10g is out of range; it can be %s%.10g to %.10g", number, above, key->low,
                     key->high);
}

static bool check_choice(const Key *key, Json value, const char *word, Error *err)
{
    if (names_find(key_words(key), word) != NAMES_NONE) return true;
    char *allowed = names_join(key_words(key), ", ", '"');
    json_fail(value, err, "\"%s\" is not known; allowed are %s", word, allowed);
    free(allowed);
    return false;
}

static bool check_value(const Key *key, Json value, Error *err)
{
    const char *text;
    bool truth;
    double number;
    int64_t whole;
    switch (key->type) {
    case KEY_TEXT:
        return json_as_string(value, &text, err);
    case KEY_NUMBER:
        if (key->forms && !json_is_number(value)) return true;
        return json_as_number(value, &number, err) && check_range(key, value, number, err);
    case KEY_WHOLE:
        if (key->forms && !json_is_number(value)) return true;
        return json_as_integer(value, &whole, err) && check_range(key, value, (double)whole, err);
    case KEY_TRUTH:
        return json_as_bool(value, &truth, err);
    case KEY_CHOICE:
        return json_as_string(value, &text, err) && check_choice(key, value, text, err);
    case KEY_FORMS:
        return true;
    }
    die("the key %s has no type", key->name);
}

bool keys_check(Json object, const Key *table, Error *err)
{
    const char **names = keys_names(table);
    const bool known = json_only_keys(object, names, err);
    free(names);
    if (!known) return false;
    for (const Key *key = table; key->name; key++) {
        const Json value = json_get(object, key->name);
        const bool said = value.node && !cJSON_IsNull(value.node);
        if (!said && key->needed) return json_fail(value, err, "is missing; it says %s", key->help);
        if (said && !check_value(key, value, err)) return false;
    }
    return true;
}
