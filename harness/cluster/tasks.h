/* Units of work packed into the tasks that a scheduler is given, and tasks into arrays.
 *
 * A scheduler looks after thousands of tasks of half an hour well and after a hundred thousand of ten seconds badly. So
 * short units share a task until it takes `task_seconds`; when nothing more is ready, it goes on with what it makes ready
 * itself, the shortest first. Shorter remain: a task that only units of more than three times `task_seconds` could be
 * packed with (others would wait for it), and the last one, which waits for all.
 *
 * Tasks come in waves: those of a wave need only what former waves make, and run at the same time. The tasks of one
 * sharded stage are an array, the others of a wave another. */
#pragma once

#include "harness/cluster/units.h"

typedef struct Task {
    size_t *units; /* [count] in the order in which they are done */
    size_t count;
    double seconds, memory; /* expected; bytes */
    size_t *needs;          /* [need_count] tasks that must be done before */
    size_t need_count;
} Task;

typedef struct ArrayNeed {
    size_t array;
    bool each; /* task i needs of it only task i, and both have as many */
} ArrayNeed;

typedef struct TaskArray {
    char *name; /* "generate", "work" */
    size_t first, count;
    double seconds, memory; /* of the longest, of the largest */
    ArrayNeed *needs;       /* [need_count] */
    size_t need_count;
} TaskArray;

typedef struct Tasks {
    Units units;
    Task *items;
    size_t count;
    TaskArray *arrays;
    size_t array_count;
} Tasks;

void tasks_of_plan(const Plan *plan, double task_seconds, bool report, Tasks *tasks);
void tasks_free(Tasks *tasks);
