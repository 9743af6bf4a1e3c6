/* Tasks of an exported plan at work. Stateless: the plan was made anew from the same command line, and what the store
 * holds says what is done. Doing a task twice, or in two places at once, is harmless: what is there is left, and what two
 * make has the same bits and gets its name by renaming.
 *
 *     TaskRun run = {.file = &file, .plan = &plan, .session = session, .wait = 60, .report = ..., .context = ...};
 *     if (task_check(&run, i, err) && task_run(&run, i, err)) ... */
#pragma once

#include "harness/cluster/plan_file.h"

typedef struct TaskRun {
    const PlanFile *file;
    const Plan *plan;
    Session *session;
    size_t wait; /* seconds, for an input that another host has written and that this one does not see yet */
    bool (*report)(void *context, Error *err); /* writes it */
    bool (*report_stands)(void *context);      /* whether it is there, of the results that are there */
    void *context;
} TaskRun;

/* Fails when a stage of the task is not in the plan as it is now: experiments, models or data have changed. */
bool task_check(const TaskRun *run, size_t task, Error *err);
/* Whether something of it is to be done. */
bool task_is_missing(const TaskRun *run, size_t task);
/* Does what is missing of it. An input that is not there is waited for, and named. */
bool task_run(const TaskRun *run, size_t task, Error *err);

/* Rank r of n processes that work on one plan together (srun, mpirun): does the tasks from + r, from + r + n, ...,
 * each as soon as what it needs is there. Who waits too long for another one's task does it himself, so that one that
 * died stops nothing. A task that fails stops what needs it and nothing else; `err` names the first. */
bool task_run_rank(const TaskRun *run, size_t from, size_t rank, size_t ranks, Error *err);
