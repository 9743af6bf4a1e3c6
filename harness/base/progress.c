/* Passes each call on to whoever draws; without a Progress, or without one of the two hooks that may be missing,
 * nothing happens. */
#include "harness/base/progress.h"

#include <stdarg.h>
#include <stdio.h>

void progress_begin(Progress *progress, const char *what, size_t total, const char *unit)
{
    if (progress && progress->begin) progress->begin(progress, what, total, unit);
}

void progress_step(Progress *progress, size_t done)
{
    if (progress && progress->step) progress->step(progress, done);
}

void progress_note(Progress *progress, const char *format, ...)
{
    if (!progress || !progress->note) return;
    char sentence[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    progress->note(progress, sentence);
}

void progress_end(Progress *progress)
{
    if (progress && progress->end) progress->end(progress);
}

void progress_rename(Progress *progress, const char *what)
{
    if (progress && progress->rename) progress->rename(progress, what);
}

void progress_forget(Progress *progress)
{
    if (progress && progress->forget) progress->forget(progress);
}

static void part_begin(Progress *base, const char *what, size_t total, const char *unit)
{
    (void)what, (void)unit;
    ((ProgressPart *)base)->steps = total;
}

static void part_step(Progress *base, size_t done)
{
    const ProgressPart *p = (ProgressPart *)base;
    const size_t units = p->steps ? done * p->count / p->steps : done;
    progress_step(p->whole, p->first + (units < p->count ? units : p->count));
}

static void part_note(Progress *base, const char *sentence)
{
    progress_note(((ProgressPart *)base)->whole, "%s", sentence);
}

ProgressPart progress_part(Progress *whole, size_t first, size_t count)
{
    return (ProgressPart){.base = {.begin = part_begin, .step = part_step, .note = part_note},
                          .whole = whole,
                          .first = first,
                          .count = count};
}
