/* Curves are found, not declared: for every key with numbers, experiments whose settings are the same in everything
 * else belong to one line. What tells lines apart becomes their title. */
#include "reports/ablation_curves.h"

#include "reports/gnuplot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 14 };

static double value_at(const CurveSource *s, const char *key)
{
    return settings_get(&s->settings, key)->number;
}

static bool has_number(const CurveSource *s, const char *key)
{
    const SettingValue *setting = settings_get(&s->settings, key);
    return setting && setting->is_number;
}

/* Puts a point into its place by value, unless there is one of that value. */
static void add_point(Curve *c, const CurveSource *s, const char *key)
{
    size_t at = 0;
    const double value = value_at(s, key);
    while (at < c->count && value_at(c->points[at], key) < value) at++;
    if (at < c->count && value_at(c->points[at], key) <= value) return;
    c->points = xrealloc(c->points, (c->count + 1) * sizeof *c->points);
    memmove(c->points + at + 1, c->points + at, (c->count - at) * sizeof *c->points);
    c->points[at] = s;
    c->count++;
}

static void find_curves(CurveSet *set, const CurveSource *sources, size_t count)
{
    bool *used = xcalloc(count + 1, sizeof *used);
    for (size_t i = 0; i < count; i++) {
        if (used[i] || !has_number(&sources[i], set->key)) continue;
        Curve curve = {0};
        for (size_t k = i; k < count; k++) {
            if (used[k] || !has_number(&sources[k], set->key) ||
                !settings_differ_only_in(&sources[i].settings, &sources[k].settings, set->key))
                continue;
            used[k] = true;
            add_point(&curve, &sources[k], set->key);
        }
        if (curve.count > 1) {
            set->curves = xrealloc(set->curves, (set->count + 1) * sizeof *set->curves);
            set->curves[set->count++] = curve;
        } else {
            free(curve.points);
        }
    }
    free(used);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every key of a number, sorted. */
static void number_keys(const CurveSource *sources, size_t count, TextList *keys)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < sources[i].settings.count; k++) {
            const SettingValue *s = &sources[i].settings.items[k];
            if (s->is_number) text_list_add_once(keys, s->key);
        }
    if (keys->count) qsort(keys->items, keys->count, sizeof *keys->items, by_text);
}

void curves_find(CurveSets *sets, const CurveSource *sources, size_t count)
{
    TextList keys = {0};
    *sets = (CurveSets){0};
    number_keys(sources, count, &keys);
    for (size_t i = 0; i < keys.count; i++) {
        CurveSet set = {.key = keys.items[i]};
        find_curves(&set, sources, count);
        if (!set.count) continue;
        set.key = xstrdup(set.key);
        sets->items = xrealloc(sets->items, (sets->count + 1) * sizeof *sets->items);
        sets->items[sets->count++] = set;
    }
    text_list_free(&keys);
}

void curves_free(CurveSets *sets)
{
    for (size_t i = 0; i < sets->count; i++) {
        for (size_t k = 0; k < sets->items[i].count; k++) free(sets->items[i].curves[k].points);
        free(sets->items[i].curves), free(sets->items[i].key);
    }
    free(sets->items);
    *sets = (CurveSets){0};
}

/* What tells this curve from the others: "lr=0.001, method=tai". Empty for a single one. */
static void title_of(const CurveSet *set, size_t curve, Text *title)
{
    const Settings *own = &set->curves[curve].points[0]->settings;
    for (size_t i = 0; i < own->count; i++) {
        bool tells = false;
        for (size_t k = 0; k < set->count && strcmp(own->items[i].key, set->key) != 0; k++) {
            const SettingValue *other = settings_get(&set->curves[k].points[0]->settings, own->items[i].key);
            tells = tells || !other || strcmp(other->text, own->items[i].text) != 0;
        }
        if (tells) text_addf(title, "%s%s=%.24s", title->length ? ", " : "", own->items[i].key, own->items[i].text);
    }
}

/* Values a factor of eight or more apart stand on a logarithmic axis. */
static void set_axis(const CurveSet *set, Text *body)
{
    double lowest = INFINITY, highest = -INFINITY;
    text_add(body, "set xtics (");
    for (size_t i = 0, ticks = 0; i < set->count; i++)
        for (size_t k = 0; k < set->curves[i].count; k++) {
            const double value = value_at(set->curves[i].points[k], set->key);
            lowest = fmin(lowest, value), highest = fmax(highest, value);
            text_addf(body, "%s'%g' %.10g", ticks++ ? ", " : "", value, value);
        }
    text_add(body, ")\n");
    const double margin = 0.06 * (highest - lowest);
    if (lowest > 0 && highest >= 8 * lowest)
        text_addf(body, "set logscale x\nset xrange [%.10g:%.10g]\n", lowest / 1.2, highest * 1.2);
    else
        text_addf(body, "set xrange [%.10g:%.10g]\n", lowest - margin, highest + margin);
}

static const char *axis_title(const char *key)
{
    for (size_t i = 0; i < SETTING_AXES; i++)
        if (strcmp(key, setting_axes[i]) == 0) return setting_axis_title(key);
    return key;
}

bool curves_draw(const CurveSet *set, const char *folder, const char *name, Error *err)
{
    Text data = {0}, body = {0};
    const size_t lines = set->count < LINES_MAX ? set->count : LINES_MAX;
    text_add(&body, gnuplot_axes);
    set_axis(set, &body);
    text_add(&body, "set xlabel ");
    gnuplot_quoted(axis_title(set->key), &body);
    text_add(&body, "\nset ylabel 'mAP (percent)'\nset grid y lc rgb '#dddddd'\n"
                    "set offsets 0, 0, graph 0.12, graph 0.12\nset key outside top center vertical maxcols 2\nplot ");
    for (size_t i = 0; i < lines; i++) {
        Text title = {0};
        for (size_t k = 0; k < set->curves[i].count; k++) {
            const CurveSource *point = set->curves[i].points[k];
            text_addf(&data, "%.10g %.4f %.4f\n", value_at(point, set->key), point->row->map.mean, point->row->map.std);
        }
        text_add(&data, "\n\n");
        title_of(set, i, &title);
        text_addf(&body, "$data index %zu using 1:2:3 with yerrorlines pt 7 ps 0.8 lw 1.6 dt %zu lc rgb '%s' ", i,
                  i / GNUPLOT_COLOURS + 1, gnuplot_colours[i % GNUPLOT_COLOURS]);
        if (title.length)
            gnuplot_title(title.data, &body);
        else
            text_add(&body, "notitle");
        text_add(&body, i + 1 < lines ? ", \\\n     " : "\n");
        text_free(&title);
    }
    const bool good = gnuplot_draw(folder, name, 510, 330 + 9 * (int)lines, data.data, body.data, err);
    text_free(&data), text_free(&body);
    return good;
}
