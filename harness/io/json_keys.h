/* What an object of a JSON file may hold, said once, in a table: the reader checks by it (keys_check), and the JSON Schema of
 * experiments.json is written from it (harness/experiments/schema.h).
 *
 *     const Key generate_keys[] = {
 *         {.name = "steps", .type = KEY_WHOLE, .low = 1, .high = 1000, .help = "denoising steps"},
 *         {.name = "scheduler", .type = KEY_CHOICE, .names = scheduler_names, .help = "the sampler"},
 *         {0}};
 *
 * A key that stands with null counts as absent, as the json_*_or getters have it. */
#pragma once

#include "harness/io/json.h"

#define WHOLE_MOST 9007199254740992.0 /* 2^53: every whole number up to it is a double; as a range's end: no other */

typedef enum KeyType {
    KEY_TEXT,
    KEY_NUMBER,
    KEY_WHOLE, /* a whole number */
    KEY_TRUTH,
    KEY_CHOICE, /* one of `words` or names() */
    KEY_FORMS   /* several forms, or an object or a list: `forms` says which, and the reader checks */
} KeyType;

typedef struct Key {
    const char *name; /* NULL ends a table */
    KeyType type;
    double low, high;                  /* range of a number, both ends allowed */
    bool above;                        /* but not the lower one */
    const char *const *words;          /* NULL-terminated, or NULL: */
    const char *const *(*names)(void); /* the same from a table elsewhere */
    const char
        *forms; /* JSON Schema of the value, or, of a number, of what may stand in its place; checked by the reader */
    const char *fallback; /* default, as JSON; NULL: none, or no fixed one */
    const char *help;     /* one line, for editors and lists */
    bool needed;
} Key;

/* Fails on: no object, unknown keys, needed ones that are missing, wrong types, numbers out of range, words that are not among the
 * names. The sentence says where and what is allowed. What has `forms` is left to the reader. */
bool keys_check(Json object, const Key *table, Error *err);
/* The names alone, NULL-terminated; caller frees the list. */
const char **keys_names(const Key *table);
const Key *keys_find(const Key *table, const char *name); /* NULL when it is not in the table */
const char *const *key_words(const Key *key);             /* of a choice */
