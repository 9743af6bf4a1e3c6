/* A reader that bears what Python writes into such files: -Infinity (lambda_min_clipped of
 * DPM-Solver++), for which JSON has no number. It is written over before parsing. */
#include "harness/diffusion/scheduler_config.h"

#include "harness/base/names.h"

#include <stdlib.h>
#include <string.h>

enum { CONFIG_BYTES_MAX = 16 << 20 };

bool config_choice(Json config, const char *key, const char *const *names, int otherwise, int *index, Error *err)
{
    const char *value;
    if (!json_string_or(config, key, names[otherwise], &value, err)) return false;
    const size_t found = names_find(names, value);
    if (found != NAMES_NONE) {
        *index = (int)found;
        return true;
    }
    char *known = names_join(names, ", ", 0);
    json_fail(json_get(config, key), err, "\"%s\" is not supported, it must be one of: %s", value, known);
    free(known);
    return false;
}

bool config_refuse_flag(Json config, const char *key, Error *err)
{
    bool flag;
    if (!json_bool_or(config, key, false, &flag, err)) return false;
    return !flag || json_fail(json_get(config, key), err, "true is not supported; choose another with --scheduler");
}

/* Same length, so that the line and column of an error stay true. */
static void replace_infinity(char *text, size_t length)
{
    static const char infinity[] = "-Infinity", number[] = "-1.0e+308";
    _Static_assert(sizeof infinity == sizeof number, "the text must keep its length");
    bool quoted = false;
    for (size_t i = 0; i + sizeof infinity - 1 <= length; i++) {
        if (quoted && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && memcmp(text + i, infinity, sizeof infinity - 1) == 0)
            memcpy(text + i, number, sizeof number - 1);
    }
}

JsonFile *scheduler_config_parse(const char *name, const char *text, size_t length, Error *err)
{
    char *copy = xmalloc(length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    replace_infinity(copy, length);
    JsonFile *file = json_parse(name, copy, length, err);
    free(copy);
    return file;
}

JsonFile *scheduler_config_read(const char *path, Error *err)
{
    char *text;
    size_t length;
    if (!read_file(path, CONFIG_BYTES_MAX, &text, &length, err)) return NULL;
    JsonFile *file = scheduler_config_parse(path, text, length, err);
    free(text);
    return file;
}
