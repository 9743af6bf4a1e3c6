/* Running a plan, by whoever runs its stages: which one may start, what came of each, which experiments failed by it. A stage that
 * fails holds up what needs it and nothing else.
 *
 *     PlanRun run;
 *     if (plan_run_begin(&run, &plan, session))
 *         for (size_t i; (i = plan_run_next(&run)) != PLAN_NONE;)
 *             ... plan_run_done(&run, i) or plan_run_failed(&run, i, sentence) ...
 *     good = plan_run_end(&run, &failures, err); */
#pragma once

#include "harness/plan/plan.h"

#define PLAN_NONE ((size_t)-1)

typedef enum StageState {
    STAGE_IDLE, /* nothing asks for it, or it is stored */
    STAGE_WAITING,
    STAGE_RUNNING,
    STAGE_DONE,
    STAGE_FAILED,
    STAGE_HELD /* something that it needs has failed */
} StageState;

typedef struct PlanRun {
    const Plan *plan;
    StageState *states;             /* [plan->count] */
    char **sentences;               /* [plan->count] of those that failed */
    size_t (*inputs)[STAGE_INPUTS]; /* [plan->count] places of their inputs in the plan */
    size_t started, running;
} PlanRun;

/* Sweeps the store and marks stored results as the current ones. False when nothing is to do (and says so); plan_run_end is to be
 * called all the same. */
bool plan_run_begin(PlanRun *r, const Plan *plan, Session *session);

/* The first stage of the plan whose inputs are all there, now counted as running; PLAN_NONE when none can start as long as those
 * that run have not ended. Generators run one at a time: they share shards of pictures, and draw with all threads. */
size_t plan_run_next(PlanRun *r);
void plan_run_done(PlanRun *r, size_t i);
void plan_run_failed(PlanRun *r, size_t i, const char *sentence);
/* "[3/24] train mini-tai, seed 1". Caller frees. */
char *plan_run_title(const PlanRun *r, size_t i);

/* Appends "EXPERIMENT: sentence" to `failures` for each that failed, when it was planned or when it ran, in the order of the plan;
 * true when there is none. `err` says how many, and when there is one, what. Frees what begin made. */
bool plan_run_end(PlanRun *r, TextList *failures, Error *err);
