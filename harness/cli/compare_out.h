/* What `palbench compare` says: tables for people, JSON for scripts. */
#pragma once

#include "harness/results/comparison.h"

#include <cjson/cJSON.h>

/* The entrants, the pairs, and how they were compared; with `per_class` a table of classes for every pair. To stdout. */
void comparison_print(const Comparison *c, bool per_class);
/* An array of pairs, each with both names, the difference, its interval, p values and the classes. The caller deletes
 * it. */
cJSON *comparison_json(const Comparison *c);
