/* Rows are gathered by name, their seeds paired with the first row's; differences are of equal seeds only, so that the
 * spread is of the change and not of the seeds. */
#include "reports/ablation.h"

#include "harness/base/memory.h"
#include "harness/base/shown.h"
#include "harness/results/grouping.h"
#include "reports/summary.h"

#include <stdlib.h>
#include <string.h>

static void add_row(Ablation *a, const char *label, const char *experiment, const ResultList *results)
{
    AblationRow row = {.label = NULL};
    double *maps = xmalloc((results->count + 1) * sizeof *maps);
    row.results = xcalloc(results->count + 1, sizeof *row.results);
    for (size_t i = 0; i < results->count; i++) {
        if (strcmp(results->items[i].experiment, experiment) != 0) continue;
        maps[row.count] = results->items[i].map;
        row.results[row.count++] = &results->items[i];
    }
    if (row.count) {
        row.map = spread_of(maps, row.count);
        row.label = label_with_setting(label, row.results[0]->setting);
        a->rows[a->count++] = row;
    } else {
        free(row.results);
    }
    free(maps);
}

static void compare(AblationRow *row, const AblationRow *full)
{
    const StoredResult *a = row->results[0], *b = full->results[0];
    if (row == full || strcmp(a->dataset, b->dataset) || strcmp(a->protocol, b->protocol)) return;
    double *differences = xmalloc(row->count * sizeof *differences);
    size_t count = 0;
    for (size_t i = 0; i < row->count; i++)
        for (size_t k = 0; k < full->count; k++)
            if (row->results[i]->seed == full->results[k]->seed)
                differences[count++] = row->results[i]->map - full->results[k]->map;
    if (count) row->difference = spread_of(differences, count);
    free(differences);
}

void ablation_make(Ablation *a, const AblationSuite *suite, const ResultList *results)
{
    size_t experiments = 0;
    while (suite->experiments[experiments]) experiments++;
    *a = (Ablation){.name = suite->name, .rows = xcalloc(experiments + 1, sizeof *a->rows)};
    for (size_t e = 0; e < experiments; e++) {
        add_row(a, suite->labels[e], suite->experiments[e], results);
        if (e == 0) a->has_full = a->count == 1;
    }
    for (size_t i = 0; a->has_full && i < a->count; i++) compare(&a->rows[i], &a->rows[0]);
}

bool ablation_group(Ablation *a, Progress *progress, Error *err)
{
    const StoredResult ***results = xcalloc(a->count + 1, sizeof *results);
    size_t *seeds = xcalloc(a->count + 1, sizeof *seeds), *rows = xcalloc(a->count + 1, sizeof *rows), count = 0;
    for (size_t i = 0; i < a->count; i++) {
        const StoredResult *one = a->rows[i].results[0], *first = a->rows[0].results[0];
        if (strcmp(one->dataset, first->dataset) || strcmp(one->protocol, first->protocol)) continue;
        results[count] = a->rows[i].results, seeds[count] = a->rows[i].count, rows[count++] = i;
    }
    Grouping g;
    const bool good = count < 2 || grouping_of_results(&g, results, seeds, count, progress, err);
    if (good && count > 1) {
        for (size_t i = 0; i < count; i++) {
            a->rows[rows[i]].group = xstrdup(g.letters[i]);
            a->rows[rows[i]].top = g.top[i];
        }
        grouping_free(&g);
    }
    free(results), free(seeds), free(rows);
    return good;
}

static bool among(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0) names++;
    return *names != NULL;
}

bool ablation_belongs(const AblationSuite *suite, const char *const *page, const ResultList *results)
{
    if (!suite->experiments[0] || !among(page, suite->experiments[0])) return false;
    for (size_t i = 0; i < results->count; i++) {
        const char *name = results->items[i].experiment;
        if (among(suite->experiments, name) && !among(page, name)) return true;
    }
    return false;
}

void ablation_free(Ablation *a)
{
    for (size_t i = 0; i < a->count; i++) free(a->rows[i].results), free(a->rows[i].label), free(a->rows[i].group);
    free(a->rows);
    *a = (Ablation){0};
}

void ablation_difference(const AblationRow *row, const char *plus_minus, Text *out)
{
    if (!row->difference.count) {
        text_add(out, "-");
        return;
    }
    text_addf(out, "%+.1f", row->difference.mean);
    if (row->difference.count > 1) text_addf(out, "%s%.1f", plus_minus, row->difference.std);
}

void ablation_plain(const Ablation *a, Text *out)
{
    char *name = shown(a->name), **labels = xcalloc(a->count + 1, sizeof *labels);
    size_t width = strlen(name);
    for (size_t i = 0; i < a->count; i++) {
        labels[i] = shown(a->rows[i].label);
        if (strlen(labels[i]) > width) width = strlen(labels[i]);
    }
    text_addf(out, "%-*s  %14s  %14s  seeds\n", (int)width, name, "mAP", "difference");
    for (size_t i = 0; i < a->count; i++) {
        const AblationRow *row = &a->rows[i];
        Text map = {0}, difference = {0};
        text_addf(&map, "%.1f", row->map.mean);
        if (row->count > 1) text_addf(&map, " +- %.1f", row->map.std);
        if (row->group) text_addf(&map, " %s", row->group);
        ablation_difference(row, " +- ", &difference);
        text_addf(out, "%-*s  %14s  %14s  %5zu\n", (int)width, labels[i], map.data, difference.data, row->count);
        text_free(&map), text_free(&difference);
        free(labels[i]);
    }
    free(labels), free(name);
}
