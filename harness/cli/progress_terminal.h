/* Progress on stderr. On a terminal: one line with count, rate and time left, redrawn at most ten times a second. Piped: one
 * plain line when a stage ends. Work inside work (begin inside begin) shares the line of the outer one: its name stays, the
 * counts are those of the innermost. */
#pragma once

#include "harness/base/progress.h"

#include <stdbool.h>

enum { PROGRESS_DEPTH = 8 };

typedef struct TerminalProgress {
    Progress base;
    bool terminal;
    int columns; /* of the terminal */
    size_t depth;
    struct Level {
        char what[160], unit[32];
        size_t total, done;
        double started;
    } levels[PROGRESS_DEPTH];
    double drawn;
    bool line_open; /* a line that is to be overwritten stands on the terminal */
} TerminalProgress;

void progress_terminal_init(TerminalProgress *p);
/* Leaves the terminal with a clean line, also after a failure in the middle of work. */
void progress_terminal_finish(TerminalProgress *p);
