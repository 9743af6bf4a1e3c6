/* Progress of long work. The work calls progress_step; whoever started it decides what a person sees (harness/cli draws
 * a line with rate and time left on a terminal, quiet plain lines when piped). All functions accept NULL: no progress. */
#pragma once

#include <stddef.h>

typedef struct Progress Progress;
struct Progress {
    void (*begin)(Progress *, const char *what, size_t total, const char *unit); /* total 0: not known */
    void (*step)(Progress *, size_t done);
    void (*note)(Progress *, const char *sentence); /* a remark worth a line of its own */
    void (*end)(Progress *);
    void (*rename)(Progress *, const char *what); /* NULL: names stay */
    void (*forget)(Progress *);                   /* NULL: nothing to forget */
};

void progress_begin(Progress *progress, const char *what, size_t total, const char *unit);
void progress_step(Progress *progress, size_t done); /* done so far, not an increment */
void progress_note(Progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));
void progress_end(Progress *progress);
/* Another name for what was begun last: "picture 3 of 10, step 4 of 25". */
void progress_rename(Progress *progress, const char *what);
/* Work has failed on the way, and other work follows: forgets all that was begun and not ended. */
void progress_forget(Progress *progress);
