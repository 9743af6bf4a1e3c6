/* palbench plan --export: the missing stages of a plan as tasks for another engine. */
#include "harness/base/hash.h"
#include "harness/cli/campaign.h"
#include "harness/cli/sentence.h"
#include "harness/cluster/export.h"
#include "harness/cluster/plan_file.h"
#include "harness/plan/calibrate.h"

#include <errno.h>
#include <limits.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool resolve(const char *path, char whole[PATH_MAX], Error *err)
{
    return realpath(path, whole) != NULL || fail(err, "%s: cannot be found: %s", path, strerror(errno));
}

/* Not what is about the export. */
static void planned_arguments(const Cli *cli, TextList *arguments)
{
    static const char *const own[] = {"export", "out", "task-minutes", "slurm", "json", "quiet", "threads", NULL};
    cli_repeat(cli, own, arguments);
}

static bool write_plan(const Cli *cli, const Tasks *tasks, const char *path, Error *err)
{
    char place[PATH_MAX];
    TextList arguments = {0};
    if (!resolve(".", place, err)) return false;
    planned_arguments(cli, &arguments);
    const PlanFileFacts facts = {.arguments = &arguments, .folder = place, .threads = (size_t)omp_get_max_threads()};
    const bool good = plan_file_write(path, tasks, &facts, err);
    text_list_free(&arguments);
    return good;
}

/* A plan's name among jobs follows from its bytes and place, so that the same one exported again is the same. */
static bool mark_of(const char *path, char mark[32], Error *err)
{
    char hex[65];
    Hash *hash = hash_new();
    if (!hash_file(path, hex, err)) return false;
    hash_add_text(hash, path);
    hash_add_text(hash, hex);
    hash_finish(hash, hex);
    snprintf(mark, 32, "palbench-%.8s", hex);
    return true;
}

static void say(const Tasks *tasks, const ExportFormat *format, const char *out)
{
    double seconds = 0;
    for (size_t i = 0; i < tasks->count; i++) seconds += tasks->items[i].seconds;
    char *file = path_join(out, format->file), *next = xformat(format->next, file);
    print_line("%zu tasks in %zu arrays, about %.1f hours together; next: %s", tasks->count, tasks->array_count,
               seconds / 3600, next);
    free(file), free(next);
}

static bool write_export(const Cli *cli, const Tasks *tasks, const char *out, Error *err)
{
    char folder[PATH_MAX], program[PATH_MAX], mark[32];
    const ExportFormat *format = export_find(cli_value(cli, "export"));
    TextList engine = {0};
    if (!make_folders(out, err) || !resolve(out, folder, err) || !resolve("/proc/self/exe", program, err)) return false;
    cli_values(cli, "slurm", &engine);
    char *path = path_join(folder, "plan.json");
    const Export e = {.tasks = tasks,
                      .folder = folder,
                      .program = program,
                      .mark = mark,
                      .threads = (size_t)omp_get_max_threads(),
                      .engine = &engine};
    const bool good = write_plan(cli, tasks, path, err) && mark_of(path, mark, err) && format->write(&e, err);
    if (good) say(tasks, format, out);
    free(path);
    text_list_free(&engine);
    return good;
}

bool campaign_export_plan(Campaign *s, const Cli *cli, Error *err)
{
    Tasks tasks = {0};
    const char *out;
    size_t engine;
    double minutes;
    if (!cli_choice(cli, "export", &engine, err) || !cli_required(cli, "out", &out, err) ||
        !cli_real(cli, "task-minutes", 20, 0, 1e6, &minutes, err))
        return false;
    plan_calibrate(&s->plan, cli->store);
    tasks_of_plan(&s->plan, 60 * minutes, s->suites.count > 0, &tasks);
    bool good = write_export(cli, &tasks, out, err);
    tasks_free(&tasks);
    for (size_t i = 0; i < s->plan.failures.count; i++) print_sentence(s->plan.failures.items[i]);
    if (good && s->plan.failures.count)
        good = fail(err, "%zu of %zu experiments cannot be planned; the others are exported", s->plan.failures.count,
                    s->plan.experiments);
    return good;
}
