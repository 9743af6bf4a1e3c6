/* A plan: the deduplicated list of stages that a set of experiments takes, in an order that can be run from the front, with what
 * is stored already. */
#pragma once

#include "harness/bench/store.h"

typedef struct Plan {
    Stage **stages; /* [count] inputs stand before what uses them */
    size_t count, capacity;
    size_t results; /* score stages that experiments ask for */
    size_t wanted;  /* stages to run: missing, and asked for by a missing result */
    size_t results_stored;
} Plan;

/* Opens the models and data sets (for their fingerprints) and works out every stage of every experiment and seed. */
bool plan_make(Plan *plan, Bench *b, const ExperimentList *experiments, Error *err);
void plan_free(Plan *plan);

/* Runs the wanted stages in order; each that is done stays done. Says so when there is nothing to do. */
bool plan_run(const Plan *plan, Bench *b, Error *err);
