/* A plan at work, whoever makes its stages: which one may start, what came of each, which experiments failed by it. A
 * stage that fails holds up what needs it and nothing else.
 *
 *     PlanWork work;
 *     if (plan_work_begin(&work, &plan, session))
 *         for (size_t i; (i = plan_work_next(&work)) != PLAN_NONE;)
 *             ... plan_work_done(&work, i) or plan_work_failed(&work, i, sentence) ...
 *     good = plan_work_end(&work, &failures, err); */
#pragma once

#include "harness/plan/plan.h"

#define PLAN_NONE ((size_t)-1)

typedef enum StageState {
    STAGE_IDLE, /* nothing asks for it, or it is stored */
    STAGE_WAITING,
    STAGE_IN_WORK,
    STAGE_DONE,
    STAGE_FAILED,
    STAGE_HELD /* something that it needs has failed */
} StageState;

typedef struct PlanWork {
    const Plan *plan;
    bool drop_local;                /* Session.drop_local */
    StageState *states;             /* [plan->count] */
    char **sentences;               /* [plan->count] of those that failed */
    size_t (*inputs)[STAGE_INPUTS]; /* [plan->count] places of their inputs in the plan */
    size_t started, in_work;
} PlanWork;

/* Sweeps the store and marks stored results as the current ones. False when nothing is to do (and says so);
 * plan_work_end is to be called all the same. */
bool plan_work_begin(PlanWork *w, const Plan *plan, Session *session);

/* The first stage of the plan whose inputs are all there, now in work; PLAN_NONE when none can start as long as those
 * in work have not ended. Generators work one at a time: they share shards of pictures, and draw with all threads. */
size_t plan_work_next(PlanWork *w);
void plan_work_done(PlanWork *w, size_t i);
void plan_work_failed(PlanWork *w, size_t i, const char *sentence);
/* "[3/24] train mini-tai, seed 1". Caller frees. */
char *plan_work_title(const PlanWork *w, size_t i);

/* Appends "EXPERIMENT: sentence" to `failures` for each that failed, when it was planned or at work, in the order of
 * the plan; true when there is none. `err` says how many, and when there is one, what. Frees what begin made. */
bool plan_work_end(PlanWork *w, TextList *failures, Error *err);
