/* A plan's missing stages as units of work, each of which another machine can do: a stage as a whole, a group of the
 * shards of one (harness/stages/stage.h), the stage that joins them, and the report at the end. */
#pragma once

#include "harness/plan/plan.h"

typedef struct Unit {
    const Stage *stage; /* NULL: the report */
    ShardRange shards;  /* of it; count 0: the whole stage, which joins shards where it has any */
    double seconds;     /* expected */
    size_t *needs;      /* [need_count] units whose work must be done before; all stand in front of it */
    size_t need_count;
} Unit;

typedef struct Units {
    Unit *items;
    size_t count, capacity;
} Units;

/* Units in the order of the plan, whose expected times must be there (calibrate.h). Shards are taken together so that a
 * group takes at least `task_seconds`; a stage that has not two such groups is one unit. `report`: it is the last one. */
void units_of_plan(const Plan *plan, double task_seconds, bool report, Units *units);
void units_free(Units *units);
