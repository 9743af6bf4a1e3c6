#include "harness/cli/session.h"

#include "harness/base/memory.h"
#include "harness/cli/json_out.h"
#include "harness/cli/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool session_open(Session *s, const Cli *cli, Selection selection, Error *err)
{
    *s = (Session){0};
    const BenchOptions options = {cli->experiments, cli->paths, cli->store, cli->exact, cli->progress};
    return cli_size(cli, "limit", 0, 1, 1u << 30, &selection.limit, err) && bench_open(&s->bench, &options, err) &&
           book_select(s->bench.book, &selection, &s->experiments, err) &&
           plan_make(&s->plan, &s->bench, &s->experiments, err);
}

static bool select_suites(Session *s, const Cli *cli, Error *err)
{
    const Book *book = s->bench.book;
    Selection selection = {.suite = NULL};
    cli_values(cli, "suite", &s->suites);
    for (size_t i = 0; !cli_has(cli, "suite") && i < book->reproduce_count; i++)
        text_list_add(&s->suites, book->reproduce[i]);
    if (!cli_size(cli, "limit", 0, 1, 1u << 30, &selection.limit, err)) return false;
    for (size_t i = 0; i < s->suites.count; i++) {
        selection.suite = s->suites.items[i];
        if (!book_select(book, &selection, &s->experiments, err)) return false;
    }
    return true;
}

bool session_open_suites(Session *s, const Cli *cli, bool with_plan, Error *err)
{
    *s = (Session){0};
    const BenchOptions options = {cli->experiments, cli->paths, cli->store, cli->exact, cli->progress};
    return bench_open(&s->bench, &options, err) && select_suites(s, cli, err) &&
           (!with_plan || plan_make(&s->plan, &s->bench, &s->experiments, err));
}

void session_close(Session *s)
{
    text_list_free(&s->suites);
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
