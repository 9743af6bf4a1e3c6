/* Values stand in an array beside the table, in its order; texts are copied, since they outlive the JSON. A user's
 * mistake is a sentence with its place, a method's (an option asked for by a wrong name or type) ends the program. */
#include "methods/shared/option.h"

#include "harness/base/names.h"
#include "harness/base/text.h"
#include "methods/shared/method.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t table_length(const Option *table)
{
    size_t count = 0;
    while (table[count].name) count++;
    return count;
}

static bool has_text(OptionType type)
{
    return type == OPTION_TYPE_CHOICE || type == OPTION_TYPE_TEXT;
}

static void set_text(OptionValue *value, const char *text)
{
    free(value->text);
    value->text = xstrdup(text);
}

static bool check_keys(const Option *table, size_t count, Json object, Error *err)
{
    const char **allowed = xcalloc(count + 1, sizeof *allowed);
    for (size_t i = 0; i < count; i++) allowed[i] = table[i].name;
    const bool good = json_only_keys(object, allowed, err);
    free(allowed);
    return good;
}

static bool check_range(const Option *option, Json value, double number, Error *err)
{
    if (number >= option->low && number <= option->high) return true;
    return json_fail(value, err, "%.10g is out of range; %.10g to %.10g are allowed", number, option->low,
                     option->high);
}

static bool check_choice(const Option *option, Json value, const char *text, Error *err)
{
    if (names_find(option->choices, text) != NAMES_NONE) return true;
    char *allowed = names_join(option->choices, ", ", '"');
    json_fail(value, err, "\"%s\" is not known here; allowed are %s", text, allowed);
    free(allowed);
    return false;
}

static bool read_value(const Option *option, Json value, OptionValue *out, Error *err)
{
    const char *text;
    bool truth;
    int64_t whole;
    switch (option->type) {
    case OPTION_TYPE_REAL:
        return json_as_number(value, &out->number, err) && check_range(option, value, out->number, err);
    case OPTION_TYPE_INT:
        if (!json_as_integer(value, &whole, err)) return false;
        out->number = (double)whole;
        return check_range(option, value, out->number, err);
    case OPTION_TYPE_BOOL:
        if (!json_as_bool(value, &truth, err)) return false;
        out->number = truth;
        return true;
    case OPTION_TYPE_CHOICE:
    case OPTION_TYPE_TEXT:
        if (!json_as_string(value, &text, err)) return false;
        if (option->type == OPTION_TYPE_CHOICE && !check_choice(option, value, text, err)) return false;
        set_text(out, text);
        return true;
    }
    die("option %s has no type", option->name);
}

bool options_read(Options *options, const Option *table, Json object, Error *err)
{
    const size_t count = table_length(table);
    *options = (Options){.table = table, .values = xcalloc(count, sizeof(OptionValue)), .count = count};
    for (size_t i = 0; i < count; i++) {
        options->values[i].number = table[i].fallback;
        if (has_text(table[i].type)) set_text(&options->values[i], table[i].fallback_text);
    }
    if (!object.node) return true;
    bool good = check_keys(table, count, object, err);
    for (size_t i = 0; i < count && good; i++) {
        const Json value = json_get(object, table[i].name);
        if (value.node) good = read_value(&table[i], value, &options->values[i], err);
    }
    if (!good) options_free(options);
    return good;
}

void options_free(Options *options)
{
    for (size_t i = 0; i < options->count; i++) free(options->values[i].text);
    free(options->values);
    *options = (Options){0};
}

/* Whose table this is, for a sentence: the first method's that has it. */
static const char *owner_of(const Option *table)
{
    for (const Method *const *m = method_all(); *m; m++)
        if ((*m)->options == table) return (*m)->name;
    return "of the table";
}

/* A wrong name or type in a method's code is a bug, not a user's mistake. */
static const OptionValue *value_of(const Options *options, const char *name, OptionType type, OptionType or_type)
{
    for (size_t i = 0; i < options->count; i++) {
        const Option *option = &options->table[i];
        if (strcmp(option->name, name)) continue;
        if (option->type != type && option->type != or_type) die("option %s is asked for as another type", name);
        return &options->values[i];
    }
    die("the method %s asks for the option %s, which its table lacks", owner_of(options->table), name);
}

double option_real(const Options *options, const char *name)
{
    return value_of(options, name, OPTION_TYPE_REAL, OPTION_TYPE_REAL)->number;
}

size_t option_int(const Options *options, const char *name)
{
    const double number = value_of(options, name, OPTION_TYPE_INT, OPTION_TYPE_INT)->number;
    if (number < 0) die("option %s is negative; its range must begin at 0 or above", name);
    return (size_t)number;
}

bool option_bool(const Options *options, const char *name)
{
    return value_of(options, name, OPTION_TYPE_BOOL, OPTION_TYPE_BOOL)->number != 0;
}

const char *option_text(const Options *options, const char *name)
{
    return value_of(options, name, OPTION_TYPE_CHOICE, OPTION_TYPE_TEXT)->text;
}

static bool exists(const Options *options, const char *name)
{
    for (size_t i = 0; i < options->count; i++)
        if (!strcmp(options->table[i].name, name)) return true;
    return false;
}

bool option_bool_or(const Options *options, const char *name, bool otherwise)
{
    return exists(options, name) ? option_bool(options, name) : otherwise;
}

size_t option_int_or(const Options *options, const char *name, size_t otherwise)
{
    return exists(options, name) ? option_int(options, name) : otherwise;
}

const char *option_text_or(const Options *options, const char *name, const char *otherwise)
{
    return exists(options, name) ? option_text(options, name) : otherwise;
}

static cJSON *value_node(const Option *option, const OptionValue *value)
{
    if (has_text(option->type)) return cJSON_CreateString(value->text);
    if (option->type == OPTION_TYPE_BOOL) return cJSON_CreateBool(value->number != 0);
    return cJSON_CreateNumber(value->number);
}

static bool is_as_before(const Option *option, const OptionValue *value)
{
    return option->later && !(value->number < option->before) && !(value->number > option->before);
}

char *options_json(const Options *options, bool training_only)
{
    cJSON *object = cJSON_CreateObject();
    for (size_t i = 0; i < options->count; i++) {
        const Option *option = &options->table[i];
        if (training_only && option->at_test) continue;
        if (is_as_before(option, &options->values[i])) continue;
        if (!cJSON_AddItemToObject(object, option->name, value_node(option, &options->values[i])))
            die("out of memory (options as JSON)");
    }
    char *text = json_canonical(object);
    cJSON_Delete(object);
    return text;
}

void options_rehearse(Options *options)
{
    for (size_t i = 0; i < options->count; i++) {
        const char *name = options->table[i].name;
        if (options->table[i].type != OPTION_TYPE_INT || !text_ends(name, "epochs") || strstr(name, "warmup")) continue;
        if (options->values[i].number > 1) options->values[i].number = 1;
    }
}
