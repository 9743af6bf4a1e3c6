/* Small readers of a scheduler_config.json. */
#pragma once

#include "harness/base/error.h"
#include "harness/io/json.h"

/* A string among the NULL-terminated `names`; its index. An absent key takes `otherwise`. Fails on another value, naming
 * the file, the key and what is possible. */
bool config_choice(Json config, const char *key, const char *const *names, int otherwise, int *index, Error *err);

/* Fails when the flag stands and is true: what it asks for is not built. */
bool config_refuse_flag(Json config, const char *key, Error *err);

/* Reads a scheduler_config.json. Python writes minus infinity into lambda_min_clipped, which is no JSON; it is read as the
 * most negative number. */
JsonFile *scheduler_config_read(const char *path, Error *err);
JsonFile *scheduler_config_parse(const char *name, const char *text, size_t length, Error *err);
