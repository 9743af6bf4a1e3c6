/* A handler may do hardly anything: it writes what was made ready, and leaves. Nothing needs to be put in order: files get their names when
 * they are whole, and the kernel drops the locks of the others, which the next run sweeps. */
#include "harness/cli/interrupt.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static char line[512];
static size_t length;

static void leave(int signal)
{
    const ssize_t written = write(STDERR_FILENO, line, length);
    (void)written;
    _exit(128 + signal);
}

void interrupt_prepare(const char *kept)
{
    static const int signals[] = {SIGINT, SIGTERM};
    const char *clear = isatty(STDERR_FILENO) ? "\r\033[K" : ""; /* of a line of progress */
    const int bytes = kept ? snprintf(line, sizeof line, "%spalbench: interrupted; %s\n", clear, kept) : 0;
    length = bytes > 0 && (size_t)bytes < sizeof line ? (size_t)bytes : 0;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        struct sigaction now, action = {.sa_handler = leave};
        if (sigaction(signals[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN) sigaction(signals[i], &action, NULL);
    }
}
