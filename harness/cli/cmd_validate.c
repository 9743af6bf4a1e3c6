/* palbench validate: is the experiments file right? */
#include "harness/cli/command.h"
#include "harness/cli/sentence.h"
#include "harness/experiments/book_plugins.h"

#include <stdio.h>

/* Places that are missing are no mistake of the file: another machine may have them. */
static void remark_missing(const Book *book, Progress *progress)
{
    for (size_t i = 0; i < book->model_count; i++) {
        const Model *m = &book->models[i];
        const char *const paths[] = {m->clip, m->diffusion, m->vae, m->judge};
        for (size_t k = 0; k < sizeof paths / sizeof *paths; k++)
            if (paths[k] && !path_exists(paths[k]))
                progress_note(progress, "model %s: %s is not there yet", m->name, paths[k]);
    }
}

static bool run(Cli *cli, Error *err)
{
    if (cli->argument_count > 1) return cli_misuse(cli, err, "one file at most");
    const char *path = cli->argument_count ? cli->arguments[0] : cli->experiments;
    Book *book = book_open(path, cli->paths, err);
    if (!book) return false;
    ExperimentList list = {0};
    const bool good = book_select(book, &(Selection){0}, &list, err);
    size_t runs = 0;
    for (size_t i = 0; i < list.count; i++) runs += list.items[i].seed_count;
    if (good)
        print_line("%s: all right; %zu experiments (%zu with their seeds), %zu suites, %zu models", path, list.count,
                   runs, book->suite_count, book->model_count);
    remark_missing(book, cli->progress);
    book_remark_unloaded(book, cli->progress);
    experiments_free(&list);
    book_free(book);
    return good;
}

const Command command_validate = {
    .name = "validate",
    .arguments = "[FILE]",
    .summary = "check an experiments file: keys, values, names, grids",
    .details = "FILE is experiments.json when none is named. A mistake is named with its path and what is allowed; "
               "exit status 2.",
    .example = "palbench validate experiments.json",
    .takes = TAKES_EXPERIMENTS,
    .run = run,
};
