/* palbench report: the report of a suite from stored results. */
#include "harness/cli/campaign.h"

static bool run(Cli *cli, Error *err)
{
    if (cli->argument_count)
        return cli_misuse(cli, err, "%s is not expected; a suite is named by --suite", cli->arguments[0]);
    Campaign s;
    const bool good =
        campaign_open(&s, cli, CAMPAIGN_REPORTS, err) && campaign_report(&s, cli, cli_value(cli, "out"), err);
    campaign_close(&s);
    return good;
}

static const CliOption options[] = {
    {"suite", "NAME", "which suite, may be given several times (default: those that reproduce runs)"},
    {"out", "DIR", "folder of the report (default: reports/out/SUITE; of several suites: DIR/SUITE)"},
    {"set", "PATH=VALUE", "of the results made with it; may be repeated"},
    {"limit", "N", "of the results made with --limit N"},
    {NULL, NULL, NULL},
};

static const CliChoices choices[] = {
    {.option = "suite", .list = "suites"},
    {0},
};

const Command command_report = {
    .name = "report",
    .arguments = "[--suite NAME] [--out DIR]",
    .summary = "tables and figures of a suite's stored results",
    .details = "One HTML page, Markdown, LaTeX, CSV, and figures as SVG and PNG; nothing is trained or scored.\n"
               "Test pictures are shown where they still are.",
    .example = "palbench report --suite mini --out report",
    .takes = TAKES_EXPERIMENTS | TAKES_STORE,
    .options = options,
    .choices = choices,
    .run = run,
    .kept = "what is stored is untouched; the same command writes the report anew",
};
