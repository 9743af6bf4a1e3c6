/* A small JSON Schema validator, for the keywords of draft 2020-12 that our schema uses; another keyword is a failure of its own, so that
 * nothing is passed over in silence. References are to "#/$defs/NAME" only. Regular expressions are POSIX extended ones, in bytes. */
#pragma once

#include "harness/base/error.h"

#include <cjson/cJSON.h>

/* Whether the value is what `schema` (part of `root`) asks for; the sentence says where it is not. A schema that has a keyword that is not
 * known here ends the program. */
bool schema_accepts(const cJSON *root, const cJSON *schema, const cJSON *value, Error *err);
