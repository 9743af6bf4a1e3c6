/* palbench reproduce: a whole suite, from captions to the report. */
#include "harness/cli/session.h"

static bool work(Session *s, const Cli *cli, const char *suite, Error *err)
{
    if (cli_has(cli, "dry-run")) {
        session_print_plan(s, cli);
        return true;
    }
    return plan_run(&s->plan, &s->bench, err) && session_report(s, cli, suite, cli_value(cli, "out"), err);
}

static bool run(Cli *cli, Error *err)
{
    const char *suite = cli_value(cli, "suite");
    if (!suite) suite = "mini";
    if (cli->argument_count)
        return cli_misuse(cli, err, "%s is not expected; a suite is named by --suite", cli->arguments[0]);
    Session s;
    const bool good = session_open(&s, cli, (Selection){.suite = suite}, err) && work(&s, cli, suite, err);
    session_close(&s);
    return good;
}

static const CliOption options[] = {
    {"suite", "NAME", "which suite (default: mini, the embedded world)"},
    {"limit", "N", "at most N images a split and N captions: a quick look; results get [limit=N] in their names"},
    {"dry-run", NULL, "print the plan and stop"},
    {"out", "DIR", "folder of the report (default: reports/out/SUITE)"},
    {NULL, NULL, NULL},
};

const Command command_reproduce = {
    .name = "reproduce",
    .arguments = "[--suite NAME] [--paths FILE] [--limit N] [--dry-run]",
    .summary = "run a suite of experiments and write its report",
    .details = "What is stored is not computed again; a run that was killed goes on where it stopped and ends with the "
               "same numbers.",
    .example = "palbench reproduce",
    .takes = TAKES_EXPERIMENTS | TAKES_STORE | TAKES_EXACT,
    .options = options,
    .run = run,
};
