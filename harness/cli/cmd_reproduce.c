/* palbench reproduce: whole suites, from captions to the report. */
#include "harness/cli/session.h"

static bool work(Session *s, const Cli *cli, Error *err)
{
    if (cli_has(cli, "dry-run")) {
        session_print_plan(s, cli);
        return true;
    }
    return plan_run(&s->plan, &s->bench, err) && session_report(s, cli, cli_value(cli, "out"), err);
}

static bool run(Cli *cli, Error *err)
{
    if (cli->argument_count)
        return cli_misuse(cli, err, "%s is not expected; a suite is named by --suite", cli->arguments[0]);
    Session s;
    const bool good = session_open_suites(&s, cli, true, err) && work(&s, cli, err);
    session_close(&s);
    return good;
}

static const CliOption options[] = {
    {"suite", "NAME",
     "which suite, may be given several times (default: those that the file lists under \"reproduce\", or mini)"},
    {"limit", "N", "at most N images a split and N captions: a quick look; results get [limit=N] in their names"},
    {"dry-run", NULL, "print the plan and stop"},
    {"out", "DIR", "folder of the report (default: reports/out/SUITE; of several suites: DIR/SUITE)"},
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
