/* palbench sweep best: which of the experiments that an entry stands for is the best on the tuning split. */
#include "harness/base/memory.h"
#include "harness/cli/command.h"
#include "harness/cli/json_out.h"
#include "harness/cli/sentence.h"
#include "harness/cli/table.h"
#include "harness/experiments/experiments.h"
#include "reports/summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Sweep {
    Book *book;
    ExperimentList experiments; /* that the entry makes */
    ResultList stored;
    Summary summary; /* a row each of those that have results, one column */
    TextList missing;
} Sweep;

/* Choosing by the images that the result is reported on is what a tuning split is there to avoid. */
static bool check_split(const Sweep *s, Error *err)
{
    for (size_t i = 0; i < s->experiments.count; i++) {
        const Experiment *e = &s->experiments.items[i];
        if (e->protocol.split == SPLIT_TUNE) continue;
        return fail_usage(
            err,
            "%s is scored on the split \"%s\" (protocol %s); a choice by it would be one by what is reported. "
            "Run the sweep under a protocol with \"split\": \"tune\", as in --set protocol=mini-tune",
            e->name, split_word(e->protocol.split), e->protocol.name);
    }
    return true;
}

static bool choose_experiments(Sweep *s, const Cli *cli, Error *err)
{
    TextList sets = {0};
    const char *const names[] = {cli->arguments[1]};
    cli_values(cli, "set", &sets);
    s->book = book_open(cli->experiments, cli->paths, err);
    const bool good = s->book && book_select(s->book, &(Selection){.names = names, .name_count = 1, .sets = &sets},
                                             &s->experiments, err);
    text_list_free(&sets);
    return good && check_split(s, err);
}

static bool has_result(const ResultList *list, const char *experiment)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].experiment, experiment) == 0) return true;
    return false;
}

static bool gather(Sweep *s, const Cli *cli, Error *err)
{
    if (!results_load(cli->store, NULL, &s->stored, NULL, err)) return false;
    const char **names = xcalloc(s->experiments.count + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < s->experiments.count; i++) {
        const char *name = s->experiments.items[i].name;
        if (has_result(&s->stored, name))
            names[count++] = name;
        else
            text_list_add(&s->missing, name);
    }
    summary_make(&s->summary, &s->stored, names, NULL);
    free(names);
    if (!count)
        return fail(err, "%s: no result of %s is stored; make them with: palbench run %s", cli->store,
                    cli->arguments[1], cli->arguments[1]);
    if (s->summary.column_count > 1)
        return fail_usage(err,
                          "%s stands for experiments on several data sets or protocols; numbers of different test "
                          "images cannot be ranked, so name one of them",
                          cli->arguments[1]);
    summary_group(&s->summary, cli->progress, NULL);
    return true;
}

/* What the choice has looked at. Caller frees. */
static char *what_was_seen(const Sweep *s, const StoredResult *best)
{
    const Column *c = &s->summary.columns[0];
    return xformat(
        "Chosen by mAP on the tuning split of %s (protocol %s): the labels of its %zu images were seen, by %zu of "
        "%zu experiments, and none of the test split.",
        c->dataset, c->protocol, best->images, s->summary.row_count, s->experiments.count);
}

static cJSON *row_json(const Sweep *s, size_t row)
{
    const Cell *cell = summary_cell(&s->summary, row, 0);
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "experiment", cell->results[0]->experiment);
    json_out_number(item, "map", cell->map.mean);
    json_out_number(item, "std", cell->map.std);
    cJSON_AddNumberToObject(item, "seeds", (double)cell->count);
    if (cell->group) cJSON_AddStringToObject(item, "group", cell->group);
    cJSON *options = cJSON_Parse(cell->results[0]->options);
    if (options) cJSON_AddItemToObject(item, "options", options);
    return item;
}

static void print_json(const Sweep *s, size_t best, const char *seen)
{
    cJSON *root = row_json(s, best), *all = cJSON_CreateArray();
    const Column *c = &s->summary.columns[0];
    cJSON_AddStringToObject(root, "dataset", c->dataset);
    cJSON_AddStringToObject(root, "protocol", c->protocol);
    cJSON_AddStringToObject(root, "split", split_word(SPLIT_TUNE));
    cJSON_AddNumberToObject(root, "images", (double)summary_cell(&s->summary, best, 0)->results[0]->images);
    cJSON_AddStringToObject(root, "seen", seen);
    for (size_t row = 0; row < s->summary.row_count; row++) cJSON_AddItemToArray(all, row_json(s, row));
    cJSON_AddItemToObject(root, "all", all);
    cJSON *missing = cJSON_AddArrayToObject(root, "missing");
    for (size_t i = 0; i < s->missing.count; i++)
        cJSON_AddItemToArray(missing, cJSON_CreateString(s->missing.items[i]));
    json_out_print(root);
}

static void print_text(const Sweep *s, size_t best, const char *seen)
{
    Table t = {0};
    table_head(&t, (const char *const[]){"experiment", "seeds", "mAP", "std", "group", "", NULL});
    for (size_t row = 0; row < s->summary.row_count; row++) {
        const Cell *cell = summary_cell(&s->summary, row, 0);
        table_cell(&t, "%s", cell->results[0]->experiment);
        table_cell(&t, "%zu", cell->count);
        table_cell(&t, "%.3f", cell->map.mean);
        table_cell(&t, cell->count > 1 ? "%.3f" : "-", cell->map.std);
        table_cell(&t, "%s", cell->group ? cell->group : "-");
        table_cell(&t, "%s", row == best ? "best" : cell->top ? "not told apart from it" : "");
    }
    table_print(&t, stdout);
    table_free(&t);
    puts("");
    print_line("best: %s", summary_cell(&s->summary, best, 0)->results[0]->experiment);
    print_line("options: %s", summary_cell(&s->summary, best, 0)->results[0]->options);
    print_line("%s", seen);
}

static void show(const Sweep *s, const Cli *cli)
{
    const size_t best = summary_best(&s->summary, 0);
    char *seen = what_was_seen(s, summary_cell(&s->summary, best, 0)->results[0]);
    if (cli->json)
        print_json(s, best, seen);
    else
        print_text(s, best, seen);
    free(seen);
    char *some = text_list_some(&s->missing, 4);
    if (s->missing.count)
        progress_note(cli->progress, "%zu of %zu experiments have no result yet and were not looked at: %s",
                      s->missing.count, s->experiments.count, some);
    free(some);
}

static bool run(Cli *cli, Error *err)
{
    if (cli->argument_count != 2 || strcmp(cli->arguments[0], "best") != 0)
        return cli_misuse(cli, err, "best and one experiment are needed");
    Sweep s = {0};
    const bool good = choose_experiments(&s, cli, err) && gather(&s, cli, err);
    if (good) show(&s, cli);
    summary_free(&s.summary);
    results_free(&s.stored);
    experiments_free(&s.experiments);
    text_list_free(&s.missing);
    if (s.book) book_free(s.book);
    return good;
}

static const char *const *actions(void)
{
    static const char *const words[] = {"best", NULL};
    return words;
}

static const CliOption options[] = {
    {"set", "PATH=VALUE", "of the results made with it; may be repeated"},
    {NULL, NULL, NULL},
};

const Command command_sweep = {
    .name = "sweep",
    .arguments = "%s EXPERIMENT [--set PATH=VALUE]...",
    .words = actions,
    .list = "experiments",
    .summary = "the best of what grids and draws made, by the tuning split",
    .details =
        "EXPERIMENT stands for all that its grids, zips and draws make. The highest mean over seeds on the tuning "
        "split "
        "is chosen, from\n"
        "what is stored; letters say which others the paired test cannot tell from it, and a sentence what the choice "
        "has seen. A\n"
        "sweep that was scored on the test split is refused. What was chosen is then run under the protocol of the "
        "test.",
    .example = "palbench sweep best mini-tai-dpt --set protocol=mini-tune --set 'options.lr={\"grid\": [0.001, 0.01]}'",
    .takes = TAKES_EXPERIMENTS | TAKES_STORE | TAKES_JSON,
    .options = options,
    .run = run,
};
