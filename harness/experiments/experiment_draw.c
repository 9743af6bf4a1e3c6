/* A draw is a number in [0, 1) put through the inverse of its distribution. Values become parts of names, so a real
 * one is rounded to the fewest digits that stay within a 20000th of its range. */
#include "harness/experiments/experiment_draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double whole_most = 9007199254740991.0; /* 2^53 - 1: every whole number up to it is a double of its own */
static const double steps_of_range = 20000;

static bool check_ends(const Draw *d, const Key *key, const char *word, const char *name, Json where, Error *err)
{
    if (!(d->low < d->high))
        return json_fail(where, err, "%s: the lower end of \"%s\" comes first and is below the upper one", name, word);
    if (d->kind == DRAW_LOGUNIFORM && !(d->low > 0))
        return json_fail(where, err, "%s: the lower end of \"loguniform\" is above 0", name);
    if (d->whole &&
        (floor(d->low) < d->low || floor(d->high) < d->high || fabs(d->low) > whole_most || fabs(d->high) > whole_most))
        return json_fail(where, err, "%s: whole numbers are drawn, so both ends of \"%s\" are whole", name, word);
    if (key && (d->low < key->low || d->high > key->high || (key->above && d->low <= key->low)))
        return json_fail(where, err, "%s: %g to %g leaves the range, %s%g to %g", name, d->low, d->high,
                         key->above ? "above " : "", key->low, key->high);
    return true;
}

bool draw_read(Draw *d, const cJSON *item, const Key *key, const char *name, Json where, Error *err)
{
    const cJSON *list = item->child;
    const char *word = list->string;
    *d = (Draw){.kind = strcmp(word, "choice") == 0    ? DRAW_CHOICE
                        : strcmp(word, "uniform") == 0 ? DRAW_UNIFORM
                                                       : DRAW_LOGUNIFORM,
                .values = list};
    if (cJSON_GetArraySize(item) != 1) return json_fail(where, err, "%s: \"%s\" has nothing beside it", name, word);
    const int count = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    if (d->kind == DRAW_CHOICE)
        return count > 0 || json_fail(where, err, "%s: a choice is {\"choice\": [value, ...]}", name);
    const bool number = !key || key->type == KEY_NUMBER || key->type == KEY_WHOLE;
    if (!number)
        return json_fail(where, err, "%s: \"%s\" draws numbers, which it does not take; use {\"choice\": [...]}", name,
                         word);
    const cJSON *low = cJSON_GetArrayItem(list, 0), *high = cJSON_GetArrayItem(list, 1);
    if (count != 2 || !cJSON_IsNumber(low) || !cJSON_IsNumber(high))
        return json_fail(where, err, "%s: two numbers are needed, {\"%s\": [lowest, highest]}", name, word);
    d->low = low->valuedouble, d->high = high->valuedouble;
    d->whole = key && key->type == KEY_WHOLE;
    return check_ends(d, key, word, name, where, err);
}

/* The shortest decimal number near enough to `value`, and inside the range. */
static double rounded(const Draw *d, double value)
{
    const bool logarithmic = d->kind == DRAW_LOGUNIFORM;
    const double allowed = (logarithmic ? log(d->high / d->low) : d->high - d->low) / steps_of_range;
    double nearest = value;
    for (int digits = 1; digits <= 17; digits++) {
        char text[64];
        snprintf(text, sizeof text, "%.*g", digits, value);
        nearest = strtod(text, NULL);
        const double error = logarithmic ? fabs(log(nearest / value)) : fabs(nearest - value);
        if (error <= allowed) break;
    }
    return nearest < d->low ? d->low : nearest > d->high ? d->high : nearest;
}

cJSON *draw_value(const Draw *d, double u)
{
    if (d->kind == DRAW_CHOICE) {
        const int count = cJSON_GetArraySize(d->values), i = (int)(u * count);
        return cJSON_Duplicate(cJSON_GetArrayItem(d->values, i < count ? i : count - 1), true);
    }
    const double end = d->whole ? d->high + 1 : d->high;
    double value = d->kind == DRAW_UNIFORM ? d->low + u * (end - d->low) : d->low * pow(end / d->low, u);
    if (!d->whole) return cJSON_CreateNumber(rounded(d, value));
    value = floor(value);
    return cJSON_CreateNumber(value < d->low ? d->low : value > d->high ? d->high : value);
}
