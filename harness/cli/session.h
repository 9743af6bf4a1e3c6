/* What reproduce, plan and run have in common: open the bench, choose experiments, make the plan. */
#pragma once

#include "harness/bench/plan.h"
#include "harness/cli/command.h"

typedef struct Session {
    Bench bench;
    ExperimentList experiments;
    Plan plan;
    TextList suites; /* of session_open_suites */
} Session;

/* `selection` names a suite or experiments; --limit of the command line is added to it. Free with session_close, also after a
 * failure. */
bool session_open(Session *s, const Cli *cli, Selection selection, Error *err);
/* The suites of --suite, which may stand several times, or those that the file means when none is named: their experiments, each
 * once, and the plan if it is wanted. Free with session_close, also after a failure. */
bool session_open_suites(Session *s, const Cli *cli, bool with_plan, Error *err);
void session_close(Session *s);

/* The plan as a table or JSON on stdout: every stage, stored or to do, time and disk expected. */
void session_print_plan(const Session *s, const Cli *cli);

/* Writes the report of every suite, into `out` (default reports/out/SUITE; of several, OUT/SUITE), and prints its tables with what is
 * to be said of its methods to stdout (session_report.c). */
bool session_report(Session *s, const Cli *cli, const char *out, Error *err);

/* mAP per seed, mean, std and file of the named experiments (NULL: all that is stored), as a table or JSON on stdout. */
bool print_results(const Cli *cli, const char *const *names, Error *err);
