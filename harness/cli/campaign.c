/* Session, then experiments (by name; by suite or pattern of suites; or the suites that experiments.json reproduces),
 * then the plan. A worker process takes the same way, so that it has the same plan; only campaign_run tells them
 * apart. */
#include "harness/cli/campaign.h"

#include "harness/cli/jobs.h"
#include "harness/cli/sentence.h"
#include "harness/experiments/book_plugins.h"

#include <fnmatch.h>
#include <string.h>

/* A suite by its name; a name with * or ? in it is a pattern. */
static bool add_suites(Campaign *s, const char *name, Error *err)
{
    const Book *book = s->session.book;
    const size_t before = s->suites.count;
    const Suite *suite = book_suite(book, name);
    if (suite && suite->of_suites) { /* each has a page of its own */
        for (size_t i = 0; i < suite->count; i++) text_list_add(&s->suites, suite->experiments[i]);
        return true;
    }
    if (suite || !strpbrk(name, "*?")) {
        text_list_add(&s->suites, name); /* an unknown one is told when its experiments are chosen */
        return true;
    }
    for (size_t i = 0; i < book->suite_count; i++)
        if (fnmatch(name, book->suites[i].name, 0) == 0) text_list_add(&s->suites, book->suites[i].name);
    return s->suites.count > before ||
           fail_usage(err, "%s: there is no suite like %s; palbench ls suites lists them", book->path, name);
}

static bool choose_suites(Campaign *s, const Cli *cli, Error *err)
{
    const Book *book = s->session.book;
    TextList asked = {0};
    cli_values(cli, "suite", &asked);
    bool good = true;
    for (size_t i = 0; i < asked.count && good; i++) good = add_suites(s, asked.items[i], err);
    for (size_t i = 0; !asked.count && i < book->reproduce_count; i++) text_list_add(&s->suites, book->reproduce[i]);
    text_list_free(&asked);
    return good;
}

static bool choose(Campaign *s, const Cli *cli, Error *err)
{
    Selection selection = {
        .sets = &s->sets, .names = (const char *const *)cli->arguments, .name_count = cli->argument_count};
    cli_values(cli, "set", &s->sets);
    if (!cli_size(cli, "limit", 0, 1, 1u << 30, &selection.limit, err)) return false;
    if (cli->argument_count) return book_select(s->session.book, &selection, &s->experiments, err);
    if (!choose_suites(s, cli, err)) return false;
    for (size_t i = 0; i < s->suites.count; i++) {
        selection.suite = s->suites.items[i];
        if (!book_select(s->session.book, &selection, &s->experiments, err)) return false;
    }
    return true;
}

bool campaign_open(Campaign *s, const Cli *cli, CampaignUse use, Error *err)
{
    *s = (Campaign){0};
    if (cli->argument_count && cli_has(cli, "suite"))
        return cli_misuse(cli, err, "experiments are named, and a suite too; one of them is enough");
    const SessionOptions options = {cli->experiments, cli->paths, cli->store, cli->arithmetic, cli->progress};
    if (use == CAMPAIGN_RUNS && !cli_has(cli, "dry-run") && !book_load_plugins(cli->experiments, cli->progress, err))
        return false;
    const bool opened = session_open(&s->session, &options, err);
    s->session.drop_local = cli_has(cli, "drop-local");
    return opened && choose(s, cli, err) &&
           (use == CAMPAIGN_REPORTS || plan_make(&s->plan, &s->session, &s->experiments, err));
}

void campaign_close(Campaign *s)
{
    text_list_free(&s->sets);
    text_list_free(&s->suites);
    plan_free(&s->plan);
    experiments_free(&s->experiments);
    session_close(&s->session);
}

bool campaign_is_worker(const Cli *cli)
{
    return cli_has(cli, "worker");
}

bool campaign_has_result(const Campaign *s, const char *experiment)
{
    for (size_t i = 0; i < s->plan.count; i++) {
        const Stage *stage = s->plan.stages[i];
        if (stage_is_result(stage) && strcmp(stage->experiment->name, experiment) == 0 && store_has(stage->path))
            return true;
    }
    return false;
}

static bool run_plan(Campaign *s, const Cli *cli, Error *err)
{
    size_t jobs;
    TextList failures = {0};
    if (campaign_is_worker(cli)) return jobs_work(cli, &s->plan, &s->session, err);
    if (!cli_size(cli, "jobs", 1, 1, JOBS_MAX, &jobs, err)) return false;
    if (jobs > s->plan.wanted) jobs = s->plan.wanted;
    campaign_note_extent(s, cli);
    const bool good = jobs > 1 ? jobs_run(cli, &s->plan, &s->session, jobs, &failures, err)
                               : plan_work_here(&s->plan, &s->session, &failures, err);
    s->failed = !good;
    for (size_t i = 0; failures.count > 1 && i < failures.count; i++) print_sentence(failures.items[i]);
    text_list_free(&failures);
    return good;
}

bool campaign_run(Campaign *s, const Cli *cli, Error *err)
{
    const char *path = cli_value(cli, "log");
    if (!path) return run_plan(s, cli, err);
    if (!step_log_open(&s->log, path, err)) return false;
    s->session.log = &s->log;
    Error later;
    const bool good = run_plan(s, cli, err), whole = step_log_close(&s->log, path, good ? err : &later);
    s->session.log = NULL;
    return good && whole;
}
