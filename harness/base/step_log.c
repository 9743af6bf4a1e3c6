/* A line is put together in memory and handed over in one write of a file that was opened for appending. */
#include "harness/base/step_log.h"

#include "harness/base/clock.h"
#include "harness/base/memory.h"
#include "harness/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

bool step_log_open(StepLog *log, const char *path, Error *err)
{
    *log = (StepLog){.file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666)};
    return log->file >= 0 ||
           fail(err, "%s: cannot be written (%s); name another place with --log", path, strerror(errno));
}

void step_log_begin(StepLog *log, const char *experiment, int64_t seed)
{
    Text quoted = {0};
    text_add(&quoted, "\"");
    for (const char *c = experiment; *c; c++) {
        if (*c == '"' || *c == '\\') text_add(&quoted, "\\");
        if ((unsigned char)*c < 0x20)
            text_addf(&quoted, "\\u%04x", (unsigned)*c);
        else
            text_add_bytes(&quoted, c, 1);
    }
    text_add(&quoted, "\"");
    free(log->experiment);
    log->experiment = quoted.data;
    log->seed = seed;
    log->begun = seconds_now();
}

static double since_1970(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void step_log_step(StepLog *log, size_t step, double epoch, double loss, double lr)
{
    if (!log) return;
    char *line =
        xformat("{\"experiment\": %s, \"seed\": %lld, \"step\": %zu, \"epoch\": %.10g, \"loss\": %.9g, \"lr\": %.9g, "
                "\"seconds\": %.3f, \"time\": %.3f}\n",
                log->experiment, (long long)log->seed, step, epoch, loss, lr, seconds_now() - log->begun, since_1970());
    const size_t length = strlen(line);
    if (write(log->file, line, length) != (ssize_t)length) log->failed = true;
    free(line);
}

bool step_log_close(StepLog *log, const char *path, Error *err)
{
    const bool good = !log->failed & (close(log->file) == 0);
    free(log->experiment);
    *log = (StepLog){.file = -1};
    return good ||
           fail(err, "%s: lines are missing, as it could not be written to its end; make room on the disk", path);
}
