/* palbench plan: what reproduce or run would do. */
#include "harness/cli/campaign.h"
#include "harness/cluster/export.h"

static bool run(Cli *cli, Error *err)
{
    Campaign s;
    const bool exports = cli_has(cli, "export");
    const bool good = campaign_open(&s, cli, CAMPAIGN_PLANS, err) &&
                      (exports ? campaign_export_plan(&s, cli, err) : campaign_print_plan(&s, cli, err));
    campaign_close(&s);
    return good;
}

static const CliOption options[] = {
    {"suite", "NAME", "which suite or suites (\"ablate*\"), may be repeated (default: those that reproduce runs)"},
    OPTION_SET,
    {"limit", "N", "as in reproduce"},
    {"export", "ENGINE", "write the plan for another engine: %s (--out)"},
    {"out", "DIR", "folder of the export, which every host must see"},
    {"task-minutes", "M", "no task of the export shorter than this, where that can be (default: 20)"},
    {"slurm", "KEY=VALUE", "for sbatch: partition=long, account=vision, time=60, module=gcc; may be repeated"},
    {NULL, NULL, NULL},
};

static const CliChoices choices[] = {
    {.option = "suite", .list = "suites"},
    {.option = "export", .names = export_names},
    {0},
};

const Command command_plan = {
    .name = "plan",
    .arguments = "[EXPERIMENT... | --suite NAME] [--set PATH=VALUE]... [--paths FILE] [--export ENGINE --out DIR]",
    .list = "experiments",
    .summary = "what would run, what is stored, time and disk expected",
    .details = "Time and disk are those of stored stages of the same kind (of the same method, in training and "
               "scoring), scaled\n"
               "by their work (\"measured\"); where nothing is stored, from operation counts alone (\"estimated\").\n"
               "--export cuts what is missing into tasks that other machines do (palbench work), with what each needs.",
    .example = "palbench plan --suite mini\n"
               "  palbench plan --suite paper --export slurm --out cluster --slurm partition=long",
    .takes = TAKES_EXPERIMENTS | TAKES_STORE | TAKES_EXACT | TAKES_JSON,
    .options = options,
    .choices = choices,
    .run = run,
};
