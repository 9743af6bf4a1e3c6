/* palbench run: single experiments, with values replaced, in several processes if wanted. */
#include "harness/base/memory.h"
#include "harness/cli/campaign.h"

#include <stdlib.h>

/* Of those that have one: some may have failed. */
static bool show_results(const Campaign *s, const Cli *cli, Error *err)
{
    const ExperimentList *list = &s->experiments;
    const char **names = xcalloc(list->count + 1, sizeof *names);
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        if (campaign_has_result(s, list->items[i].name)) names[count++] = list->items[i].name;
    const bool good = count == 0 || print_results(cli, names, err);
    free(names);
    return good;
}

/* What failed does not keep the rest from the table. */
static bool work(Campaign *s, const Cli *cli, Error *err)
{
    if (cli_has(cli, "dry-run")) return campaign_print_plan(s, cli, err);
    Error later;
    const bool good = campaign_run(s, cli, err);
    if (campaign_is_worker(cli) || cli_has(cli, "no-table")) return good;
    return show_results(s, cli, good ? err : &later) && good;
}

static bool run(Cli *cli, Error *err)
{
    if (cli->argument_count == 0)
        return cli_misuse(cli, err, "an experiment is needed; palbench ls experiments lists them");
    Campaign s;
    const bool good = campaign_open(&s, cli, CAMPAIGN_RUNS, err) && work(&s, cli, err);
    campaign_close(&s);
    return good;
}

static const CliOption options[] = {
    OPTION_SET,
    OPTION_JOBS,
    OPTION_DROP,
    {"limit", "N", "at most N images a split and N captions"},
    {"dry-run", NULL, "print the plan and stop"},
    {"no-table", NULL, "do not print the results"},
    OPTION_LOG,
    OPTION_WORKER,
    {NULL, NULL, NULL},
};

const Command command_run = {
    .name = "run",
    .arguments = "EXPERIMENT... [--set PATH=VALUE]... [--jobs N]",
    .list = "experiments",
    .summary = "run experiments of experiments.json",
    .details =
        "An experiment with grids or draws stands for all that they make; NAME[lr=0.001] names one of them. Replaced "
        "values (but seeds)\n"
        "become part of the name under which the result is stored: NAME[lr=0.01].",
    .example = "palbench run mini-tai-dpt --set options.lr=0.001 --set seeds=[1]\n"
               "  palbench run mini-tai-dpt --set 'options.lr={\"loguniform\": [1e-4, 1e-1]}' --set samples=8 --jobs 2",
    .takes = TAKES_EXPERIMENTS | TAKES_STORE | TAKES_EXACT | TAKES_JSON,
    .options = options,
    .run = run,
    .kept = "every stage that was finished is stored; the same command goes on from there",
};
