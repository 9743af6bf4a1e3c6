/* Everything becomes a key and a text, numbers beside it where there are some, from the result's attributes and those
 * of the file that its pictures were drawn into; sorted by key, so that two settings are compared side by side. */
#include "reports/settings.h"

#include <stdlib.h>
#include <string.h>

/* Takes over `text`. */
static void add(Settings *s, char *key, char *text, bool is_number, double number)
{
    if (s->count == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 32;
        s->items = xrealloc(s->items, s->capacity * sizeof *s->items);
    }
    s->items[s->count++] = (SettingValue){key, text, is_number, number};
}

static void add_options(Settings *s, const char *json)
{
    cJSON *options = cJSON_Parse(json);
    const cJSON *item;
    if (cJSON_IsObject(options)) cJSON_ArrayForEach(item, options)
        {
            const bool number = cJSON_IsNumber(item);
            add(s, xstrdup(item->string), json_canonical(item), number, number ? item->valuedouble : 0);
        }
    cJSON_Delete(options);
}

static bool add_generator(Settings *s, const char *path, Error *err)
{
    static const char *const numbers[] = {"steps", "guidance", "seed"}, *const texts[] = {"scheduler", "negative",
                                                                                          "size", "model_hash"};
    ArtifactReader *r = artifact_open(path, err);
    bool good = r != NULL;
    for (size_t i = 0; good && i < sizeof numbers / sizeof *numbers; i++) {
        double value;
        if (!artifact_has_attribute(r, numbers[i])) continue;
        good = artifact_attribute_get_number(r, numbers[i], &value, err);
        if (good) add(s, xformat("generate.%s", numbers[i]), xformat("%.10g", value), true, value);
    }
    for (size_t i = 0; good && i < sizeof texts / sizeof *texts; i++) {
        char *value;
        if (!artifact_has_attribute(r, texts[i])) continue;
        good = artifact_attribute_get_text(r, texts[i], &value, err);
        if (good) add(s, xformat("generate.%s", texts[i]), value, false, 0);
    }
    artifact_close(r);
    return good;
}

const char *const setting_axes[SETTING_AXES] = {"setting.few_shot", "setting.partial"};

const char *setting_axis(const char *setting, double *value)
{
    static const char *const words[SETTING_AXES] = {"few-shot ", "partial "};
    for (size_t i = 0; i < SETTING_AXES; i++) {
        const size_t length = strlen(words[i]);
        if (strncmp(setting, words[i], length) != 0) continue;
        char *end;
        *value = strtod(setting + length, &end);
        if (!*end && end != setting + length) return setting_axes[i];
    }
    return NULL;
}

const char *setting_axis_title(const char *axis)
{
    return strcmp(axis, setting_axes[0]) == 0 ? "labelled images a class" : "share of labels known";
}

static void add_setting(Settings *s, const char *setting)
{
    double value;
    const char *axis = setting_axis(setting, &value);
    if (axis)
        add(s, xstrdup(axis), xstrdup(strchr(setting, ' ') + 1), true, value);
    else
        add(s, xstrdup("setting"), xstrdup(setting), false, 0);
}

static void add_members(Settings *s, const char *json)
{
    cJSON *root = cJSON_Parse(json);
    const cJSON *of = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(root, "config"), "of");
    if (of) add(s, xstrdup("of"), json_canonical(of), false, 0);
    cJSON_Delete(root);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const SettingValue *)a)->key, ((const SettingValue *)b)->key);
}

bool settings_of(const StoredResult *r, const StoredFiles *store, Settings *s, Error *err)
{
    *s = (Settings){0};
    const char *const outer[][2] = {
        {"dataset", r->dataset}, {"protocol", r->protocol}, {"model", r->model}, {"method", r->method}};
    for (size_t i = 0; i < sizeof outer / sizeof *outer; i++)
        add(s, xstrdup(outer[i][0]), xstrdup(outer[i][1]), false, 0);
    add_options(s, r->options);
    add_setting(s, r->setting);
    add_members(s, r->config);
    InputFiles inputs = {0};
    bool good = inputs_find(store, r->file, &inputs, err);
    const InputFile *generated = inputs_get(&inputs, "generate", NULL);
    if (good && generated) good = add_generator(s, generated->path, err);
    inputs_free(&inputs);
    qsort(s->items, s->count, sizeof *s->items, by_key);
    if (!good) settings_free(s);
    return good;
}

void settings_free(Settings *s)
{
    for (size_t i = 0; i < s->count; i++) free(s->items[i].key), free(s->items[i].text);
    free(s->items);
    *s = (Settings){0};
}

const SettingValue *settings_get(const Settings *s, const char *key)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->items[i].key, key) == 0) return &s->items[i];
    return NULL;
}

bool settings_differ_only_in(const Settings *a, const Settings *b, const char *key)
{
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i].key, b->items[i].key) != 0) return false;
        if (strcmp(a->items[i].key, key) != 0 && strcmp(a->items[i].text, b->items[i].text) != 0) return false;
    }
    return true;
}
