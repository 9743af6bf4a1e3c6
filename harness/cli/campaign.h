/* What reproduce, plan and run have in common: open a session, choose experiments, make the plan. */
#pragma once

#include "harness/base/step_log.h"
#include "harness/cli/command.h"
#include "harness/plan/plan.h"

typedef struct Campaign {
    Session session;
    ExperimentList experiments;
    Plan plan;
    TextList suites; /* that were chosen; none when experiments were named */
    TextList sets;   /* of --set */
    StepLog log;     /* of --log */
    bool failed;     /* some of the experiments, when they were run */
} Campaign;

/* What the command does with the campaign. Only one that runs loads the plugins that the file names, and not with --dry-run. */
typedef enum CampaignUse { CAMPAIGN_REPORTS, CAMPAIGN_PLANS, CAMPAIGN_RUNS } CampaignUse;

/* The experiments that the arguments name, or else those of the suites of --suite, which may stand several times and be patterns
 * ("ablate*"), or else of those that the file means when none is named; each once, with --set and --limit; and the plan, but for
 * reports. Free with campaign_close, also after a failure. */
bool campaign_open(Campaign *s, const Cli *cli, CampaignUse use, Error *err);
void campaign_close(Campaign *s);

/* The plan as a table or JSON on stdout: every stage, stored or to do, time and disk expected (campaign_plan.c). Fails
 * when an experiment could not be planned. */
bool campaign_print_plan(Campaign *s, const Cli *cli, Error *err);

/* Writes the plan into the folder --out for the engine --export (cmd_plan_export.c), and says what to call then. Fails when an experiment
 * could not be planned. */
bool campaign_export_plan(Campaign *s, const Cli *cli, Error *err);
extern const Command command_plan; /* whose command line a plan file holds */

/* Notes how long it will take and how much disk, when that is worth knowing before it begins. */
void campaign_note_extent(Campaign *s, const Cli *cli);

/* Runs the plan: here, or with --jobs in several processes; in one of those, what the parent asks for. Names every experiment that
 * failed on stderr; false when there is one. */
bool campaign_run(Campaign *s, const Cli *cli, Error *err);
/* Whether a result of the experiment, of whatever seed, is stored now. The plan is needed. */
bool campaign_has_result(const Campaign *s, const char *experiment);
/* Whether this process is one of those that --jobs started, and says nothing itself. */
bool campaign_is_worker(const Cli *cli);

/* Their lines in a command's table of options. */
#define OPTION_SET                                                                                                     \
    {                                                                                                                  \
        "set", "PATH=VALUE", "replace a value: options.lr=0.01, protocol=mini, seeds=[1,2]; may be repeated"           \
    }
#define OPTION_JOBS                                                                                                    \
    {                                                                                                                  \
        "jobs", "N",                                                                                                   \
            "stages at once, each in a process of its own with --threads threads (default: 1); changes no number"      \
    }
#define OPTION_DROP                                                                                                    \
    {                                                                                                                  \
        "drop-local", NULL,                                                                                            \
            "features with local parts leave the store as soon as nothing waits for them: gigabytes, made again if "   \
            "asked for"                                                                                                \
    }
#define OPTION_LOG                                                                                                     \
    {                                                                                                                  \
        "log", "FILE.jsonl", "append a line a training step: loss, learning rate, time (experiments.md shows imports)" \
    }
#define OPTION_WORKER                                                                                                  \
    {                                                                                                                  \
        "worker", "PID", NULL                                                                                          \
    }

/* Writes the report of every suite, without the experiments that have just failed, into `out` (default reports/out/SUITE; of several, OUT/SUITE), and prints its tables with what is
 * to be said of its methods to stdout (campaign_report.c). */
bool campaign_report(Campaign *s, const Cli *cli, const char *out, Error *err);

/* Whether every page of the chosen suites is there, and none older than a result of the plan. */
bool campaign_report_stands(const Campaign *s);

/* mAP per seed, mean, std and file of the named experiments (NULL: all that is stored), as a table or JSON on stdout. */
bool print_results(const Cli *cli, const char *const *names, Error *err);
