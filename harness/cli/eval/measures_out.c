/* A function a table, a function a part of the object; "-" and null stand for what cannot be measured. */
#include "harness/cli/eval/measures_out.h"

#include "harness/cli/json_out.h"
#include "harness/cli/table.h"

#include <math.h>
#include <stdio.h>

static void rates_json(cJSON *set, const Rates *r, const char *behind)
{
    const struct {
        const char *name;
        double value;
    } rates[] = {{"cp", r->cp}, {"cr", r->cr}, {"cf1", r->cf1}, {"op", r->op}, {"or", r->or_}, {"of1", r->of1}};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s%s", rates[i].name, behind);
        json_out_number(set, name, rates[i].value);
    }
}

static void at_k_json(cJSON *set, const Rates *r, int k)
{
    const struct {
        char letter;
        double value;
    } values[] = {{'p', r->op}, {'r', r->or_}, {'f', r->of1}};
    for (size_t i = 0; i < 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "%c%d", values[i].letter, k);
        json_out_number(set, name, values[i].value);
    }
}

static void reliability_json(cJSON *calibration, const Calibration *c)
{
    cJSON *bins = cJSON_AddArrayToObject(calibration, "reliability");
    for (size_t b = 0; b < c->bins; b++) {
        const ReliabilityBin *r = &c->reliability[b];
        cJSON *bin = cJSON_CreateObject();
        json_out_number(bin, "low", r->low);
        json_out_number(bin, "high", r->high);
        cJSON_AddNumberToObject(bin, "count", (double)r->count);
        json_out_number(bin, "confidence", r->confidence);
        json_out_number(bin, "positives", r->positives);
        cJSON_AddItemToArray(bins, bin);
    }
}

static void calibration_json(cJSON *set, const Calibration *c)
{
    json_out_number(set, "ece", c->pooled.ece);
    json_out_number(set, "ace", c->pooled.ace);
    json_out_number(set, "mce", c->pooled.mce);
    if (!c->bins) return;
    cJSON *object = cJSON_AddObjectToObject(set, "calibration");
    cJSON_AddStringToObject(object, "confidence", c->sigmoid ? "sigmoid" : "scores");
    cJSON_AddNumberToObject(object, "bins", (double)c->bins);
    json_out_number(object, "brier", c->pooled.brier);
    json_out_number(object, "mce_weighted", c->pooled.mce_weighted);
    json_out_number(object, "ece_classwise", c->classwise.ece);
    json_out_number(object, "ace_classwise", c->classwise.ace);
    json_out_number(object, "mce_classwise", c->classwise.mce);
    reliability_json(object, c);
}

void measures_json(cJSON *set, const Measures *m, const SubsetList *subsets)
{
    rates_json(set, &m->metrics.above, "");
    rates_json(set, &m->metrics.top3, "_top3");
    rates_json(set, &m->metrics.top5, "_top5");
    at_k_json(set, &m->metrics.top3, 3);
    at_k_json(set, &m->metrics.top5, 5);
    cJSON *maps = cJSON_AddObjectToObject(set, "subsets");
    for (size_t i = 0; i < subsets->count; i++) json_out_number(maps, subsets->items[i].name, m->subsets[i]);
    json_out_number(set, "harmonic", m->harmonic);
    cJSON *groups = cJSON_AddArrayToObject(set, "by_labels");
    for (size_t g = 0; g < LABEL_GROUPS; g++) {
        cJSON *group = cJSON_CreateObject();
        cJSON_AddStringToObject(group, "labels", label_group_names[g]);
        cJSON_AddNumberToObject(group, "images", (double)m->groups[g].images);
        json_out_number(group, "map", m->groups[g].map);
        cJSON_AddItemToArray(groups, group);
    }
    calibration_json(set, &m->calibration);
}

static void number_cell(Table *t, double value)
{
    if (isfinite(value))
        table_cell(t, "%.2f", value);
    else
        table_cell(t, "-");
}

static void print_at_k(const TextList *names, const Measures *m)
{
    Table t = {0};
    table_head(&t, (const char *const[]){"scores", "P@3", "R@3", "F1@3", "P@5", "R@5", "F1@5", "ECE", "ACE", "MCE",
                                         "Brier", "ECE by class", "p is", NULL});
    for (size_t i = 0; i < names->count; i++) {
        const Rates *three = &m[i].metrics.top3, *five = &m[i].metrics.top5;
        const Calibration *c = &m[i].calibration;
        const double values[] = {three->op,     three->or_,      three->of1,      five->op,
                                 five->or_,     five->of1,       c->pooled.ece,   c->pooled.ace,
                                 c->pooled.mce, c->pooled.brier, c->classwise.ece};
        table_cell(&t, "%s", names->items[i]);
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) number_cell(&t, values[k]);
        table_cell(&t, "%s", !c->bins ? "-" : c->sigmoid ? "sigmoid" : "score");
    }
    table_print(&t, stdout);
    table_free(&t);
}

static void print_subsets(const TextList *names, const Measures *m, const SubsetList *subsets)
{
    Table t = {0};
    bool harmonic = false;
    for (size_t i = 0; i < names->count; i++) harmonic = harmonic || isfinite(m[i].harmonic);
    table_cell(&t, "mAP of");
    for (size_t g = 0; g < LABEL_GROUPS; g++)
        table_cell(&t, "%s label%s (%zu)", label_group_names[g], g ? "s" : "", names->count ? m->groups[g].images : 0);
    for (size_t s = 0; s < subsets->count; s++) table_cell(&t, "%s", subsets->items[s].name);
    if (harmonic) table_cell(&t, "harmonic");
    t.columns = 1 + LABEL_GROUPS + subsets->count + harmonic;
    for (size_t i = 0; i < names->count; i++) {
        table_cell(&t, "%s", names->items[i]);
        for (size_t g = 0; g < LABEL_GROUPS; g++) number_cell(&t, m[i].groups[g].map);
        for (size_t s = 0; s < subsets->count; s++) number_cell(&t, m[i].subsets[s]);
        if (harmonic) number_cell(&t, m[i].harmonic);
    }
    table_print(&t, stdout);
    table_free(&t);
}

void measures_print(const TextList *names, const Measures *m, const SubsetList *subsets)
{
    puts("");
    print_at_k(names, m);
    puts("");
    print_subsets(names, m, subsets);
}
