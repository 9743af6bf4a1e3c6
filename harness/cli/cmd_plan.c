/* palbench plan: what reproduce would do. */
#include "harness/cli/session.h"

static bool run(Cli *cli, Error *err)
{
    if (cli->argument_count)
        return cli_misuse(cli, err, "%s is not expected; a suite is named by --suite", cli->arguments[0]);
    Session s;
    const bool good = session_open_suites(&s, cli, true, err);
    if (good) session_print_plan(&s, cli);
    session_close(&s);
    return good;
}

static const CliOption options[] = {
    {"suite", "NAME", "which suite, may be given several times (default: those that reproduce runs)"},
    {"limit", "N", "as in reproduce"},
    {NULL, NULL, NULL},
};

const Command command_plan = {
    .name = "plan",
    .arguments = "[--suite NAME] [--paths FILE]",
    .summary = "what a suite would run, what is stored, time and disk expected",
    .example = "palbench plan --suite mini",
    .takes = TAKES_EXPERIMENTS | TAKES_STORE | TAKES_EXACT | TAKES_JSON,
    .options = options,
    .run = run,
};
