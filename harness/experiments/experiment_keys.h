/* The keys of experiments.json in tables: what its readers check by and what the JSON Schema (schema.h) is written from. Those of
 * protocols, "generate" and "setting" stand with their readers, a data set's with its kind, options with their method. */
#pragma once

#include "harness/io/json_keys.h"
#include "methods/shared/option.h"

extern const Key book_keys[];       /* of the whole file */
extern const Key model_keys[];      /* of a model */
extern const Key experiment_keys[]; /* of an experiment, but for the method "ensemble": */
extern const Key member_keys[];

/* Keys in whose place a grid or a choice may stand, in the order in which they expand; NULL-terminated. */
extern const char *const swept_keys[];

enum { SEEDS_MAX = 1000, EXPANSION_MAX = 10000 };

/* An option of a method as a key. */
Key option_key(const Option *option);
