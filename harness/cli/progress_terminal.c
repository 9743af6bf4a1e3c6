/* The Progress hooks over a stack of levels; what lies deeper than PROGRESS_DEPTH is counted and not drawn. The clock
 * decides when to draw, as work may step many thousand times a second. */
#include "harness/cli/progress_terminal.h"

#include "harness/base/clock.h"
#include "harness/base/shown.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void clear_line(TerminalProgress *p)
{
    if (p->line_open) fputs("\r\033[K", stderr);
    p->line_open = false;
}

static void format_time(char *text, size_t size, double seconds)
{
    const long s = (long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(text, size, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, size, "%ld:%02ld", s / 60, s % 60);
}

/* "1200/2000 images  352.1/s  0:02 left" */
static void format_counts(char *text, size_t size, const struct Level *level, double at)
{
    const double seconds = at - level->started, rate = seconds > 0 ? (double)level->done / seconds : 0;
    char left[32] = "";
    if (level->total == 0) {
        if (level->done == 0)
            *text = 0;
        else
            snprintf(text, size, "%zu %s  %.1f/s", level->done, level->unit, rate);
        return;
    }
    if (rate > 0 && level->done < level->total)
        format_time(left, sizeof left, (double)(level->total - level->done) / rate);
    snprintf(text, size, "%zu/%zu %s  %.1f/s%s%s%s", level->done, level->total, level->unit, rate, *left ? "  " : "",
             left, *left ? " left" : "");
}

static void draw(TerminalProgress *p)
{
    if (!p->terminal || p->depth == 0) return;
    const double at = seconds_now();
    if (at - p->drawn < 0.1) return;
    p->drawn = at;
    char counts[160], line[400];
    format_counts(counts, sizeof counts, &p->levels[p->depth - 1], at);
    snprintf(line, sizeof line, "%s  %s", p->levels[0].what, counts);
    if (p->columns > 1 && strlen(line) >= (size_t)p->columns)
        line[p->columns - 1] = 0; /* a wrapped line cannot be redrawn */
    fprintf(stderr, "\r\033[K%s", line);
    fflush(stderr);
    p->line_open = true;
}

static void name_level(struct Level *level, const char *what)
{
    char *plain = shown(what);
    snprintf(level->what, sizeof level->what, "%s", plain);
    free(plain);
}

static void begin(Progress *progress, const char *what, size_t total, const char *unit)
{
    TerminalProgress *p = (TerminalProgress *)progress;
    if (p->depth < PROGRESS_DEPTH) {
        struct Level *level = &p->levels[p->depth];
        *level = (struct Level){.total = total, .started = seconds_now()};
        name_level(level, what);
        snprintf(level->unit, sizeof level->unit, "%s", unit ? unit : "");
    }
    p->depth++;
    if (p->depth <= PROGRESS_DEPTH) draw(p);
}

static void step(Progress *progress, size_t done)
{
    TerminalProgress *p = (TerminalProgress *)progress;
    if (p->depth == 0 || p->depth > PROGRESS_DEPTH) return;
    p->levels[p->depth - 1].done = done;
    draw(p);
}

static void note(Progress *progress, const char *sentence)
{
    char *plain = shown(sentence);
    clear_line((TerminalProgress *)progress);
    fprintf(stderr, "%s\n", plain);
    free(plain);
}

static void end(Progress *progress)
{
    TerminalProgress *p = (TerminalProgress *)progress;
    if (p->depth == 0 || --p->depth > 0) return;
    const struct Level *level = &p->levels[0];
    clear_line(p);
    if (level->done < level->total) return; /* it failed on the way; the sentence about that follows */
    fprintf(stderr, "%s: ", level->what);
    if (level->done) fprintf(stderr, "%zu %s in ", level->done, level->unit);
    fprintf(stderr, "%.1f s\n", seconds_now() - level->started);
}

static void rename_level(Progress *progress, const char *what)
{
    TerminalProgress *p = (TerminalProgress *)progress;
    if (p->depth == 0 || p->depth > PROGRESS_DEPTH) return;
    name_level(&p->levels[p->depth - 1], what);
}

static void forget(Progress *progress)
{
    progress_terminal_finish((TerminalProgress *)progress);
}

void progress_terminal_init(TerminalProgress *p)
{
    *p = (TerminalProgress){.base = {begin, step, note, end, rename_level, forget}, .terminal = isatty(STDERR_FILENO)};
    struct winsize size;
    if (p->terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0) p->columns = size.ws_col;
}

void progress_terminal_finish(TerminalProgress *p)
{
    clear_line(p);
    p->depth = 0;
}
