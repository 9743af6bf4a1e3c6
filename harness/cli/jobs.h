/* Stages in several processes (`--jobs N` of run and reproduce).
 *
 * The parent knows the plan and hands out stages as their inputs come to be (harness/plan/plan_work.h), so that what
 * experiments share is made once. A worker is this program again with the same command line and --worker: it makes the
 * same plan, is told hashes on its standard input and says what came of them on its standard output. Processes and not
 * forks: threads that OpenMP has started do not survive a fork.
 *
 * Numbers: sums are cut among the threads of a stage, so its last bits depend on how many threads it has, but on
 * nothing else. Every worker has as many as the parent (--threads, or one a core): --jobs changes no number. Where
 * stages are too small to keep the cores busy, `--threads 1 --jobs CORES` is the fastest, and gives the bits of
 * `--threads 1`.
 *
 * However the parent ends, its workers end with it: the kernel kills them, and a file half written is swept away by
 * the next run. */
#pragma once

#include "harness/cli/command.h"
#include "harness/plan/plan_work.h"

enum { JOBS_MAX = 256 };

/* Runs the wanted stages, at most `jobs` at once. As plan_work_here else; a worker that dies fails the stage that it
 * had. */
bool jobs_run(const Cli *cli, const Plan *plan, Session *session, size_t jobs, TextList *failures, Error *err);

/* A worker's life: runs the stages that it is told until nobody tells it any. Fails when it is told nonsense. */
bool jobs_work(const Cli *cli, const Plan *plan, Session *session, Error *err);
