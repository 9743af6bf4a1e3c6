/* The JSON Schema (draft 2020-12) of experiments.json, written from the tables that its readers check by: keys (experiment_keys.h), data
 * sets' keys by kind, the methods' options, protocols, samplers. The file experiments.schema.json at the top of the tree is what it
 * gives; editors complete and check with it.
 *
 * What it refuses `palbench validate` refuses. The other way round there is more than a schema can say: that a name exists, what is
 * inherited, the order of two numbers; tests/cases/experiments.txt lists it. */
#pragma once

#include <cjson/cJSON.h>

/* With the methods that are registered, plugins' too. Caller frees with cJSON_Delete. */
cJSON *experiments_schema(void);
