/* palbench work: a task of an exported plan. The plan file's command line is parsed as palbench plan parses it and the
 * plan made anew from it, so that a task knows what it is without anyone telling it. */
#include "harness/cli/campaign.h"
#include "harness/cluster/task_run.h"
#include "methods/shared/plugin.h"

#include <errno.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Work {
    Cli cli; /* of the plan */
    Campaign campaign;
    PlanFile file;
    TaskRun run;
} Work;

/* ---- the plan ---- */

static bool write_report(void *context, Error *err)
{
    Work *w = context;
    const Plan *plan = &w->campaign.plan;
    for (size_t i = 0; i < plan->count; i++)
        if (stage_is_result(plan->stages[i]) && plan->stages[i]->stored) store_touch(plan->stages[i]->path);
    w->campaign.failed = true; /* what has no result is not shown, whyever it has none */
    return campaign_report(&w->campaign, &w->cli, NULL, err);
}

static bool report_stands(void *context)
{
    Work *w = context;
    return campaign_report_stands(&w->campaign);
}

static bool go_there(const Work *w, Error *err)
{
    if (chdir(w->file.folder) == 0) return true;
    return fail(err, "%s: the plan was made in %s, where this host cannot go: %s; export it anew from here",
                w->file.path, w->file.folder, strerror(errno));
}

/* The command line of the plan, with how this process works. */
static bool parse_planned(Work *w, const Cli *cli, Error *err)
{
    const TextList *given = &w->file.arguments;
    char **argv = xcalloc(given->count + 2, sizeof *argv);
    bool helped;
    argv[0] = (char *)(uintptr_t)command_plan.name; /* getopt's type; it is only read */
    for (size_t i = 0; i < given->count; i++) argv[i + 1] = given->items[i];
    const bool good = cli_parse(&w->cli, &command_plan, (int)given->count + 1, argv, &helped, err);
    w->cli.arguments = w->file.arguments.items + (given->count - w->cli.argument_count); /* at its end */
    free(argv);
    w->cli.progress = cli->progress, w->cli.quiet = cli->quiet;
    omp_set_num_threads((int)(cli->threads ? cli->threads : w->file.threads));
    return good || fail_in(err, w->file.path);
}

static bool open_work(Work *w, const Cli *cli, Error *err)
{
    TextList plugins = {0};
    if (!plan_file_read(cli->arguments[0], &w->file, err) || !go_there(w, err) || !parse_planned(w, cli, err))
        return false;
    cli_values(&w->cli, "plugin", &plugins);
    bool good = true;
    for (size_t i = 0; i < plugins.count && good; i++) good = plugin_load(plugins.items[i], cli->progress, err);
    text_list_free(&plugins);
    if (!good || !campaign_open(&w->campaign, &w->cli, CAMPAIGN_RUNS, err)) return false;
    w->run = (TaskRun){.file = &w->file,
                       .plan = &w->campaign.plan,
                       .session = &w->campaign.session,
                       .report = write_report,
                       .report_stands = report_stands,
                       .context = w};
    return cli_size(cli, "wait", 60, 0, 1u << 30, &w->run.wait, err);
}

/* ---- which task ---- */

/* Where engines tell a process its number, and how many there are. */
static const struct {
    const char *number, *count;
} engines[] = {{"SLURM_ARRAY_TASK_ID", NULL},
               {"SLURM_PROCID", "SLURM_NTASKS"},
               {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
               {"PMI_RANK", "PMI_SIZE"}};

static bool read_number(const char *name, const char *text, size_t *number, Error *err)
{
    char *end;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || value > 1u << 30)
        return fail_usage(err, "%s is '%s': a task's number is needed", name, text);
    *number = (size_t)value;
    return true;
}

/* *ranks 0: this task alone. */
static bool choose_task(const Cli *cli, size_t *number, size_t *ranks, Error *err)
{
    const char *text;
    *ranks = 0;
    if (!cli_required(cli, "task", &text, err)) return false;
    if (strcmp(text, "auto") != 0) return read_number("--task", text, number, err);
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++) {
        const char *value = getenv(engines[i].number), *count = engines[i].count ? getenv(engines[i].count) : NULL;
        if (!value) continue;
        return read_number(engines[i].number, value, number, err) &&
               (!count || read_number(engines[i].count, count, ranks, err));
    }
    return cli_misuse(cli, err,
                      "--task auto: neither SLURM_ARRAY_TASK_ID, SLURM_PROCID, OMPI_COMM_WORLD_RANK nor "
                      "PMI_RANK says which");
}

static bool check_all(const Work *w, Error *err)
{
    for (size_t i = 0; i < w->file.count; i++)
        if (!task_check(&w->run, i, err)) return false;
    return true;
}

static bool print_missing(const Work *w, Error *err)
{
    if (!check_all(w, err)) return false;
    for (size_t i = 0; i < w->file.count; i++)
        if (task_is_missing(&w->run, i)) printf("%zu\n", i);
    return true;
}

static bool run_tasks(const Work *w, size_t from, size_t number, size_t ranks, Error *err)
{
    store_sweep(w->campaign.session.store);
    if (ranks) return check_all(w, err) && task_run_rank(&w->run, from, number, ranks, err);
    if (!w->file.count) return fail_usage(err, "%s: has no task", w->file.path);
    if (number >= w->file.count || from + number >= w->file.count)
        return fail_usage(err, "%s: has tasks 0 to %zu, no task %zu", w->file.path, w->file.count - 1, from + number);
    return task_check(&w->run, from + number, err) && task_run(&w->run, from + number, err);
}

static bool work(Work *w, const Cli *cli, Error *err)
{
    size_t number = 0, ranks = 0, from;
    const bool missing = cli_has(cli, "missing");
    if (!cli_size(cli, "from", 0, 0, 1u << 30, &from, err)) return false;
    if (!missing && !choose_task(cli, &number, &ranks, err)) return false;
    if (!open_work(w, cli, err)) return false;
    return missing ? print_missing(w, err) : run_tasks(w, from, number, ranks, err);
}

static bool run(Cli *cli, Error *err)
{
    if (cli->argument_count != 1) return cli_misuse(cli, err, "one plan is needed, the plan.json of an export");
    Work w = {0};
    const bool good = work(&w, cli, err);
    campaign_close(&w.campaign);
    cli_free(&w.cli);
    plan_file_free(&w.file);
    return good;
}

static const CliOption options[] = {
    {"task", "I|auto",
     "which task; auto: SLURM_ARRAY_TASK_ID, SLURM_PROCID, OMPI_COMM_WORLD_RANK or PMI_RANK says it. Where these "
     "also say how many processes there are, they do all tasks together"},
    {"from", "N", "tasks are counted from task N of the plan (default: 0)"},
    {"missing", NULL, "do nothing, print the numbers of the tasks that are to be done"},
    {"wait", "SECONDS", "for files that another host has just written and that are not seen here yet (default: 60)"},
    {NULL, NULL, NULL},
};

const Command command_work = {
    .name = "work",
    .arguments = "PLAN --task I|auto",
    .summary = "do one task of an exported plan, for engines that run many",
    .details = "PLAN is the plan.json that palbench plan --export wrote. What is stored is not made again; two that do "
               "the same task\n"
               "do no harm; a task whose experiments, models or data have changed says so and does nothing.",
    .example = "palbench plan --suite mini --export make --out cluster\n"
               "  palbench work cluster/plan.json --missing\n"
               "  mpirun -n 2 palbench work cluster/plan.json --task auto",
    .options = options,
    .run = run,
    .kept = "every stage and shard that was finished is stored; the same command goes on from there",
};
