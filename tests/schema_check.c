/* One function a keyword, in a table; each looks at the values it is about and passes the others, as the standard has it. */
#include "tests/schema_check.h"

#include "harness/base/memory.h"

#include <math.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

typedef struct Check {
    const cJSON *root, *schema; /* the object that the keyword stands in */
    const cJSON *said;          /* its value */
    const cJSON *value;
    Error *err;
} Check;

static bool accepts(const Check *c, const cJSON *schema, const cJSON *value)
{
    return schema_accepts(c->root, schema, value, c->err);
}

static const cJSON *member(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static bool refuse(const Check *c, const char *what)
{
    char *value = cJSON_PrintUnformatted(c->value), *said = cJSON_PrintUnformatted(c->said);
    fail(c->err, "%.200s: %s %.200s", value, what, said);
    free(value);
    free(said);
    return false;
}

/* ---- any value ---- */

static bool has_type(const cJSON *value, const char *type)
{
    if (strcmp(type, "integer") == 0) return cJSON_IsNumber(value) && value->valuedouble == floor(value->valuedouble);
    return strcmp(type, "string") == 0    ? cJSON_IsString(value)
           : strcmp(type, "number") == 0  ? cJSON_IsNumber(value)
           : strcmp(type, "boolean") == 0 ? cJSON_IsBool(value)
           : strcmp(type, "object") == 0  ? cJSON_IsObject(value)
           : strcmp(type, "array") == 0   ? cJSON_IsArray(value)
                                          : cJSON_IsNull(value);
}

static bool check_type(const Check *c)
{
    const cJSON *type;
    if (cJSON_IsString(c->said)) return has_type(c->value, c->said->valuestring) || refuse(c, "is not of type");
    cJSON_ArrayForEach(type, c->said) if (has_type(c->value, type->valuestring)) return true;
    return refuse(c, "is not of type");
}

static bool check_enum(const Check *c)
{
    const cJSON *word;
    cJSON_ArrayForEach(word, c->said) if (cJSON_Compare(word, c->value, true)) return true;
    return refuse(c, "is none of");
}

static bool check_const(const Check *c)
{
    return cJSON_Compare(c->said, c->value, true) || refuse(c, "is not");
}

/* ---- numbers and texts ---- */

static bool check_number(const Check *c)
{
    const double value = c->value->valuedouble, said = c->said->valuedouble;
    if (!cJSON_IsNumber(c->value)) return true;
    const char *keyword = c->said->string;
    const bool good = strcmp(keyword, "minimum") == 0            ? value >= said
                      : strcmp(keyword, "maximum") == 0          ? value <= said
                      : strcmp(keyword, "exclusiveMinimum") == 0 ? value > said
                                                                 : fabs(remainder(value, said)) < 1e-9; /* multipleOf */
    return good || refuse(c, keyword);
}

/* Characters, not bytes. */
static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++) count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

static bool check_length(const Check *c)
{
    if (!cJSON_IsString(c->value)) return true;
    const double length = (double)characters(c->value->valuestring), said = c->said->valuedouble;
    return (strcmp(c->said->string, "minLength") == 0 ? length >= said : length <= said) || refuse(c, c->said->string);
}

static bool check_pattern(const Check *c)
{
    regex_t pattern;
    if (!cJSON_IsString(c->value)) return true;
    if (regcomp(&pattern, c->said->valuestring, REG_EXTENDED | REG_NOSUB)) die("no pattern: %s", c->said->valuestring);
    const bool good = regexec(&pattern, c->value->valuestring, 0, NULL, 0) == 0;
    regfree(&pattern);
    return good || refuse(c, "does not match");
}

/* ---- lists ---- */

static bool check_items(const Check *c)
{
    const cJSON *item;
    if (!cJSON_IsArray(c->value)) return true;
    cJSON_ArrayForEach(item, c->value) if (!accepts(c, c->said, item)) return false;
    return true;
}

static bool check_count(const Check *c)
{
    const bool of_items = strstr(c->said->string, "Items") != NULL, least = strncmp(c->said->string, "min", 3) == 0;
    if (of_items ? !cJSON_IsArray(c->value) : !cJSON_IsObject(c->value)) return true;
    const double count = cJSON_GetArraySize(c->value), said = c->said->valuedouble;
    return (least ? count >= said : count <= said) || refuse(c, c->said->string);
}

static bool check_unique(const Check *c)
{
    if (!cJSON_IsArray(c->value) || !cJSON_IsTrue(c->said)) return true;
    for (const cJSON *a = c->value->child; a; a = a->next)
        for (const cJSON *b = a->next; b; b = b->next)
            if (cJSON_Compare(a, b, true)) return refuse(c, "has equal items");
    return true;
}

/* ---- objects ---- */

static bool check_properties(const Check *c)
{
    const cJSON *property;
    if (!cJSON_IsObject(c->value)) return true;
    cJSON_ArrayForEach(property, c->said)
    {
        const cJSON *value = member(c->value, property->string);
        if (value && !accepts(c, property, value)) return false;
    }
    return true;
}

static bool check_others(const Check *c)
{
    const cJSON *item, *known = member(c->schema, "properties");
    if (!cJSON_IsObject(c->value)) return true;
    cJSON_ArrayForEach(item, c->value)
    {
        if (known && member(known, item->string)) continue;
        if (cJSON_IsFalse(c->said)) return fail(c->err, "%s: is no key of it", item->string);
        if (!accepts(c, c->said, item)) return false;
    }
    return true;
}

static bool check_names(const Check *c)
{
    const cJSON *item;
    bool good = true;
    for (item = cJSON_IsObject(c->value) ? c->value->child : NULL; item && good; item = item->next) {
        cJSON *name = cJSON_CreateString(item->string);
        good = accepts(c, c->said, name);
        cJSON_Delete(name);
    }
    return good;
}

static bool check_required(const Check *c)
{
    const cJSON *key;
    if (!cJSON_IsObject(c->value)) return true;
    cJSON_ArrayForEach(key, c->said) if (!member(c->value, key->valuestring)) return refuse(c, "lacks one of");
    return true;
}

/* ---- schemas in schemas ---- */

static bool check_all_of(const Check *c)
{
    const cJSON *schema;
    cJSON_ArrayForEach(schema, c->said) if (!accepts(c, schema, c->value)) return false;
    return true;
}

static bool check_any_of(const Check *c)
{
    const cJSON *schema;
    cJSON_ArrayForEach(schema, c->said) if (accepts(c, schema, c->value)) return true;
    return false; /* the last one's sentence */
}

static bool check_not(const Check *c)
{
    return !accepts(c, c->said, c->value) || refuse(c, "is what must not be,");
}

static bool check_if(const Check *c)
{
    Error unused;
    const bool holds = schema_accepts(c->root, c->said, c->value, &unused);
    const cJSON *next = member(c->schema, holds ? "then" : "else");
    return !next || accepts(c, next, c->value);
}

static bool check_reference(const Check *c)
{
    static const char place[] = "#/$defs/";
    const char *path = c->said->valuestring;
    const cJSON *target =
        strncmp(path, place, sizeof place - 1) == 0 ? member(member(c->root, "$defs"), path + sizeof place - 1) : NULL;
    if (!target) die("the schema refers to %s, which is not there", path);
    return accepts(c, target, c->value);
}

/* "then" and "else" are looked at by "if"; the others say nothing about the value. */
static bool pass(const Check *c)
{
    (void)c;
    return true;
}

static const struct {
    const char *keyword;
    bool (*check)(const Check *c);
} keywords[] = {
    {"type", check_type},
    {"enum", check_enum},
    {"const", check_const},
    {"minimum", check_number},
    {"maximum", check_number},
    {"exclusiveMinimum", check_number},
    {"multipleOf", check_number},
    {"minLength", check_length},
    {"maxLength", check_length},
    {"pattern", check_pattern},
    {"items", check_items},
    {"minItems", check_count},
    {"maxItems", check_count},
    {"uniqueItems", check_unique},
    {"properties", check_properties},
    {"additionalProperties", check_others},
    {"propertyNames", check_names},
    {"minProperties", check_count},
    {"maxProperties", check_count},
    {"required", check_required},
    {"allOf", check_all_of},
    {"anyOf", check_any_of},
    {"not", check_not},
    {"if", check_if},
    {"then", pass},
    {"else", pass},
    {"$ref", check_reference},
    {"$defs", pass},
    {"$schema", pass},
    {"title", pass},
    {"description", pass},
    {"default", pass},
};

bool schema_accepts(const cJSON *root, const cJSON *schema, const cJSON *value, Error *err)
{
    const cJSON *said;
    cJSON_ArrayForEach(said, schema)
    {
        size_t k = 0;
        while (k < sizeof keywords / sizeof *keywords && strcmp(keywords[k].keyword, said->string) != 0) k++;
        if (k == sizeof keywords / sizeof *keywords)
            die("the schema has the keyword %s, which tests/schema_check.c lacks", said->string);
        if (!keywords[k].check(&(Check){root, schema, said, value, err})) return false;
    }
    return true;
}
