/* config.json of a diffusers model: lists that may be given as one number, and values that would change the model but that
 * this program does not know. Nothing is ignored: a key that is not known is refused unless it is null or false. */
#pragma once

#include "harness/io/json.h"

enum { LEVELS_MAX = 8, LAYERS_MAX = 32, CHANNELS_MAX = 1 << 16 };

/* Reads FOLDER/config.json; `class_name` must be its _class_name (any if NULL). Caller frees with json_free. */
JsonFile *model_config_read(const char *folder, const char *class_name, Error *err);

/* FOLDER/PART, or FOLDER itself when it has no such part. Caller frees. */
char *model_part(const char *folder, const char *part);

/* A size from 1 to CHANNELS_MAX. */
bool config_size(Json config, const char *key, size_t otherwise, size_t *value, Error *err);
/* A list of `count` sizes, or one size for all; `otherwise` when the key is absent. */
bool config_sizes(Json config, const char *key, size_t count, size_t otherwise, size_t *values, Error *err);
/* The same for numbers of layers: at most LAYERS_MAX. */
bool config_layers(Json config, const char *key, size_t count, size_t otherwise, size_t *values, Error *err);
/* A list of sizes of any length up to LEVELS_MAX; fails when absent or empty. */
bool config_size_list(Json config, const char *key, size_t *values, size_t *count, Error *err);
/* A list of `count` truths, or one for all; false when absent. */
bool config_flags(Json config, const char *key, size_t count, bool *values, Error *err);
bool config_real(Json config, const char *key, double otherwise, float *value, Error *err);

/* A key whose value must be what this program does when it is there at all: a JSON text, as in {"act_fn", "\"silu\""}.
 * value NULL: any value (it changes nothing here). */
typedef struct ConfigFixed {
    const char *key, *value, *otherwise; /* otherwise: another JSON text that means the same, or NULL */
} ConfigFixed;
/* Checks the fixed keys (a list ending with key NULL) and that every other key stands in `read` (ending with NULL), begins
 * with an underscore, or is null or false. */
bool config_check_keys(Json config, const char *const *read, const ConfigFixed *fixed, Error *err);
