#include "harness/cli/session.h"

#include "harness/base/memory.h"
#include "harness/bench/picture.h"
#include "harness/cli/json_out.h"
#include "harness/cli/table.h"
#include "reports/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool session_open(Session *s, const Cli *cli, Selection selection, Error *err)
{
    *s = (Session){0};
    const BenchOptions options = {cli->experiments, cli->paths, cli->store, cli->exact, cli->progress};
    return cli_size(cli, "limit", 0, 1, 1u << 30, &selection.limit, err) && bench_open(&s->bench, &options, err) &&
           book_select(s->bench.book, &selection, &s->experiments, err) &&
           plan_make(&s->plan, &s->bench, &s->experiments, err);
}

void session_close(Session *s)
{
    plan_free(&s->plan);
    experiments_free(&s->experiments);
    bench_close(&s->bench);
}

/* ---- the plan ---- */

static const char *state_word(const Stage *s)
{
    return s->stored ? "stored" : s->wanted ? "to do" : "not needed";
}

static void print_plan_json(const Plan *plan)
{
    cJSON *root = cJSON_CreateArray();
    for (size_t i = 0; i < plan->count; i++) {
        const Stage *s = plan->stages[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "stage", s->kind->name);
        cJSON_AddStringToObject(item, "what", s->label);
        cJSON_AddStringToObject(item, "state", state_word(s));
        cJSON_AddNumberToObject(item, "expected_seconds", s->stored ? 0 : s->seconds);
        cJSON_AddNumberToObject(item, "expected_bytes", s->bytes);
        cJSON_AddStringToObject(item, "file", s->path);
        cJSON_AddItemToArray(root, item);
    }
    json_out_print(root);
}

static void time_cell(Table *t, double seconds)
{
    if (seconds < 120)
        table_cell(t, "%.0f s", ceil(seconds));
    else if (seconds < 7200)
        table_cell(t, "%.0f min", seconds / 60);
    else
        table_cell(t, "%.1f h", seconds / 3600);
}

void session_print_plan(const Session *s, const Cli *cli)
{
    const Plan *plan = &s->plan;
    if (cli->json) {
        print_plan_json(plan);
        return;
    }
    Table t = {0};
    double seconds = 0, bytes = 0;
    table_head(&t, (const char *const[]){"stage", "what", "state", "time", "MB", NULL});
    for (size_t i = 0; i < plan->count; i++) {
        const Stage *stage = plan->stages[i];
        table_cell(&t, "%s", stage->kind->name);
        table_cell(&t, "%s", stage->label);
        table_cell(&t, "%s", state_word(stage));
        if (stage->wanted)
            time_cell(&t, stage->seconds);
        else
            table_cell(&t, "-");
        table_cell(&t, stage->wanted ? "%.1f" : "-", stage->bytes / 1e6);
        if (stage->wanted) seconds += stage->seconds, bytes += stage->bytes;
    }
    table_print(&t, stdout);
    table_free(&t);
    if (plan->wanted == 0)
        printf("\nNothing to do: all %zu results are stored.\n", plan->results);
    else
        printf("\n%zu of %zu stages to do for %zu of %zu results; about %.1f minutes and %.0f MB. Time and disk are "
               "estimates from\n"
               "operation counts at a fixed rate, good to a factor of three.\n",
               plan->wanted, plan->count, plan->results - plan->results_stored, plan->results, seconds / 60,
               bytes / 1e6);
}

/* ---- the report ---- */

/* Suites whose name begins with "ablate", each with its experiments and their labels. */
typedef struct Ablations {
    AblationSuite *suites;
    ExperimentList *experiments;
    size_t count;
} Ablations;

static void ablations_free(Ablations *a)
{
    for (size_t i = 0; i < a->count; i++) {
        free((char **)a->suites[i].experiments), free((char **)a->suites[i].labels); /* the lists, not their strings */
        experiments_free(&a->experiments[i]);
    }
    free(a->suites), free(a->experiments);
}

static bool ablations_find(const Session *s, const Cli *cli, Ablations *a, Error *err)
{
    const Book *book = s->bench.book;
    Selection selection = {0};
    *a = (Ablations){.suites = xcalloc(book->suite_count + 1, sizeof *a->suites),
                     .experiments = xcalloc(book->suite_count + 1, sizeof *a->experiments)};
    if (!cli_size(cli, "limit", 0, 1, 1u << 30, &selection.limit, err)) return false;
    for (size_t i = 0; i < book->suite_count; i++) {
        selection.suite = book->suites[i].name;
        if (strncmp(selection.suite, "ablate", 6) != 0) continue;
        ExperimentList *list = &a->experiments[a->count];
        if (!book_select(book, &selection, list, err)) {
            experiments_free(list);
            return false;
        }
        const char **names = xcalloc(list->count + 1, sizeof *names),
                   **labels = xcalloc(list->count + 1, sizeof *labels);
        for (size_t k = 0; k < list->count; k++) names[k] = list->items[k].name, labels[k] = list->items[k].label;
        a->suites[a->count++] = (AblationSuite){selection.suite, names, labels};
    }
    return true;
}

static bool print_tables(const Cli *cli, const ReportOptions *o, Error *err)
{
    ResultList results = {0};
    if (!results_load(cli->store, NULL, &results, NULL, err)) return false;
    char *table = report_table_text(&results, o->experiments, o->labels);
    char *ablations = report_ablations_text(&results, o->ablations, o->ablation_count);
    puts(table);
    if (ablations) puts(ablations);
    printf("report: %s/index.html\n", o->out);
    free(table), free(ablations);
    results_free(&results);
    return true;
}

bool session_report(Session *s, const Cli *cli, const char *suite, const char *out, Error *err)
{
    const size_t count = s->experiments.count;
    const char **names = xcalloc(count + 1, sizeof *names), **labels = xcalloc(count + 1, sizeof *labels);
    for (size_t i = 0; i < count; i++)
        names[i] = s->experiments.items[i].name, labels[i] = s->experiments.items[i].label;
    char *folder = out ? xstrdup(out) : xformat("reports/out/%s", suite);
    const char *limit = cli_value(cli, "limit"), *option = limit ? " --limit " : "";
    char *command = xformat("palbench report --suite %s%s%s", suite, option, limit ? limit : "");
    char *title = limit ? xformat("%s, limited to %s images", suite, limit) : xstrdup(suite);
    Ablations ablations;
    bool good = ablations_find(s, cli, &ablations, err);
    const ReportOptions options = {
        .title = title,
        .experiments = names,
        .labels = labels,
        .ablations = ablations.suites,
        .ablation_count = ablations.count,
        .store = cli->store,
        .out = folder,
        .progress = cli->progress,
        .picture = picture_of_result,
        .picture_context = &s->bench,
        .command = command,
    };
    good = good && report_write(&options, err) && print_tables(cli, &options, err);
    ablations_free(&ablations);
    free(command);
    free(title);
    free(folder);
    free(labels);
    free(names);
    return good;
}
