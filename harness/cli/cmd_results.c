/* palbench results: what is stored. */
#include "harness/base/memory.h"
#include "harness/cli/campaign.h"
#include "harness/cli/json_out.h"
#include "harness/cli/sentence.h"
#include "harness/cli/table.h"
#include "harness/results/reference.h"
#include "harness/results/result_measures.h"
#include "harness/results/seeds_alike.h"
#include "harness/score/metrics.h"
#include "reports/card.h"
#include "reports/summary.h"
#include "reports/tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static Spread spread_over_seeds(const ResultList *list, size_t first, size_t *end)
{
    double *maps = xmalloc(list->count * sizeof *maps);
    size_t i = first;
    for (; i < list->count && strcmp(list->items[i].experiment, list->items[first].experiment) == 0; i++)
        maps[i - first] = list->items[i].map;
    const Spread s = spread_of(maps, i - first);
    free(maps);
    *end = i;
    return s;
}

static cJSON *result_json(const StoredResult *r)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "experiment", r->experiment);
    cJSON_AddStringToObject(item, "method", r->method);
    cJSON_AddStringToObject(item, "dataset", r->dataset);
    cJSON_AddStringToObject(item, "model", r->model);
    cJSON_AddStringToObject(item, "protocol", r->protocol);
    cJSON_AddStringToObject(item, "setting", r->setting);
    cJSON_AddNumberToObject(item, "seed", (double)r->seed);
    json_out_number(item, "map", r->map);
    cJSON_AddStringToObject(item, "file", r->file);
    cJSON *options = cJSON_Parse(r->options);
    if (options) cJSON_AddItemToObject(item, "options", options);
    if (r->note) cJSON_AddStringToObject(item, "note", r->note);
    return item;
}

/* What is shown beside the list, where it is asked for. */
typedef struct Beside {
    ResultMeasures *measures; /* [list->count] or NULL */
    Summary *groups;          /* of the list's experiments, or NULL */
} Beside;

static const char *group_of(const Beside *beside, const StoredResult *r)
{
    const Cell *cell = beside->groups ? summary_cell_of(beside->groups, r) : NULL;
    return cell && cell->group ? cell->group : NULL;
}

static void print_json(const ResultList *list, const Beside *beside)
{
    const ResultMeasures *measures = beside->measures;
    cJSON *root = cJSON_CreateArray();
    for (size_t i = 0; i < list->count; i++) {
        cJSON *item = result_json(&list->items[i]);
        const char *group = group_of(beside, &list->items[i]);
        if (beside->groups)
            cJSON_AddItemToObject(item, "group", group ? cJSON_CreateString(group) : cJSON_CreateNull());
        cJSON *numbers = measures ? cJSON_AddObjectToObject(item, "measures") : NULL;
        for (size_t k = 0; numbers && k < MEASURE_COLUMNS; k++)
            json_out_number(numbers, measure_columns[k].name, measures[i].values[k]);
        cJSON_AddItemToArray(root, item);
    }
    json_out_print(root);
}

static void print_csv(const ResultList *list, const Beside *beside)
{
    Text csv = {0};
    results_table_csv(list, beside->measures, beside->groups, &csv);
    fputs(csv.data, stdout);
    text_free(&csv);
}

/* Mean and deviation stand in an experiment's first row alone. */
static void spread_cells(Table *t, Spread spread, bool first)
{
    if (first)
        table_cell(t, "%.2f", spread.mean);
    else
        table_cell(t, "%s", "");
    if (first && spread.count > 1)
        table_cell(t, "%.2f", spread.std);
    else
        table_cell(t, "%s", "");
}

static void print_table(const ResultList *list, const Beside *beside)
{
    Table t = {0};
    table_head(&t,
               (const char *const[]){"experiment", "method", "dataset", "protocol", "setting", "seed", "mAP", "mean",
                                     "std", beside->groups ? "group" : "file", beside->groups ? "file" : NULL, NULL});
    for (size_t i = 0, end; i < list->count; i = end) {
        const Spread spread = spread_over_seeds(list, i, &end);
        for (size_t k = i; k < end; k++) {
            const StoredResult *r = &list->items[k];
            table_cell(&t, "%s", k == i ? r->experiment : "");
            table_cell(&t, "%s", k == i ? r->method : "");
            table_cell(&t, "%s", r->dataset);
            table_cell(&t, "%s", r->protocol);
            table_cell(&t, "%s", r->setting);
            table_cell(&t, "%lld", (long long)r->seed);
            table_cell(&t, "%.2f", r->map);
            spread_cells(&t, spread, k == i);
            const char *group = group_of(beside, r);
            if (beside->groups) table_cell(&t, "%s", k > i ? "" : group ? group : "-");
            table_cell(&t, "%s", r->file);
        }
    }
    table_print(&t, stdout);
    table_free(&t);
    bool noted = false;
    for (size_t i = 0; i < list->count; i++) {
        if (!list->items[i].note || (i && strcmp(list->items[i].method, list->items[i - 1].method) == 0)) continue;
        if (!noted) puts("");
        print_line("%s: %s", list->items[i].method, list->items[i].note);
        noted = true;
    }
}

/* A row of the table of measures a result, with those columns that any result has. */
static void print_measures(const ResultList *list, const ResultMeasures *measures)
{
    Table t = {0};
    bool used[MEASURE_COLUMNS] = {0};
    for (size_t i = 0; i < list->count; i++)
        for (size_t k = 0; k < MEASURE_COLUMNS; k++) used[k] = used[k] || isfinite(measures[i].values[k]);
    table_cell(&t, "experiment");
    table_cell(&t, "seed");
    for (size_t k = 0; k < MEASURE_COLUMNS; k++)
        if (used[k]) table_cell(&t, "%s", measure_columns[k].title);
    t.columns = t.cells.count;
    for (size_t i = 0; i < list->count; i++) {
        table_cell(&t, "%s", list->items[i].experiment);
        table_cell(&t, "%lld", (long long)list->items[i].seed);
        for (size_t k = 0; k < MEASURE_COLUMNS; k++)
            if (used[k]) table_cell(&t, isfinite(measures[i].values[k]) ? "%.2f" : "-", measures[i].values[k]);
    }
    puts("");
    table_print(&t, stdout);
    table_free(&t);
}

/* Results of one data set and protocol stand beneath one another; names of the list are its experiments. */
static void group_results(const ResultList *list, Summary *groups, Progress *progress)
{
    TextList names = {0}, remarks = {0};
    for (size_t i = 0; i < list->count; i++) text_list_add_once(&names, list->items[i].experiment);
    text_list_end(&names);
    summary_make(groups, list, (const char *const *)names.items, NULL);
    summary_group(groups, progress, &remarks);
    for (size_t i = 0; i < remarks.count; i++) progress_note(progress, "%s", remarks.items[i]);
    text_list_free(&remarks);
    text_list_free(&names);
}

static void print_as_asked(const Cli *cli, const ResultList *list, const Beside *beside)
{
    if (cli->json) {
        print_json(list, beside);
    } else if (cli_has(cli, "csv")) {
        print_csv(list, beside);
    } else if (list->count) {
        print_table(list, beside);
        if (beside->measures) print_measures(list, beside->measures);
        char *sentence = beside->groups ? summary_groups_sentence(beside->groups) : NULL;
        if (sentence) {
            puts("");
            print_line("%s", sentence);
        }
        free(sentence);
    }
}

static bool print_list(const Cli *cli, const ResultList *list, const char *place, Error *err)
{
    Summary groups = {0};
    Beside beside = {.measures = cli_has(cli, "measures") ? xcalloc(list->count + 1, sizeof *beside.measures) : NULL,
                     .groups = cli_has(cli, "groups") ? &groups : NULL};
    bool good = true;
    for (size_t i = 0; beside.measures && good && i < list->count; i++)
        good = result_measures(&list->items[i], &beside.measures[i], err);
    if (good && beside.groups) group_results(list, &groups, cli->progress);
    if (good) print_as_asked(cli, list, &beside);
    free(beside.measures);
    summary_free(&groups);
    if (good && list->count == 0) progress_note(cli->progress, "%s: no result is stored", place);
    return good;
}

/* Loads from the store, or from the reference folder. */
static bool load(const Cli *cli, const char *reference, const char *const *names, ResultList *list, Error *err)
{
    TextList remarks = {0};
    const bool good = reference ? results_load_folder(reference, names, list, &remarks, err)
                                : results_load(cli->store, names, list, &remarks, err);
    if (good) seeds_compare(list, reference ? NULL : cli->store, NULL, &remarks);
    for (size_t i = 0; i < remarks.count; i++) progress_note(cli->progress, "%s", remarks.items[i]);
    text_list_free(&remarks);
    return good;
}

bool print_results(const Cli *cli, const char *const *names, Error *err)
{
    ResultList list = {0};
    const bool good = load(cli, NULL, names, &list, err) && print_list(cli, &list, cli->store, err);
    results_free(&list);
    return good;
}

/* The stored results, with --reference the reference results; with --export-reference they are written there instead of listed. */
static bool show(const Cli *cli, const char *const *names, Error *err)
{
    const char *folder = cli_value(cli, "reference-folder"), *out = cli_value(cli, "export-reference");
    const char *reference = cli_has(cli, "reference") ? folder ? folder : reference_folder : NULL;
    ResultList list = {0};
    if (!load(cli, reference, names, &list, err)) return false;
    bool good = true;
    if (!out)
        good = print_list(cli, &list, reference ? reference : cli->store, err);
    else if (list.count == 0)
        good = fail(err, "%s: no result is stored; make some with: palbench reproduce",
                    reference ? reference : cli->store);
    else
        good = reference_export(&list, out, cli->progress, err);
    if (good && out) progress_note(cli->progress, "%s: %zu reference results written", out, list.count);
    results_free(&list);
    return good;
}

/* A page each of the experiments that are listed one after the other. */
static bool print_cards(const ResultList *list, Error *err)
{
    const StoredResult **seeds = xcalloc(list->count + 1, sizeof *seeds);
    ResultMeasures *measures = xcalloc(list->count + 1, sizeof *measures);
    bool good = true;
    for (size_t i = 0, end; good && i < list->count; i = end) {
        Text page = {0};
        spread_over_seeds(list, i, &end);
        for (size_t k = i; good && k < end; k++) {
            seeds[k - i] = &list->items[k];
            good = result_measures(&list->items[k], &measures[k - i], err);
        }
        if (good) {
            card_markdown(seeds, measures, end - i, &page);
            printf("%s%s", i ? "\n" : "", page.data);
        }
        text_free(&page);
    }
    free(seeds), free(measures);
    return good;
}

static bool run_cards(const Cli *cli, Error *err)
{
    const char **names = xcalloc(cli->argument_count + 1, sizeof *names);
    ResultList list = {0};
    for (size_t i = 1; i < cli->argument_count; i++) names[i - 1] = cli->arguments[i];
    const char *folder = cli_value(cli, "reference-folder");
    bool good =
        cli->argument_count > 1 || cli_misuse(cli, err, "card needs an experiment; palbench results lists them");
    if (good) good = !cli->json || cli_misuse(cli, err, "a card is Markdown; leave out --json");
    good = good &&
           load(cli, cli_has(cli, "reference") ? folder ? folder : reference_folder : NULL, names, &list, err) &&
           print_cards(&list, err);
    results_free(&list);
    free(names);
    return good;
}

static bool run(Cli *cli, Error *err)
{
    if (cli->argument_count && strcmp(cli->arguments[0], "card") == 0) return run_cards(cli, err);

    if (cli->json && cli_has(cli, "csv")) return cli_misuse(cli, err, "--json and --csv are two formats; choose one");
    const char **names = xcalloc(cli->argument_count + 1, sizeof *names);
    for (size_t i = 0; i < cli->argument_count; i++) names[i] = cli->arguments[i];
    const bool good = show(cli, cli->argument_count ? names : NULL, err);
    free(names);
    return good;
}

static const CliOption options[] = {
    {"measures", NULL, "P, R, F1 at 3 and 5, mAP of subsets and by labels in the image, calibration too (see eval)"},
    {"groups", NULL, "letters: experiments that share one cannot be told apart by the paired test (see compare)"},
    {"csv", NULL, "a line a result, for spreadsheets and data frames, to stdout"},
    {"reference", NULL, "the reference results that come with the source, instead of the store"},
    {"reference-folder", "DIR", "where those lie (default: results/reference)"},
    {"export-reference", "DIR", "write the results there as reference results; with --reference: old ones anew"},
    {NULL, NULL, NULL},
};

const Command command_results = {
    .name = "results",
    .arguments = "[card] [EXPERIMENT...]",
    .list = "experiments",
    .summary = "stored results: mAP per seed, mean, standard deviation, file",
    .details = "All that is stored when no experiment is named. Of several versions of one experiment and seed the "
               "newest counts.\n"
               "With `card` in front: a page of Markdown an experiment (what, data, protocol, numbers, options, "
               "provenance, command).\n"
               "Reference results are small copies: labels, APs, options, provenance, and in place of the scores their "
               "ranks, which\n"
               "give the same APs and comparisons.",
    .example = "palbench results --json",
    .takes = TAKES_STORE | TAKES_JSON,
    .options = options,
    .run = run,
};
