/* cJSON's tree, checked first (grammar, numbers, keys that stand twice), then read through small values that know
 * their file. What cJSON lacks is added at the side: numbers of children, a cursor for arrays, which it keeps as
 * lists, and the path of a node, which is searched from the root when a sentence needs it. */
#include "harness/io/json.h"

#include "harness/base/names.h"
#include "harness/io/json_grammar.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const size_t file_limit = (size_t)256 << 20;
static const double whole_limit =
    9007199254740992.0; /* 2^53: every whole number below is a double of its own; 2^53 + 1 is none */

/* Where the last json_at in an array stopped: cJSON's arrays are linked lists. */
typedef struct Cursor {
    const cJSON *container, *node;
    size_t index;
} Cursor;

enum { CURSORS = 16 };

struct JsonFile {
    char *name;
    cJSON *tree;
    Cursor cursors[CURSORS]; /* slot chosen by the container's address */
};

void json_prepare(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = xmalloc, .free_fn = free});
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

/* Members sorted by key; caller frees. */
static const cJSON **sorted_members(const cJSON *object, size_t count)
{
    const cJSON **members = xmalloc(count * sizeof *members);
    size_t i = 0;
    for (const cJSON *c = object->child; c && i < count; c = c->next) members[i++] = c;
    qsort(members, count, sizeof *members, by_key);
    return members;
}

/* NULL when every key stands once. */
static const cJSON *duplicate_key(const cJSON *object, size_t count)
{
    const cJSON **members = sorted_members(object, count), *twice = NULL;
    for (size_t i = 1; i < count && !twice; i++)
        if (strcmp(members[i - 1]->string, members[i]->string) == 0) twice = members[i];
    free(members);
    return twice;
}

/* What grammar cannot tell: numbers beyond a double, keys that stand twice. Counts children on the way and keeps the count in
 * the container's valuedouble, which cJSON leaves unused, so that json_count takes constant time. */
static bool check_tree(JsonFile *file, cJSON *node, Error *err)
{
    const Json here = {.file = file, .node = node};
    if (cJSON_IsNumber(node) && !isfinite(node->valuedouble))
        return json_fail(here, err, "this number is too large for a double");
    if (!node->child) return true;
    size_t count = 0;
    for (cJSON *c = node->child; c; c = c->next, count++)
        if (!check_tree(file, c, err)) return false;
    node->valuedouble = (double)count;
    if (!cJSON_IsObject(node)) return true;
    const cJSON *twice = duplicate_key(node, count);
    return !twice || json_fail((Json){.file = file, .node = twice}, err, "this key stands twice; remove one");
}

JsonFile *json_parse(const char *name, const char *text, size_t length, Error *err)
{
    if (!json_check_grammar(name, text, length, err)) return NULL;
    JsonFile *file = xcalloc(1, sizeof *file);
    file->name = xstrdup(name);
    file->tree = cJSON_ParseWithLength(text, length);
    if (!file->tree) fail_usage(err, "%s: cannot be read as JSON (out of memory?)", name);
    if (file->tree && check_tree(file, file->tree, err)) return file;
    json_free(file);
    return NULL;
}

JsonFile *json_read(const char *path, Error *err)
{
    char *text;
    size_t length;
    if (!read_file(path, file_limit, &text, &length, err)) return NULL;
    JsonFile *file = json_parse(path, text, length, err);
    free(text);
    return file;
}

void json_free(JsonFile *file)
{
    if (!file) return;
    cJSON_Delete(file->tree);
    free(file->name);
    free(file);
}

Json json_root(JsonFile *file)
{
    return (Json){.file = file, .node = file->tree};
}

const char *json_file_name(const JsonFile *file)
{
    return file->name;
}

static void add_key(Text *path, const char *key)
{
    if (path->length) text_add(path, ".");
    text_add(path, key);
}

/* Appends the way from `from` down to `to`; false when it does not stand there. */
static bool find_path(const cJSON *from, const cJSON *to, Text *path)
{
    if (from == to) return true;
    const size_t length = path->length;
    size_t i = 0;
    for (const cJSON *c = from->child; c; c = c->next, i++) {
        if (c->string)
            add_key(path, c->string);
        else
            text_addf(path, "[%zu]", i);
        if (find_path(c, to, path)) return true;
        path->length = length;
    }
    return false;
}

char *json_path(Json j)
{
    Text path = {0};
    text_add(&path, "");
    const cJSON *known = j.node ? j.node : j.parent;
    if (known && !find_path(j.file->tree, known, &path)) text_free(&path), text_add(&path, "?");
    if (!j.node && j.key) add_key(&path, j.key);
    return path.data;
}

bool json_fail(Json where, Error *err, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char sentence[sizeof err->text];
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    char *path = json_path(where);
    fail_usage(err, "%s: %s%s%s", where.file->name, path, *path ? ": " : "", sentence);
    free(path);
    return false;
}

Json json_get(Json object, const char *key)
{
    if (!object.node) return object;
    const cJSON *node = cJSON_IsObject(object.node) ? cJSON_GetObjectItemCaseSensitive(object.node, key) : NULL;
    return (Json){.file = object.file, .node = node, .parent = object.node, .key = key};
}

size_t json_count(Json container)
{
    const bool has = container.node && (cJSON_IsObject(container.node) || cJSON_IsArray(container.node));
    return has ? (size_t)container.node->valuedouble : 0;
}

Json json_at(Json array, size_t i)
{
    if (i >= json_count(array)) return (Json){.file = array.file, .parent = array.node};
    Cursor *cursor = &array.file->cursors[((uintptr_t)array.node >> 6) % CURSORS];
    if (cursor->container != array.node || cursor->index > i)
        *cursor = (Cursor){.container = array.node, .node = array.node->child};
    for (; cursor->index < i; cursor->index++) cursor->node = cursor->node->next;
    return (Json){.file = array.file, .node = cursor->node, .parent = array.node};
}

const char *json_key(Json member)
{
    return member.node ? member.node->string : NULL;
}

bool json_is_object(Json j)
{
    return cJSON_IsObject(j.node);
}

bool json_is_array(Json j)
{
    return cJSON_IsArray(j.node);
}

bool json_is_string(Json j)
{
    return cJSON_IsString(j.node);
}

bool json_is_number(Json j)
{
    return cJSON_IsNumber(j.node);
}

bool json_is_bool(Json j)
{
    return cJSON_IsBool(j.node);
}

static bool needed(Json j, const char *what, Error *err)
{
    if (!j.node) return json_fail(j, err, "is missing; %s is needed", what);
    const char *is = cJSON_IsObject(j.node)   ? "an object"
                     : cJSON_IsArray(j.node)  ? "an array"
                     : cJSON_IsString(j.node) ? "a string"
                     : cJSON_IsNumber(j.node) ? "a number"
                     : cJSON_IsBool(j.node)   ? "true or false"
                                              : "null";
    return json_fail(j, err, "%s is needed, this is %s", what, is);
}

bool json_as_string(Json j, const char **value, Error *err)
{
    if (!cJSON_IsString(j.node)) return needed(j, "a string", err);
    *value = j.node->valuestring;
    return true;
}

bool json_as_number(Json j, double *value, Error *err)
{
    if (!cJSON_IsNumber(j.node)) return needed(j, "a number", err);
    *value = j.node->valuedouble;
    return true;
}

bool json_as_integer(Json j, int64_t *value, Error *err)
{
    if (!cJSON_IsNumber(j.node)) return needed(j, "a whole number", err);
    const double number = j.node->valuedouble;
    if (number != floor(number) || fabs(number) >= whole_limit)
        return json_fail(j, err, "a whole number below 2^53 is needed, this is %.17g", number);
    *value = (int64_t)number;
    return true;
}

bool json_as_bool(Json j, bool *value, Error *err)
{
    if (!cJSON_IsBool(j.node)) return needed(j, "true or false", err);
    *value = cJSON_IsTrue(j.node);
    return true;
}

bool json_object(Json object, const char *key, Json *value, Error *err)
{
    *value = json_get(object, key);
    return json_is_object(*value) || needed(*value, "an object {...}", err);
}

bool json_array(Json object, const char *key, Json *value, Error *err)
{
    *value = json_get(object, key);
    return json_is_array(*value) || needed(*value, "an array [...]", err);
}

bool json_string(Json object, const char *key, const char **value, Error *err)
{
    return json_as_string(json_get(object, key), value, err);
}

bool json_number(Json object, const char *key, double *value, Error *err)
{
    return json_as_number(json_get(object, key), value, err);
}

bool json_integer(Json object, const char *key, int64_t *value, Error *err)
{
    return json_as_integer(json_get(object, key), value, err);
}

bool json_bool(Json object, const char *key, bool *value, Error *err)
{
    return json_as_bool(json_get(object, key), value, err);
}

static bool left_out(Json j)
{
    return !j.node || cJSON_IsNull(j.node);
}

bool json_string_or(Json object, const char *key, const char *otherwise, const char **value, Error *err)
{
    const Json j = json_get(object, key);
    *value = otherwise;
    return left_out(j) || json_as_string(j, value, err);
}

bool json_number_or(Json object, const char *key, double otherwise, double *value, Error *err)
{
    const Json j = json_get(object, key);
    *value = otherwise;
    return left_out(j) || json_as_number(j, value, err);
}

bool json_integer_or(Json object, const char *key, int64_t otherwise, int64_t *value, Error *err)
{
    const Json j = json_get(object, key);
    *value = otherwise;
    return left_out(j) || json_as_integer(j, value, err);
}

bool json_bool_or(Json object, const char *key, bool otherwise, bool *value, Error *err)
{
    const Json j = json_get(object, key);
    *value = otherwise;
    return left_out(j) || json_as_bool(j, value, err);
}

bool json_only_keys(Json object, const char *const *allowed, Error *err)
{
    if (!json_is_object(object)) return needed(object, "an object {...}", err);
    for (const cJSON *c = object.node->child; c; c = c->next) {
        if (names_find(allowed, c->string) != NAMES_NONE) continue;
        char *list = names_join(allowed, ", ", 0);
        json_fail((Json){.file = object.file, .node = c}, err, "unknown key; allowed are: %s", list);
        free(list);
        return false;
    }
    return true;
}
