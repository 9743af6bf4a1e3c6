/* One reader for each form that a key may have, with bounds, as the folder is a stranger's: a size ends in an
 * allocation. At the end config_check_keys goes through all keys of the file and refuses what no reader asked for,
 * unless its value is the one that the code here computes anyway. */
#include "harness/diffusion/diffusion_config.h"
#include "harness/base/names.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

char *model_part(const char *folder, const char *part)
{
    char *path = path_join(folder, part);
    if (path_is_folder(path)) return path;
    free(path);
    return xstrdup(folder);
}

JsonFile *model_config_read(const char *folder, const char *class_name, Error *err)
{
    char *path = path_join(folder, "config.json");
    JsonFile *file = json_read(path, err);
    free(path);
    if (!file || !class_name) return file;
    const Json root = json_root(file);
    const char *name;
    if (json_string(root, "_class_name", &name, err) &&
        (!strcmp(name, class_name) ||
         json_fail(json_get(root, "_class_name"), err, "%s is needed here, this is %s", class_name, name)))
        return file;
    json_free(file);
    return NULL;
}

static bool is_absent(Json j)
{
    return !j.node || cJSON_IsNull(j.node);
}

static bool size_of(Json j, size_t *value, Error *err)
{
    int64_t number;
    if (!json_as_integer(j, &number, err)) return false;
    if (number < 1 || number > CHANNELS_MAX)
        return json_fail(j, err, "a whole number from 1 to %d is needed", CHANNELS_MAX);
    *value = (size_t)number;
    return true;
}

bool config_size(Json config, const char *key, size_t otherwise, size_t *value, Error *err)
{
    const Json j = json_get(config, key);
    *value = otherwise;
    return is_absent(j) || size_of(j, value, err);
}

bool config_sizes(Json config, const char *key, size_t count, size_t otherwise, size_t *values, Error *err)
{
    const Json j = json_get(config, key);
    if (!json_is_array(j)) {
        size_t one;
        if (!config_size(config, key, otherwise, &one, err)) return false;
        for (size_t i = 0; i < count; i++) values[i] = one;
        return true;
    }
    if (json_count(j) != count)
        return json_fail(j, err, "one number a level is needed, %zu, these are %zu", count, json_count(j));
    for (size_t i = 0; i < count; i++)
        if (!size_of(json_at(j, i), &values[i], err)) return false;
    return true;
}

bool config_layers(Json config, const char *key, size_t count, size_t otherwise, size_t *values, Error *err)
{
    if (!config_sizes(config, key, count, otherwise, values, err)) return false;
    for (size_t i = 0; i < count; i++)
        if (values[i] > LAYERS_MAX)
            return json_fail(json_get(config, key), err, "%zu layers are too many, up to %d are possible", values[i],
                             LAYERS_MAX);
    return true;
}

bool config_size_list(Json config, const char *key, size_t *values, size_t *count, Error *err)
{
    Json list;
    if (!json_array(config, key, &list, err)) return false;
    *count = json_count(list);
    if (*count < 1 || *count > LEVELS_MAX) return json_fail(list, err, "1 to %d levels are possible", LEVELS_MAX);
    return config_sizes(config, key, *count, 1, values, err);
}

bool config_flags(Json config, const char *key, size_t count, bool *values, Error *err)
{
    const Json j = json_get(config, key);
    if (!json_is_array(j)) {
        bool one;
        if (!json_bool_or(config, key, false, &one, err)) return false;
        for (size_t i = 0; i < count; i++) values[i] = one;
        return true;
    }
    if (json_count(j) != count)
        return json_fail(j, err, "one value a level is needed, %zu, these are %zu", count, json_count(j));
    for (size_t i = 0; i < count; i++)
        if (!json_as_bool(json_at(j, i), &values[i], err)) return false;
    return true;
}

bool config_real(Json config, const char *key, double otherwise, float *value, Error *err)
{
    double number;
    if (!json_number_or(config, key, otherwise, &number, err)) return false;
    *value = (float)number;
    return isfinite(*value) || json_fail(json_get(config, key), err, "a smaller number is needed");
}

/* ---- nothing is ignored ---- */

static const ConfigFixed *fixed_of(const ConfigFixed *fixed, const char *key)
{
    for (; fixed->key; fixed++)
        if (!strcmp(fixed->key, key)) return fixed;
    return NULL;
}

static bool check_fixed(Json j, const ConfigFixed *f, Error *err)
{
    if (!f->value) return true;
    char *text = json_canonical(j.node);
    const bool good = !strcmp(text, f->value) || (f->otherwise && !strcmp(text, f->otherwise));
    if (!good) json_fail(j, err, "%.200s is not supported; only %s is", text, f->value);
    free(text);
    return good;
}

bool config_check_keys(Json config, const char *const *read, const ConfigFixed *fixed, Error *err)
{
    if (!json_is_object(config)) return json_fail(config, err, "an object is needed");
    for (size_t i = 0; i < json_count(config); i++) {
        const Json j = json_at(config, i);
        const char *key = json_key(j);
        const ConfigFixed *f = fixed_of(fixed, key);
        if (key[0] == '_' || names_find(read, key) != NAMES_NONE) continue;
        if (f) {
            if (!check_fixed(j, f, err)) return false;
            continue;
        }
        if (!cJSON_IsNull(j.node) && !cJSON_IsFalse(j.node))
            return json_fail(j, err, "a model with this setting is not supported");
    }
    return true;
}
