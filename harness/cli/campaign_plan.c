/* The plan of a session as a table or JSON. */
#include "harness/base/memory.h"
#include "harness/cli/campaign.h"
#include "harness/cli/json_out.h"
#include "harness/cli/sentence.h"
#include "harness/cli/table.h"
#include "harness/plan/calibrate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *state_word(const Stage *s)
{
    return s->stored ? "stored" : s->wanted ? "to do" : "not needed";
}

static const char *basis_word(const Stage *s)
{
    return s->expected.samples ? "measured" : "estimated";
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
        cJSON_AddNumberToObject(item, "expected_seconds", s->stored ? 0 : s->expected.seconds);
        cJSON_AddNumberToObject(item, "expected_bytes", s->expected.bytes);
        cJSON_AddStringToObject(item, "expected_from", basis_word(s));
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

static void print_rows(const Plan *plan)
{
    Table t = {0};
    table_head(&t, (const char *const[]){"stage", "what", "state", "time", "MB", "from", NULL});
    for (size_t i = 0; i < plan->count; i++) {
        const Stage *s = plan->stages[i];
        table_cell(&t, "%s", s->kind->name);
        table_cell(&t, "%s", s->label);
        table_cell(&t, "%s", state_word(s));
        if (s->wanted)
            time_cell(&t, s->expected.seconds);
        else
            table_cell(&t, "-");
        table_cell(&t, s->wanted ? "%.1f" : "-", s->expected.bytes / 1e6);
        table_cell(&t, "%s", s->wanted ? basis_word(s) : "-");
    }
    table_print(&t, stdout);
    table_free(&t);
}

/* "12.5 minutes and 300 MB", "310 hours and 120 GB"; caller frees. */
static char *extent_text(double seconds, double bytes)
{
    char *time = seconds < 7200 ? xformat("%.1f minutes", seconds / 60) : xformat("%.0f hours", seconds / 3600);
    char *space = bytes < 1e10 ? xformat("%.0f MB", bytes / 1e6) : xformat("%.0f GB", bytes / 1e9);
    char *text = xformat("%s and %s", time, space);
    free(time), free(space);
    return text;
}

void campaign_note_extent(Campaign *s, const Cli *cli)
{
    enum { WORTH_SECONDS = 600 };
    double seconds = 0, bytes = 0, foretold = 0;
    for (size_t i = 0; i < s->plan.count; i++) foretold += s->plan.stages[i]->wanted ? s->plan.stages[i]->seconds : 0;
    if (foretold < WORTH_SECONDS / 3.0) return; /* looking at the store would take longer than it is worth */
    plan_calibrate(&s->plan, cli->store);
    for (size_t i = 0; i < s->plan.count; i++)
        if (s->plan.stages[i]->wanted) {
            seconds += s->plan.stages[i]->expected.seconds;
            bytes += s->plan.stages[i]->expected.bytes;
        }
    if (seconds < WORTH_SECONDS) return;
    char *extent = extent_text(seconds, bytes);
    progress_note(cli->progress, "%zu stages to do for %zu results: about %s, within a factor of three", s->plan.wanted,
                  s->plan.results - s->plan.results_stored, extent);
    free(extent);
}

static void print_sums(const Plan *plan)
{
    double seconds = 0, bytes = 0, foretold = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const Stage *s = plan->stages[i];
        if (!s->wanted) continue;
        seconds += s->expected.seconds, bytes += s->expected.bytes;
        if (!s->expected.samples) foretold += s->expected.seconds;
    }
    char *extent = extent_text(seconds, bytes);
    printf("\n%zu of %zu stages to do for %zu of %zu results; about %s.\n", plan->wanted, plan->count,
           plan->results - plan->results_stored, plan->results, extent);
    free(extent);
    if (foretold < seconds) printf("Measured: from the times of stored stages like them, of this store.\n");
    if (foretold > 0)
        printf("Estimated (%.1f minutes of it): from operation counts at a fixed rate, good to a factor of three.\n",
               foretold / 60);
}

bool campaign_print_plan(Campaign *s, const Cli *cli, Error *err)
{
    const Plan *plan = &s->plan;
    plan_calibrate(&s->plan, cli->store);
    if (cli->json) {
        print_plan_json(plan);
    } else {
        print_rows(plan);
        if (plan->wanted)
            print_sums(plan);
        else
            printf("\nNothing to do: all %zu results are stored.\n", plan->results);
    }
    TextList left_out = {0};
    plan_left_out(plan, &left_out);
    for (size_t i = 0; i < left_out.count; i++) print_sentence(left_out.items[i]);
    text_list_free(&left_out);
    if (plan->failures.count == 0) return true;
    for (size_t i = 0; i < plan->failures.count; i++) print_sentence(plan->failures.items[i]);
    return fail(err, "%zu of %zu experiments cannot be planned", plan->failures.count, plan->experiments);
}
