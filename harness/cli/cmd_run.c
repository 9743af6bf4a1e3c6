/* palbench run: single experiments, with values replaced, in several processes if wanted. */
#include "harness/base/memory.h"
#include "harness/cli/jobs.h"
#include "harness/cli/session.h"

#include <stdlib.h>

/* Without models: what the names stand for is known from the experiments file alone, and children open the rest. */
static bool run_in_jobs(const Cli *cli, const Selection *selection, size_t jobs, Error *err)
{
    ExperimentList list = {0};
    Book *book = book_open(cli->experiments, cli->paths, err);
    const bool good = book && book_select(book, selection, &list, err) && jobs_run(cli, &list, jobs, err);
    experiments_free(&list);
    book_free(book);
    return good;
}

static bool run_here(const Cli *cli, const Selection *selection, Error *err)
{
    Session s;
    bool good = session_open(&s, cli, *selection, err);
    if (good && cli_has(cli, "dry-run"))
        session_print_plan(&s, cli);
    else
        good = good && plan_run(&s.plan, &s.bench, err);
    session_close(&s);
    return good;
}

static bool show_results(const Cli *cli, const Selection *selection, Error *err)
{
    ExperimentList list = {0};
    Book *book = book_open(cli->experiments, cli->paths, err);
    bool good = book && book_select(book, selection, &list, err);
    const char **names = xcalloc(list.count + 1, sizeof *names);
    for (size_t i = 0; i < list.count; i++) names[i] = list.items[i].name;
    good = good && print_results(cli, names, err);
    free(names);
    experiments_free(&list);
    book_free(book);
    return good;
}

static bool run(Cli *cli, Error *err)
{
    if (cli->argument_count == 0)
        return cli_misuse(cli, err, "an experiment is needed; palbench ls experiments lists them");
    TextList sets = {0};
    size_t jobs;
    cli_values(cli, "set", &sets);
    Selection selection = {
        .names = (const char *const *)cli->arguments, .name_count = cli->argument_count, .sets = &sets};
    bool good =
        cli_size(cli, "jobs", 1, 1, 256, &jobs, err) && cli_size(cli, "limit", 0, 1, 1u << 30, &selection.limit, err);
    const bool dry = cli_has(cli, "dry-run");
    if (good) good = jobs > 1 && !dry ? run_in_jobs(cli, &selection, jobs, err) : run_here(cli, &selection, err);
    if (good && !dry && !cli_has(cli, "no-table")) good = show_results(cli, &selection, err);
    text_list_free(&sets);
    return good;
}

static const CliOption options[] = {
    {"set", "PATH=VALUE",
     "replace a value: options.lr=0.01, setting.few_shot=4, protocol=mini, seeds=[1,2]; may be repeated"},
    {"jobs", "N", "experiments at once, each in a process of its own, threads divided among them (default: 1)"},
    {"limit", "N", "at most N images a split and N captions"},
    {"dry-run", NULL, "print the plan and stop"},
    {"no-table", NULL, "do not print the results"},
    {NULL, NULL, NULL},
};

const Command command_run = {
    .name = "run",
    .arguments = "EXPERIMENT... [--set PATH=VALUE]... [--jobs N]",
    .summary = "run experiments of experiments.json",
    .details = "An experiment with grids stands for all its combinations; NAME[lr=0.001] names one of them. Replaced "
               "values (but seeds)\n"
               "become part of the name under which the result is stored: NAME[lr=0.01].",
    .example = "palbench run mini-tai-dpt --set options.lr=0.001 --set seeds=[1]",
    .takes = TAKES_EXPERIMENTS | TAKES_STORE | TAKES_EXACT | TAKES_JSON,
    .options = options,
    .run = run,
};
