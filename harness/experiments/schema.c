/* The schema as a whole: the sections of the file, each an object of named entries. */
#include "harness/experiments/schema.h"

#include "harness/base/name.h"
#include "harness/experiments/experiments.h"
#include "harness/experiments/schema_internal.h"

#include <stdlib.h>
#include <string.h>

/* name_rule as far as one pattern can say it in every dialect of regular expressions: what is not ASCII counts as a letter, bytes as
 * characters. Ranges, no escapes: "[-^" is [ \ ] ^. */
#define NEVER    "!-'*,/:-?[-^`{-\\u007f\\u0001-\\u001f"
#define NO_FIRST NEVER " _.+()@-"
static const char name_schema[] =
    "{\"type\": \"string\", \"maxLength\": 100, \"pattern\": \"^[^" NO_FIRST "]([^" NEVER "]*[^" NEVER " ])?$\"}";

/* ---- data sets ---- */

static void define_datasets(Schema *s)
{
    static const Key kind_only[] = {{.name = "kind",
                                     .type = KEY_CHOICE,
                                     .names = dataset_kind_names,
                                     .needed = true,
                                     .help = "what it is and who reads it"},
                                    {0}};
    cJSON *schema = object_schema(kind_only), *rules = cJSON_CreateArray();
    cJSON_DeleteItemFromObjectCaseSensitive(schema, "additionalProperties"); /* they are the kind's */
    for (const DatasetKind *const *k = dataset_kinds(); *k; k++) {
        char *name = xformat("dataset_%s", (*k)->name);
        cJSON *rule = parsed_schema("{\"if\": {\"properties\": {\"kind\": {}}}}");
        cJSON *properties = rule->child->child;
        cJSON_AddStringToObject(properties->child, "const", (*k)->name);
        cJSON_AddItemToObject(rule, "then", reference("%s", name));
        cJSON_AddItemToArray(rules, rule);
        cJSON *own = object_schema((*k)->keys);
        cJSON_AddStringToObject(own, "description", (*k)->summary);
        define(s, name, own);
        free(name);
    }
    cJSON_AddItemToObject(schema, "allOf", rules);
    define(s, "dataset", schema);
}

/* ---- sections ---- */

static void define_model(Schema *s)
{
    cJSON *schema = object_schema(model_keys), *properties = cJSON_GetObjectItemCaseSensitive(schema, "properties");
    define(s, "generate", object_schema(generate_keys));
    cJSON *generate = cJSON_GetObjectItemCaseSensitive(properties, "generate");
    cJSON *to = reference("generate");
    cJSON_AddItemToObject(generate, "$ref", cJSON_DetachItemViaPointer(to, to->child));
    cJSON_Delete(to);
    define(s, "model", schema);
}

/* Names to entries. */
static cJSON *section(const char *entry)
{
    cJSON *schema = parsed_schema("{\"type\": \"object\"}");
    cJSON_AddItemToObject(schema, "propertyNames", reference("name"));
    cJSON_AddItemToObject(schema, "additionalProperties", reference("%s", entry));
    return schema;
}

/* The names of the built-in ones are taken. */
static cJSON *protocol_section(void)
{
    cJSON *schema = section("protocol"), *rule = cJSON_CreateObject(), *both = cJSON_AddArrayToObject(rule, "allOf");
    cJSON *taken = cJSON_CreateObject(), *names = cJSON_AddArrayToObject(cJSON_AddObjectToObject(taken, "not"), "enum");
    size_t count;
    const Protocol *built_in = protocol_built_ins(&count);
    for (size_t i = 0; i < count; i++) cJSON_AddItemToArray(names, cJSON_CreateString(built_in[i].name));
    cJSON_AddItemToArray(both, reference("name"));
    cJSON_AddItemToArray(both, taken);
    cJSON_ReplaceItemInObjectCaseSensitive(schema, "propertyNames", rule);
    return schema;
}

static cJSON *section_of(const Key *key)
{
    static const char *const entries[][2] = {
        {"models", "model"}, {"datasets", "dataset"}, {"suites", "suite"}, {"experiments", "experiment"}};
    if (strcmp(key->name, "protocols") == 0) return protocol_section();
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (strcmp(key->name, entries[i][0]) == 0) return section(entries[i][1]);
    return key->type == KEY_TEXT ? parsed_schema("{\"type\": [\"string\", \"null\"]}") : value_schema(key);
}

/* Without plugins no other methods than these. */
static void add_method_names(cJSON *root)
{
    cJSON *rule = parsed_schema("{\"properties\": {\"plugins\": {\"minItems\": 1}}, \"required\": [\"plugins\"]}");
    cJSON *names = cJSON_CreateArray(), *otherwise;
    for (const Method *const *m = method_all(); *m; m++) cJSON_AddItemToArray(names, cJSON_CreateString((*m)->name));
    cJSON_AddItemToObject(root, "if", rule);
    otherwise = parsed_schema(
        "{\"properties\": {\"experiments\": {\"additionalProperties\": {\"properties\": {\"method\": {}}}}}}");
    cJSON *entry = otherwise->child->child->child->child->child;
    cJSON_AddItemToObject(entry, "enum", names);
    cJSON_AddItemToObject(root, "else", otherwise);
}

cJSON *experiments_schema(void)
{
    Schema s = {.definitions = cJSON_CreateObject()};
    cJSON *root = parsed_schema(
        "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\", \"title\": \"experiments of palbench\", "
        "\"description\": \"Written by `palbench schema`; do not edit.\", \"type\": \"object\"}");
    cJSON *properties = cJSON_AddObjectToObject(root, "properties");
    for (const Key *key = book_keys; key->name; key++)
        cJSON_AddItemToObject(properties, key->name, described(section_of(key), key));
    cJSON_AddItemToObject(root, "additionalProperties", cJSON_CreateFalse());
    add_method_names(root);
    define(&s, "name", parsed_schema(name_schema));
    define(&s, "suite", parsed_schema("{\"type\": \"array\", \"minItems\": 1, \"items\": {\"type\": \"string\"}}"));
    define(&s, "protocol", object_schema(protocol_keys));
    define_model(&s);
    define_datasets(&s);
    define_experiment(&s);
    cJSON_AddItemToObject(root, "$defs", s.definitions);
    return root;
}
