/* An exported plan: DIR/plan.json, from which `palbench work` knows what a task is. It carries the hashes of the stages,
 * so that a task whose inputs have changed since is not taken for the one that was planned.
 *
 *     {"palbench": "VERSION", "format": 1, "arguments": ["--suite", "mini"], "place": "/home/...", "threads": 2,
 *      "arrays": [{"name": "generate", "first": 1, "tasks": 40, "seconds": 1300, "bytes": 4e9,
 *                  "needs": [{"array": 0, "each": false}]}, ...],
 *      "tasks": [{"seconds": 1300, "bytes": 4e9, "needs": [0],
 *                 "work": [{"stage": "generate", "what": "draw 5000 images ...", "hash": "...", "file": "...",
 *                           "first": 0, "shards": 10},      // these shards; without the two, the stage as a whole
 *                          {"stage": "report"}]}, ...]}
 *
 * "arguments" are the command line of the plan: experiments, options; "place" is where it was made, from which its
 * relative paths go. */
#pragma once

#include "harness/cluster/tasks.h"
#include "harness/io/json.h"

typedef struct PlanFileFacts {
    const TextList *arguments; /* what `palbench plan` was given, without what is about the export */
    const char *folder;
    size_t threads; /* of every task; sums are cut among them, so the last bits depend on it */
} PlanFileFacts;

/* Writes it, whole or not at all. */
bool plan_file_write(const char *path, const Tasks *tasks, const PlanFileFacts *facts, Error *err);

typedef struct PlannedWork {
    const char *stage, *what, *hash; /* hash NULL: the report */
    ShardRange shards;
} PlannedWork;

typedef struct PlannedTask {
    double seconds;
    size_t *needs;
    PlannedWork *work; /* [count] */
    size_t need_count, count;
} PlannedTask;

typedef struct PlanFile {
    JsonFile *file; /* holds the strings */
    char *path;
    const char *folder;
    TextList arguments;
    size_t threads;
    PlannedTask *tasks;
    size_t count;
} PlanFile;

/* Fails on: what is no such file or of another format, a task that needs a later one. Free with plan_file_free, also
 * after a failure. */
bool plan_file_read(const char *path, PlanFile *plan, Error *err);
void plan_file_free(PlanFile *plan);
