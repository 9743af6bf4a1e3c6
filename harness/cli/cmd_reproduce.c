/* palbench reproduce: whole suites, from captions to the report. */
#include "harness/cli/campaign.h"

/* What failed does not keep the rest from the report. */
static bool work(Campaign *s, const Cli *cli, Error *err)
{
    if (cli_has(cli, "dry-run")) return campaign_print_plan(s, cli, err);
    Error later;
    const bool good = campaign_run(s, cli, err);
    if (campaign_is_worker(cli)) return good;
    return campaign_report(s, cli, cli_value(cli, "out"), good ? err : &later) && good;
}

static bool run(Cli *cli, Error *err)
{
    if (cli->argument_count)
        return cli_misuse(cli, err, "%s is not expected; a suite is named by --suite", cli->arguments[0]);
    Campaign s;
    const bool good = campaign_open(&s, cli, CAMPAIGN_RUNS, err) && work(&s, cli, err);
    campaign_close(&s);
    return good;
}

static const CliOption options[] = {
    {"suite", "NAME",
     "which suite or suites (\"ablate*\"), may be repeated (default: those the file lists under \"reproduce\", or "
     "mini)"},
    OPTION_SET,
    OPTION_JOBS,
    OPTION_DROP,
    {"limit", "N",
     "a rehearsal: at most N images a split and N captions, one epoch of each training; results get [limit=N] in their "
     "names and say that they measure nothing"},
    {"dry-run", NULL, "print the plan and stop"},
    {"out", "DIR", "folder of the report (default: reports/out/SUITE; of several suites: DIR/SUITE)"},
    OPTION_LOG,
    OPTION_WORKER,
    {NULL, NULL, NULL},
};

static const CliChoices choices[] = {
    {.option = "suite", .list = "suites"},
    {0},
};

const Command command_reproduce = {
    .name = "reproduce",
    .arguments = "[--suite NAME]... [--set PATH=VALUE]... [--jobs N] [--paths FILE] [--limit N] [--dry-run]",
    .summary = "run a suite of experiments and write its report",
    .details = "What is stored is not computed again; a run that was killed goes on where it stopped and ends with the "
               "same numbers.\n"
               "An experiment that fails stops nothing but itself, and is named at the end.",
    .example = "palbench reproduce",
    .takes = TAKES_EXPERIMENTS | TAKES_STORE | TAKES_EXACT,
    .options = options,
    .choices = choices,
    .run = run,
    .kept = "every stage that was finished is stored; the same command goes on from there",
};
