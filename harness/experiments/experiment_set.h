/* --set PATH=VALUE on the tree of an experiment, and how values look in names. */
#pragma once

#include "harness/io/json.h"

/* Replaces KEY, options.KEY, generate.KEY or setting.KEY and appends "key=value" to `words`, unless the value belongs to no name
 * (seeds, label, samples, sample_seed) or stands for several (a grid, a draw, or an object with one inside: then only the rest of the
 * object goes into the name). Fails on another path. */
bool experiment_set(cJSON *entry, const char *setting, TextList *words, Error *err);

/* {"grid": ..}, {"choice": ..}, {"uniform": ..}, {"loguniform": ..}: the word, or NULL. */
const char *sweep_word(const cJSON *value);

/* "KEY=VALUE" of a name: the value's JSON, strings without quotes; of an object with one member "PREFIXKEY.MEMBER=VALUE", as
 * in setting.few_shot=4. Caller frees. */
char *name_word(const char *prefix, const char *key, const cJSON *value);

/* Puts `value` (taken over) under a key, in the place of what stands there. */
void json_put(cJSON *object, const char *key, cJSON *value);
