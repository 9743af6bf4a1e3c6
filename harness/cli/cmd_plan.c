/* palbench plan: what reproduce or run would do. */
#include "harness/cli/campaign.h"

static bool run(Cli *cli, Error *err)
{
    Campaign s;
    const bool good = campaign_open(&s, cli, CAMPAIGN_PLANS, err) && campaign_print_plan(&s, cli, err);
    campaign_close(&s);
    return good;
}

static const CliOption options[] = {
    {"suite", "NAME", "which suite or suites (\"ablate*\"), may be repeated (default: those that reproduce runs)"},
    OPTION_SET,
    {"limit", "N", "as in reproduce"},
    {NULL, NULL, NULL},
};

static const CliChoices choices[] = {
    {.option = "suite", .list = "suites"},
    {0},
};

const Command command_plan = {
    .name = "plan",
    .arguments = "[EXPERIMENT... | --suite NAME] [--set PATH=VALUE]... [--paths FILE]",
    .list = "experiments",
    .summary = "what would run, what is stored, time and disk expected",
    .details = "Time and disk are those of stored stages of the same kind (of the same method, in training and "
               "scoring), scaled\n"
               "by their work (\"measured\"); where nothing is stored, from operation counts alone (\"estimated\").",
    .example = "palbench plan --suite mini",
    .takes = TAKES_EXPERIMENTS | TAKES_STORE | TAKES_EXACT | TAKES_JSON,
    .options = options,
    .choices = choices,
    .run = run,
};
