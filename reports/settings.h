/* Everything that an experiment's result depends on, as keys and values: data set, protocol, model, method, the method's options,
 * the setting ("setting.few_shot" and "setting.partial" as numbers, else "setting"), members of an ensemble ("of"), and how its images were drawn ("generate.steps", as --set names it). */
#pragma once

#include "harness/results/results.h"
#include "harness/results/results_inputs.h"

typedef struct SettingValue {
    char *key, *text; /* text: JSON of the value */
    bool is_number;
    double number;
} SettingValue;

typedef struct Settings { /* sorted by key */
    SettingValue *items;
    size_t count, capacity;
} Settings;

/* The settings that are numbers: images a class, the share of labels that is known. */
enum { SETTING_AXES = 2 };
extern const char *const setting_axes[SETTING_AXES];
/* "setting.few_shot" and 4 for "few-shot 4"; one of setting_axes. NULL for what is no number: "full", a mask file, the two settings
 * of an ensemble. */
const char *setting_axis(const char *setting, double *value);
/* "labelled images a class" */
const char *setting_axis_title(const char *axis);

/* Options from the result; generator settings from the attributes of the generated images, where they are in the store. */
bool settings_of(const StoredResult *result, const StoredFiles *store, Settings *settings, Error *err);
void settings_free(Settings *settings);
const SettingValue *settings_get(const Settings *settings, const char *key); /* NULL: not there */
/* Are all settings but `key` the same in both? */
bool settings_differ_only_in(const Settings *a, const Settings *b, const char *key);
