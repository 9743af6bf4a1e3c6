/* What an experiment inherits: "extends": "NAME" of another experiment of the file. */
#pragma once

#include "harness/io/json.h"

/* All experiments of a file, by name, and what each inherits, once it was asked for: a chain of thousands is walked once. */
typedef struct Heritage Heritage;
Heritage *heritage_new(Json experiments); /* node NULL: there are none */
void heritage_free(Heritage *h);
Json heritage_find(const Heritage *h, const char *name); /* node NULL: there is no such experiment */

/* The entry with what it inherits, without "extends". Caller frees with cJSON_Delete; NULL on failure: no such experiment, or a
 * chain that comes back to itself (the sentence names it).
 *
 * The child's keys replace the parent's; `options` and `generate` are merged key by key. A value is replaced whole, also a grid
 * or a draw by a single value, and so is `setting`, which says one thing. null takes a key away. The label is not inherited. Keys
 * keep the place that they have in the parent; new ones come behind. */
cJSON *experiment_inherit(Heritage *h, Json entry, Error *err);
