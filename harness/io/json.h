/* JSON (cJSON) behind typed getters whose errors name the file and the path inside it, as in
 * "experiments.json: experiments.taidpt-mine.options.lr: a number is needed, this is a string".
 *
 *     JsonFile *file = json_read("experiments.json", err);
 *     Json root = json_root(file), suites;
 *     if (!json_object(root, "suites", &suites, err)) ...
 *
 * A Json is a small value: a cJSON node and the file it came from. Its path is worked out only when a sentence needs it, so
 * that walking millions of elements costs nothing. Reading is not thread safe (a file keeps a cursor for json_at, and cJSON
 * has a global for errors). */
#pragma once

#include "harness/base/error.h"
#include "harness/base/memory.h"
#include "harness/base/text.h"

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

typedef struct JsonFile JsonFile;

typedef struct Json {
    JsonFile *file;
    const cJSON *node;   /* NULL: absent, then: */
    const cJSON *parent; /* the object that lacks it */
    const char *key;     /* and the key asked for (the caller's string) */
} Json;

/* Lets cJSON end the program when it gets no memory, as xmalloc does. Its builders leave out what they have no memory for, and a
 * configuration that lacks a member has another hash. Call once, before anything else of JSON. */
void json_prepare(void);

/* Reads a whole file (at most 256 MB). Malformed text fails with line and column. Numbers must be finite; a key that stands
 * twice in an object fails; nesting deeper than 200 fails. */
JsonFile *json_read(const char *path, Error *err);
/* From a string; `name` takes the file's place in messages. */
JsonFile *json_parse(const char *name, const char *text, size_t length, Error *err);
void json_free(JsonFile *file);
Json json_root(JsonFile *file);
/* "experiments.x.seeds[2]", "" at the root; caller frees. */
char *json_path(Json j);
const char *json_file_name(const JsonFile *file);

/* Members of an object. The plain getters fail when the key is absent or the type is wrong; *_or take the given value
 * when the key is absent (or null), and still fail on a wrong type. Strings live as long as the file. */
bool json_object(Json object, const char *key, Json *value, Error *err);
bool json_array(Json object, const char *key, Json *value, Error *err);
bool json_string(Json object, const char *key, const char **value, Error *err);
bool json_number(Json object, const char *key, double *value, Error *err);
bool json_integer(Json object, const char *key, int64_t *value, Error *err); /* a whole number below 2^53 */
bool json_bool(Json object, const char *key, bool *value, Error *err);
bool json_string_or(Json object, const char *key, const char *otherwise, const char **value, Error *err);
bool json_number_or(Json object, const char *key, double otherwise, double *value, Error *err);
bool json_integer_or(Json object, const char *key, int64_t otherwise, int64_t *value, Error *err);
bool json_bool_or(Json object, const char *key, bool otherwise, bool *value, Error *err);

/* Any member or element; node is NULL when absent. Going through an array by rising index takes constant time a step. */
Json json_get(Json object, const char *key);
Json json_at(Json array, size_t i);
size_t json_count(Json container); /* members or elements */
const char *json_key(Json member); /* the key a member stands under, NULL for elements */

bool json_is_object(Json j);
bool json_is_array(Json j);
bool json_is_string(Json j);
bool json_is_number(Json j);
bool json_is_bool(Json j);
/* The value itself with its type checked. */
bool json_as_string(Json j, const char **value, Error *err);
bool json_as_number(Json j, double *value, Error *err);
bool json_as_integer(Json j, int64_t *value, Error *err);
bool json_as_bool(Json j, bool *value, Error *err);

/* Fails if the object has a key that is not in the NULL-terminated list; the sentence names the key, its path and what is
 * allowed. */
bool json_only_keys(Json object, const char *const *allowed, Error *err);

/* "FILE: PATH: sentence", exit status 2. */
bool json_fail(Json where, Error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Canonical text of a value: keys sorted, no blanks, shortest numbers that read back the same. Caller frees. What hashes of
 * configurations are taken of. */
char *json_canonical(const cJSON *node);
/* The same with keys in their own order, on one line or a member a line. (cJSON's own printing rounds numbers to 15 digits where that
 * is close enough for it: 2^53 - 1 comes out as another number.) Caller frees. */
char *json_compact(const cJSON *node);
char *json_spread(const cJSON *node);

/* Appends a string as a JSON string, quoted and escaped. For those who write JSON by hand. */
void json_quote(Text *text, const char *string);
