/* Values of the schema. Many options are alike (a rate from 0 to 1, a whole number from 1), so each sort of value is a definition of its
 * own, called after type and range, with a second one for the places where a grid or a draw may stand as well. */
#include "harness/experiments/schema_internal.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

cJSON *parsed_schema(const char *text)
{
    cJSON *schema = cJSON_Parse(text);
    if (!schema) die("a schema in the program is no JSON: %s", text);
    return schema;
}

cJSON *reference(const char *format, ...)
{
    char name[512], *path;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    cJSON *schema = cJSON_CreateObject();
    path = xformat("#/$defs/%s", name);
    cJSON_AddStringToObject(schema, "$ref", path);
    free(path);
    return schema;
}

bool is_defined(const Schema *s, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(s->definitions, name) != NULL;
}

void define(Schema *s, const char *name, cJSON *schema)
{
    if (is_defined(s, name)) die("%s is defined twice", name);
    cJSON_AddItemToObject(s->definitions, name, schema);
}

/* ---- values ---- */

static const char *const type_names[] = {
    [KEY_TEXT] = "string", [KEY_NUMBER] = "number", [KEY_WHOLE] = "integer", [KEY_TRUTH] = "boolean"};

static cJSON *number_schema(const Key *key)
{
    cJSON *schema = cJSON_CreateObject();
    cJSON_AddStringToObject(schema, "type", type_names[key->type]);
    cJSON_AddNumberToObject(schema, key->above ? "exclusiveMinimum" : "minimum", key->low);
    cJSON_AddNumberToObject(schema, "maximum", key->high);
    return schema;
}

static cJSON *choice_schema(const Key *key)
{
    cJSON *schema = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(schema, "enum");
    for (const char *const *word = key_words(key); *word; word++) cJSON_AddItemToArray(list, cJSON_CreateString(*word));
    return schema;
}

static cJSON *any_of(cJSON *first, cJSON *second)
{
    cJSON *schema = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(schema, "anyOf");
    cJSON_AddItemToArray(list, first);
    cJSON_AddItemToArray(list, second);
    return schema;
}

cJSON *value_schema(const Key *key)
{
    cJSON *schema;
    switch (key->type) {
    case KEY_NUMBER:
    case KEY_WHOLE:
        schema = number_schema(key);
        return key->forms ? any_of(schema, parsed_schema(key->forms)) : schema;
    case KEY_CHOICE:
        return choice_schema(key);
    case KEY_FORMS:
        return parsed_schema(key->forms);
    default:
        schema = cJSON_CreateObject();
        cJSON_AddStringToObject(schema, "type", type_names[key->type]);
        return schema;
    }
}

/* ---- grids and draws ---- */

/* "whole_1_to_1000", "choice_sgd_adam"; what is no letter or digit would have to be escaped in a reference. Caller frees. */
static char *name_of(const Key *key)
{
    Text name = {0};
    if (key->type == KEY_NUMBER || key->type == KEY_WHOLE) {
        text_addf(&name, "%s_%s%.10g", key->type == KEY_WHOLE ? "whole" : "number", key->above ? "above_" : "",
                  key->low);
        if (key->high < WHOLE_MOST) text_addf(&name, "_to_%.10g", key->high);
    } else if (key->type == KEY_CHOICE) {
        text_add(&name, "choice");
        for (const char *const *word = key_words(key); *word; word++) text_addf(&name, "_%s", *word);
    } else {
        text_add(&name, key->type == KEY_TRUTH ? "truth" : "text");
    }
    for (char *c = name.data; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("_.-+", *c)) *c = '_';
    return name.data;
}

static cJSON *list_of(cJSON *items)
{
    cJSON *list = parsed_schema("{\"type\": \"array\", \"minItems\": 1}");
    cJSON_AddItemToObject(list, "items", items);
    return list;
}

static cJSON *ends_of(const Key *key, bool above_zero)
{
    Key end = *key;
    if (above_zero && end.low <= 0) end.low = 0, end.above = true;
    cJSON *list = parsed_schema("{\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2}");
    cJSON_AddItemToObject(list, "items", number_schema(&end));
    return list;
}

/* {"grid": [..]}, {"zip": [..]}, {"choice": [..]}, and of numbers {"uniform": [a, b]}, {"loguniform": [a, b]}. */
static cJSON *sweep_of(const Key *key, const char *name)
{
    cJSON *schema = parsed_schema("{\"type\": \"object\", \"minProperties\": 1, \"maxProperties\": 1, "
                                  "\"additionalProperties\": false}");
    cJSON *properties = cJSON_AddObjectToObject(schema, "properties");
    cJSON_AddItemToObject(properties, "grid", list_of(reference("%s", name)));
    cJSON_AddItemToObject(properties, "zip", list_of(reference("%s", name)));
    cJSON_AddItemToObject(properties, "choice", list_of(reference("%s", name)));
    if (key->type != KEY_NUMBER && key->type != KEY_WHOLE) return schema;
    cJSON_AddItemToObject(properties, "uniform", ends_of(key, false));
    cJSON_AddItemToObject(properties, "loguniform", ends_of(key, true));
    return schema;
}

cJSON *swept_schema(Schema *s, const Key *key, const char *name, bool or_null)
{
    char *own = name ? xstrdup(name) : name_of(key), *swept = xformat("swept_%s", own);
    if (!is_defined(s, own)) define(s, own, value_schema(key));
    if (!is_defined(s, swept)) {
        cJSON *forms = any_of(reference("%s", own), sweep_of(key, own));
        if (or_null) cJSON_AddItemToArray(forms->child, parsed_schema("{\"type\": \"null\"}"));
        define(s, swept, forms);
    }
    cJSON *schema = reference("%s", swept);
    free(own);
    free(swept);
    return schema;
}

/* ---- objects ---- */

cJSON *described(cJSON *property, const Key *key)
{
    if (key->help) cJSON_AddStringToObject(property, "description", key->help);
    if (key->fallback) cJSON_AddItemToObject(property, "default", parsed_schema(key->fallback));
    return property;
}

cJSON *or_null(cJSON *schema)
{
    cJSON *type = cJSON_GetObjectItemCaseSensitive(schema, "type"), *words;
    if ((words = cJSON_GetObjectItemCaseSensitive(schema, "enum"))) {
        cJSON_AddItemToArray(words, cJSON_CreateNull());
    } else if (cJSON_IsString(type)) {
        const char *const both[] = {type->valuestring, "null"};
        cJSON *list = cJSON_CreateStringArray(both, 2);
        cJSON_ReplaceItemInObjectCaseSensitive(schema, "type", list);
    }
    return schema;
}

cJSON *object_schema(const Key *table)
{
    cJSON *schema = parsed_schema("{\"type\": \"object\", \"additionalProperties\": false}");
    cJSON *properties = cJSON_AddObjectToObject(schema, "properties"), *needed = cJSON_CreateArray();
    for (const Key *key = table; key->name; key++) {
        cJSON *value = key->type == KEY_FORMS && !key->forms ? cJSON_CreateObject() : value_schema(key);
        if (key->needed) cJSON_AddItemToArray(needed, cJSON_CreateString(key->name));
        if (!key->needed && key->type != KEY_FORMS) or_null(value);
        cJSON_AddItemToObject(properties, key->name, described(value, key));
    }
    if (needed->child)
        cJSON_AddItemToObject(schema, "required", needed);
    else
        cJSON_Delete(needed);
    return schema;
}
