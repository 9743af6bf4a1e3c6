#include "harness/cli/jobs.h"

#include "harness/base/memory.h"

#include <omp.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

static void add_pair(TextList *arguments, const char *name, const char *value)
{
    if (!value) return;
    text_list_add(arguments, name);
    text_list_add(arguments, value);
}

static void child_arguments(const Cli *cli, const char *experiment, size_t threads, TextList *arguments)
{
    char number[32];
    snprintf(number, sizeof number, "%zu", threads);
    text_list_add(arguments, cli->program);
    text_list_add(arguments, "run");
    text_list_add(arguments, "--quiet");
    text_list_add(arguments, "--no-table");
    add_pair(arguments, "--threads", number);
    add_pair(arguments, "--experiments", cli->experiments);
    add_pair(arguments, "--store", cli->store);
    add_pair(arguments, "--paths", cli->paths);
    add_pair(arguments, "--limit", cli_value(cli, "limit"));
    if (cli->exact) text_list_add(arguments, "--exact");
    TextList sets = {0};
    cli_values(cli, "set", &sets);
    for (size_t i = 0; i < sets.count; i++) add_pair(arguments, "--set", sets.items[i]);
    text_list_free(&sets);
    TextList plugins = {0};
    cli_values(cli, "plugin", &plugins);
    for (size_t i = 0; i < plugins.count; i++) add_pair(arguments, "--plugin", plugins.items[i]);
    text_list_free(&plugins);
    text_list_add(arguments, "--");
    text_list_add(arguments, experiment);
}

static bool start(const Cli *cli, const char *experiment, size_t threads, pid_t *child, Error *err)
{
    TextList arguments = {0};
    child_arguments(cli, experiment, threads, &arguments);
    char **argv = xcalloc(arguments.count + 1, sizeof *argv);
    memcpy(argv, arguments.items, arguments.count * sizeof *argv);
    const int status = posix_spawn(child, "/proc/self/exe", NULL, NULL, argv, environ);
    free(argv);
    text_list_free(&arguments);
    return status == 0 || fail(err, "a process for %s could not be started: %s", experiment, strerror(status));
}

typedef struct Jobs {
    const ExperimentList *experiments;
    pid_t *children; /* [experiments.count]; 0: not running */
    size_t running, failed, done;
} Jobs;

/* Waits for one of ours to end. */
static void wait_for_one(Jobs *j, Progress *progress)
{
    int status;
    const pid_t ended = waitpid(-1, &status, 0);
    for (size_t i = 0; i < j->experiments->count; i++) {
        if (ended <= 0 || j->children[i] != ended) continue;
        j->children[i] = 0;
        j->running--;
        const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        j->failed += !good;
        if (!good) progress_note(progress, "%s failed", j->experiments->items[i].name);
        progress_step(progress, ++j->done);
    }
}

bool jobs_run(const Cli *cli, const ExperimentList *experiments, size_t jobs, Error *err)
{
    Jobs j = {experiments, xcalloc(experiments->count ? experiments->count : 1, sizeof(pid_t)), 0, 0, 0};
    size_t threads = (size_t)omp_get_max_threads() / jobs;
    if (threads == 0) threads = 1;
    progress_begin(cli->progress, "experiments", experiments->count, "experiments");
    bool good = true;
    for (size_t i = 0; i < experiments->count && good; i++) {
        while (j.running >= jobs) wait_for_one(&j, cli->progress);
        good = start(cli, experiments->items[i].name, threads, &j.children[i], err);
        if (good) j.running++;
    }
    while (j.running) wait_for_one(&j, cli->progress);
    progress_end(cli->progress);
    free(j.children);
    if (good && j.failed)
        good = fail(err, "%zu of %zu experiments failed; their sentences stand above", j.failed, experiments->count);
    return good;
}
