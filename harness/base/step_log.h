/* The curves of trainings as JSON lines, for programs that draw them: --log FILE.jsonl. One object a step:
 *
 *     {"experiment": "tai-mine", "seed": 1, "step": 12, "epoch": 1, "loss": 0.7312, "lr": 0.0001, "seconds": 3.21, "time": 1764259200.5}
 *
 * step from 1, epoch from 0 (with parts where the rate changes within one), lr the schedule's, seconds since the training began, time since
 * 1970. Lines are appended, each in one write, so that processes may share a file and an older one is not lost. */
#pragma once

#include "harness/base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct StepLog {
    int file;
    double begun;
    char *experiment; /* as JSON, in quotes */
    int64_t seed;
    bool failed; /* a line could not be written */
} StepLog;

/* Opens for appending; made where it is not there. Fails when it cannot be written. */
bool step_log_open(StepLog *log, const char *path, Error *err);
/* What the next lines belong to. `experiment` is quoted here; it is a name. */
void step_log_begin(StepLog *log, const char *experiment, int64_t seed);
/* One line; NULL: nothing is logged. What cannot be written is kept in mind for step_log_close. */
void step_log_step(StepLog *log, size_t step, double epoch, double loss, double lr);
/* Fails when a line was lost (a full disk). */
bool step_log_close(StepLog *log, const char *path, Error *err);
