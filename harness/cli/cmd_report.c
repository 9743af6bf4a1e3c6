/* palbench report: the report of a suite from stored results. */
#include "harness/cli/session.h"

static bool run(Cli *cli, Error *err)
{
    const char *suite = cli_value(cli, "suite");
    if (!suite) suite = "mini";
    if (cli->argument_count)
        return cli_misuse(cli, err, "%s is not expected; a suite is named by --suite", cli->arguments[0]);
    Selection selection = {.suite = suite};
    if (!cli_size(cli, "limit", 0, 1, 1u << 30, &selection.limit, err)) return false;
    Session s = {0};
    const BenchOptions options = {cli->experiments, cli->paths, cli->store, cli->exact, cli->progress};
    const bool good = bench_open(&s.bench, &options, err) &&
                      book_select(s.bench.book, &selection, &s.experiments, err) &&
                      session_report(&s, cli, suite, cli_value(cli, "out"), err);
    session_close(&s);
    return good;
}

static const CliOption options[] = {
    {"suite", "NAME", "which suite (default: mini)"},
    {"out", "DIR", "folder of the report (default: reports/out/SUITE)"},
    {"limit", "N", "of the results made with --limit N"},
    {NULL, NULL, NULL},
};

const Command command_report = {
    .name = "report",
    .arguments = "[--suite NAME] [--out DIR]",
    .summary = "tables and figures of a suite's stored results",
    .details = "One HTML page, Markdown, LaTeX, CSV, and figures as SVG and PNG; nothing is trained or scored.",
    .example = "palbench report --suite mini --out report",
    .takes = TAKES_EXPERIMENTS | TAKES_STORE,
    .options = options,
    .run = run,
};
