/* A plan: the deduplicated list of stages that a set of experiments takes, in an order that can be made from the
 * front, with what is stored already. */
#pragma once

#include "harness/stages/stage_kinds.h"
#include "harness/stages/store.h"

typedef struct Plan {
    Stage **stages; /* [count] inputs stand before what uses them */
    size_t count, capacity;
    size_t results; /* score stages that experiments ask for */
    size_t wanted;  /* stages to make: missing, and asked for by a missing result */
    size_t results_stored;
    size_t experiments; /* that were to be planned */
    TextList failures;  /* "EXPERIMENT: sentence" of those that could not be */
    TextList left_out;  /* of those that need what this machine lacks: a checkpoint, a data set (fail_absent) */
} Plan;

/* Opens the models and data sets (for their fingerprints) and works out every stage of every experiment and seed. An
 * experiment that cannot be planned (its checkpoint is not there) is noted in plan->failures and the others go on;
 * fails when none can be. Those that need a checkpoint or a data set which this machine lacks are left out. */
bool plan_make(Plan *plan, Session *session, const ExperimentList *experiments, Error *err);
void plan_free(Plan *plan);

/* A line for each reason of leaving out: "3 experiments (a, b, c) are left out: SENTENCE". Caller frees the list. */
void plan_left_out(const Plan *plan, TextList *lines);

/* "EXPERIMENT: sentence", with the name once, also when the sentence begins with it. Caller frees. */
char *plan_failure(const char *experiment, const char *sentence);

/* Makes the wanted stages in order; each that is done stays done, and one that fails stops only what needs it
 * (plan_work.c). Says so when there is nothing to do. Appends "EXPERIMENT: sentence" to `failures` for each that
 * failed. */
bool plan_work_here(const Plan *plan, Session *session, TextList *failures, Error *err);
/* The same without the list: `err` says how many failed, or of one, why. */
bool plan_work(const Plan *plan, Session *session, Error *err);
