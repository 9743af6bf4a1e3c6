/* Passes each call on to whoever draws; without a Progress, or without one of the two hooks that may be missing,
 * nothing happens. */
#include "harness/base/progress.h"

#include <stdarg.h>
#include <stdio.h>

void progress_begin(Progress *progress, const char *what, size_t total, const char *unit)
{
    if (progress) progress->begin(progress, what, total, unit);
}

void progress_step(Progress *progress, size_t done)
{
    if (progress) progress->step(progress, done);
}

void progress_note(Progress *progress, const char *format, ...)
{
    if (!progress) return;
    char sentence[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    progress->note(progress, sentence);
}

void progress_end(Progress *progress)
{
    if (progress) progress->end(progress);
}

void progress_rename(Progress *progress, const char *what)
{
    if (progress && progress->rename) progress->rename(progress, what);
}

void progress_forget(Progress *progress)
{
    if (progress && progress->forget) progress->forget(progress);
}
