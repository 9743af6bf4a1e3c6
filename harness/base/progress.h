/* Progress of long work. The work calls progress_step; whoever started it decides what a person sees (harness/cli
 * draws a line with rate and time left on a terminal, quiet plain lines when piped). All functions accept NULL: no
 * progress. */
#pragma once

#include <stddef.h>

typedef struct Progress Progress;
struct Progress {                                                                /* what is NULL is not asked for */
    void (*begin)(Progress *, const char *what, size_t total, const char *unit); /* total 0: not known */
    void (*step)(Progress *, size_t done);
    void (*note)(Progress *, const char *sentence); /* a remark worth a line of its own */
    void (*end)(Progress *);
    void (*rename)(Progress *, const char *what);
    void (*forget)(Progress *);
};

void progress_begin(Progress *progress, const char *what, size_t total, const char *unit);
void progress_step(Progress *progress, size_t done); /* done so far, not an increment */
void progress_note(Progress *progress, const char *format, ...) __attribute__((format(printf, 2, 3)));
void progress_end(Progress *progress);
/* Another name for what was begun last: "picture 3 of 10, step 4 of 25". */
void progress_rename(Progress *progress, const char *what);
/* Work has failed on the way, and other work follows: forgets all that was begun and not ended. */
void progress_forget(Progress *progress);

/* Progress of work that is a part of a larger one, which whoever begins and ends `whole` reports: the units first ...
 * first + count - 1 of it. The part's own begin says how many steps they are (without it, or with 0, a step is a
 * unit). Its remarks pass through, unless base.note is set to NULL. */
typedef struct ProgressPart {
    Progress base; /* hand &part.base to the work */
    Progress *whole;
    size_t first, count, steps;
} ProgressPart;
ProgressPart progress_part(Progress *whole, size_t first, size_t count);
