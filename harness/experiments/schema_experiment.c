/* Experiments in the schema: the keys of both kinds, plain ones and those on the scores of others, then what the method adds, by "if" and "then". With
 * "extends" an entry may lack what its parent has, and without a method of its own nothing can be said of its options. */
#include "harness/experiments/schema_internal.h"

#include "harness/base/memory.h"
#include "harness/experiments/generate_settings.h"
#include "harness/experiments/setting_read.h"

#include <stdlib.h>
#include <string.h>

/* ---- settings ---- */

static const Key *setting_key(SettingKind kind)
{
    return keys_find(setting_keys, kind == SETTING_FEW_SHOT ? "few_shot" : "partial");
}

/* {"few_shot": 4} or {"partial": 0.1}, as far as the method has them; NULL: neither. */
static cJSON *setting_object(Schema *s, unsigned settings, bool swept)
{
    if (!(settings & (FEW_SHOT | PARTIAL_LABELS))) return NULL;
    cJSON *schema = parsed_schema("{\"type\": \"object\", \"minProperties\": 1, \"maxProperties\": 1, "
                                  "\"additionalProperties\": false}");
    cJSON *properties = cJSON_AddObjectToObject(schema, "properties");
    for (SettingKind kind = SETTING_FEW_SHOT; kind <= SETTING_PARTIAL; kind++) {
        if (!(settings & 1u << kind)) continue;
        const Key *key = setting_key(kind);
        cJSON *with_sweeps = swept_schema(s, key, key->name, false), *alone = reference("%s", key->name);
        cJSON_AddItemToObject(properties, key->name, described(swept ? with_sweeps : alone, key));
        cJSON_Delete(swept ? alone : with_sweeps);
    }
    return schema;
}

static cJSON *setting_forms(Schema *s, unsigned settings, bool swept)
{
    cJSON *schema = cJSON_CreateObject(), *forms = cJSON_AddArrayToObject(schema, "anyOf");
    cJSON *word = cJSON_CreateObject(), *words = cJSON_AddArrayToObject(word, "enum");
    if (settings & ZERO_SHOT) cJSON_AddItemToArray(words, cJSON_CreateString("zero-shot"));
    if (settings & FULL_LABELS) cJSON_AddItemToArray(words, cJSON_CreateString("full"));
    if (settings & SINGLE_POSITIVE) cJSON_AddItemToArray(words, cJSON_CreateString("single_positive"));
    if (words->child)
        cJSON_AddItemToArray(forms, word);
    else
        cJSON_Delete(word);
    cJSON *object = setting_object(s, settings, swept);
    if (object) cJSON_AddItemToArray(forms, object);
    return schema;
}

/* A reference to the settings of a method: the forms, with grids and draws inside, or a grid, zip or choice of forms. */
static cJSON *setting_schema(Schema *s, unsigned settings)
{
    char *name = xformat("settings%s%s%s%s%s", settings & ZERO_SHOT ? "_zero-shot" : "",
                         settings & FEW_SHOT ? "_few-shot" : "", settings & PARTIAL_LABELS ? "_partial" : "",
                         settings & FULL_LABELS ? "_full" : "", settings & SINGLE_POSITIVE ? "_single" : "");
    char *swept = xformat("swept_%s", name);
    if (!is_defined(s, name)) {
        define(s, name, setting_forms(s, settings, false));
        cJSON *schema = setting_forms(s, settings, true), *forms = cJSON_GetObjectItemCaseSensitive(schema, "anyOf");
        cJSON_AddItemToArray(forms, parsed_schema("{\"type\": \"null\"}"));
        cJSON *sweep = parsed_schema("{\"type\": \"object\", \"minProperties\": 1, \"maxProperties\": 1, "
                                     "\"additionalProperties\": false}");
        cJSON *properties = cJSON_AddObjectToObject(sweep, "properties");
        static const char *const words[] = {"grid", "zip", "choice"};
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            cJSON *list = parsed_schema("{\"type\": \"array\", \"minItems\": 1}");
            cJSON_AddItemToObject(list, "items", reference("%s", name));
            cJSON_AddItemToObject(properties, words[i], list);
        }
        cJSON_AddItemToArray(forms, sweep);
        define(s, swept, schema);
    }
    cJSON *schema = reference("%s", swept);
    free(name);
    free(swept);
    return schema;
}

/* ---- options ---- */

static cJSON *option_default(const Option *o)
{
    if (o->type == OPTION_TYPE_BOOL) return cJSON_CreateBool(o->fallback != 0);
    if (o->type == OPTION_TYPE_REAL || o->type == OPTION_TYPE_INT) return cJSON_CreateNumber(o->fallback);
    return cJSON_CreateString(o->fallback_text);
}

static cJSON *options_schema(Schema *s, const Option *table)
{
    cJSON *schema = parsed_schema("{\"type\": [\"object\", \"null\"], \"additionalProperties\": false}");
    cJSON *properties = cJSON_AddObjectToObject(schema, "properties");
    for (const Option *o = table; o->name; o++) {
        const Key key = option_key(o);
        cJSON *option = described(swept_schema(s, &key, NULL, true), &key);
        cJSON_AddItemToObject(option, "default", option_default(o));
        cJSON_AddItemToObject(properties, o->name, option);
    }
    return schema;
}

static cJSON *generate_schema(Schema *s)
{
    cJSON *schema = parsed_schema("{\"type\": [\"object\", \"null\"], \"additionalProperties\": false}");
    cJSON *properties = cJSON_AddObjectToObject(schema, "properties");
    for (const Key *key = generate_keys; key->name; key++) {
        char *name = xformat("generate_%s", key->name);
        define(s, name, or_null(value_schema(key))); /* in a grid null is the model's own */
        cJSON_AddItemToObject(properties, key->name, described(swept_schema(s, key, name, true), key));
        free(name);
    }
    return schema;
}

/* ---- methods ---- */

/* {"if": the method is NAME, "then": ...} */
static cJSON *if_method(const char *name, cJSON *then)
{
    cJSON *rule = parsed_schema("{\"if\": {\"properties\": {\"method\": {}}, \"required\": [\"method\"]}}");
    cJSON *properties = cJSON_GetObjectItemCaseSensitive(rule->child, "properties");
    cJSON_AddStringToObject(properties->child, "const", name);
    cJSON_AddItemToObject(rule, "then", then);
    return rule;
}

static void define_method(Schema *s, const Method *method)
{
    cJSON *schema = parsed_schema("{\"properties\": {\"of\": {\"type\": \"null\"}}}"), *properties = schema->child;
    cJSON_AddItemToObject(properties, "options", options_schema(s, method->options));
    cJSON_AddItemToObject(properties, "setting", setting_schema(s, method->settings));
    char *name = xformat("method_%s", method->name);
    define(s, name, schema);
    free(name);
}

/* A name, or {"stored": NAME}: definition "member". */
static void define_member(Schema *s)
{
    if (is_defined(s, "member")) return;
    define(s, "member",
           parsed_schema(
               "{\"anyOf\": [{\"type\": \"string\"}, {\"type\": \"object\", \"properties\": {\"stored\": {\"type\": "
               "\"string\"}}, \"required\": [\"stored\"], \"additionalProperties\": false}]}"));
}

/* What "of" may be of a method with so many members. */
static cJSON *of_schema(size_t members)
{
    if (members == 2)
        return parsed_schema("{\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2, \"items\": {\"$ref\": "
                             "\"#/$defs/member\"}}");
    return parsed_schema(
        "{\"anyOf\": [{\"$ref\": \"#/$defs/member\"}, {\"type\": \"object\", \"minProperties\": 1, "
        "\"maxProperties\": 1, \"additionalProperties\": false, \"properties\": {"
        "\"grid\": {\"type\": \"array\", \"minItems\": 1, \"items\": {\"$ref\": \"#/$defs/member\"}},"
        "\"choice\": {\"type\": \"array\", \"minItems\": 1, \"items\": {\"$ref\": \"#/$defs/member\"}}}}]}");
}

/* Data set and protocol are the members', but for stored results alone, which must be looked for. */
static cJSON *place_rule(size_t members)
{
    return parsed_schema(
        members == 2
            ? "{\"if\": {\"properties\": {\"of\": {\"items\": {\"type\": \"object\"}}}, \"required\": [\"of\"]},"
              " \"then\": {\"properties\": {\"dataset\": {\"type\": [\"string\", \"object\"]}}, \"if\": {\"required\": "
              "[\"extends\"]}, \"else\": {\"required\": [\"dataset\"]}},"
              " \"else\": {\"properties\": {\"dataset\": {\"type\": \"null\"}, \"protocol\": {\"type\": \"null\"}}}}"
            : "{\"if\": {\"properties\": {\"of\": {\"required\": [\"stored\"], \"type\": \"object\"}}, \"required\": "
              "[\"of\"]},"
              " \"then\": {\"properties\": {\"dataset\": {\"type\": [\"string\", \"object\"]}}, \"if\": {\"required\": "
              "[\"extends\"]}, \"else\": {\"required\": [\"dataset\"]}},"
              " \"else\": {\"if\": {\"properties\": {\"of\": {\"type\": \"string\"}}, \"required\": [\"of\"]}, "
              "\"then\": "
              "{\"properties\": {\"dataset\": {\"type\": \"null\"}, \"protocol\": {\"type\": \"null\"}}}}}");
}

/* Of a method that works on the scores of others. */
static void define_rescoring(Schema *s, const Method *method)
{
    cJSON *schema =
        parsed_schema("{\"properties\": {\"model\": {\"type\": \"null\"}, \"setting\": {\"type\": \"null\"}, "
                      "\"generate\": {\"type\": \"null\"}}}");
    cJSON *properties = schema->child, *rules = cJSON_AddArrayToObject(schema, "allOf");
    define_member(s);
    cJSON_AddItemToObject(properties, "of", of_schema(method->members));
    cJSON_AddItemToObject(properties, "options", options_schema(s, method->options));
    cJSON_AddItemToArray(rules,
                         parsed_schema("{\"if\": {\"required\": [\"extends\"]}, \"else\": {\"required\": [\"of\"]}}"));
    cJSON_AddItemToArray(rules, place_rule(method->members));
    char *name = xformat("method_%s", method->name);
    define(s, name, schema);
    free(name);
}

/* What the entry must say: a method, its own or its parent's; then, where it has no members, data set and model. */
static const char must_say[] =
    "[{\"if\": {\"required\": [\"extends\"]}, \"else\": {\"required\": [\"method\"]}},"
    " {\"if\": {\"properties\": {\"of\": {\"type\": \"null\"}, \"method\": {\"not\": {\"enum\": []}}}, \"required\": "
    "[\"method\"]}, \"then\": {"
    "\"properties\": {\"dataset\": {\"type\": [\"string\", \"object\"]},"
    " \"model\": {\"type\": [\"string\", \"object\", \"null\"]}}, \"if\": {\"required\": [\"extends\"]},"
    " \"else\": {\"required\": [\"dataset\"]}}}]";

/* The list in it of the methods that have members. */
static cJSON *rescoring_names(cJSON *rules)
{
    const char *const path[] = {"if", "properties", "method", "not", "enum"};
    cJSON *at = cJSON_GetArrayItem(rules, 1);
    for (size_t i = 0; i < sizeof path / sizeof *path; i++) at = cJSON_GetObjectItemCaseSensitive(at, path[i]);
    return at;
}

static cJSON *method_rules(Schema *s)
{
    cJSON *rules = parsed_schema(must_say), *names = rescoring_names(rules);
    for (const Method *const *m = method_all(); *m; m++) {
        if ((*m)->members) {
            define_rescoring(s, *m);
            cJSON_AddItemToArray(names, cJSON_CreateString((*m)->name));
        } else {
            define_method(s, *m);
        }
        cJSON_AddItemToArray(rules, if_method((*m)->name, reference("method_%s", (*m)->name)));
    }
    return rules;
}

/* ---- the entry ---- */

/* A key of the table as an experiment may have it: null is no mistake but for the method and the parent. */
static cJSON *entry_property(Schema *s, const Key *key)
{
    static const Key nullable = {.type = KEY_FORMS, .forms = "{\"type\": [\"string\", \"null\"]}"};
    if (strcmp(key->name, "setting") == 0) return setting_schema(s, ZERO_SHOT | LABELLED);
    if (strcmp(key->name, "options") == 0) return parsed_schema("{\"type\": [\"object\", \"null\"]}");
    if (strcmp(key->name, "generate") == 0) return generate_schema(s);
    if (strcmp(key->name, "of") == 0) return parsed_schema("{\"type\": [\"array\", \"string\", \"object\", \"null\"]}");
    if (strcmp(key->name, "protocol") == 0) return swept_schema(s, &nullable, "protocol_name", true);
    if (strcmp(key->name, "dataset") == 0 || strcmp(key->name, "model") == 0) return swept_schema(s, key, NULL, true);
    cJSON *value = value_schema(key);
    if (strcmp(key->name, "method") == 0 || strcmp(key->name, "extends") == 0) return value;
    cJSON *schema = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(schema, "anyOf");
    cJSON_AddItemToArray(list, value);
    cJSON_AddItemToArray(list, parsed_schema("{\"type\": \"null\"}"));
    return schema;
}

static void add_keys(Schema *s, cJSON *properties, const Key *table)
{
    for (const Key *key = table; key->name; key++)
        if (!cJSON_GetObjectItemCaseSensitive(properties, key->name))
            cJSON_AddItemToObject(properties, key->name, described(entry_property(s, key), key));
}

void define_experiment(Schema *s)
{
    cJSON *schema = parsed_schema("{\"type\": \"object\", \"additionalProperties\": false}");
    cJSON *properties = cJSON_AddObjectToObject(schema, "properties");
    add_keys(s, properties, experiment_keys);
    add_keys(s, properties, member_keys);
    cJSON_AddItemToObject(schema, "allOf", method_rules(s));
    define(s, "experiment", schema);
}
