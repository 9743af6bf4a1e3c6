/* The other end of jobs.c: a process that runs the stages it is told. */
#include "harness/base/memory.h"
#include "harness/cli/jobs.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* One line: "WORD SENTENCE". */
static void say(const char *word, const char *sentence)
{
    fputs(word, stdout);
    if (*sentence) putchar(' ');
    for (const char *c = sentence; *c; c++) putchar(*c == '\n' ? ' ' : *c);
    putchar('\n');
    fflush(stdout);
}

/* Remarks go to the parent, who has the terminal; how far a stage is, nobody asks. */
static void pass_note(Progress *p, const char *sentence)
{
    (void)p;
    say("note", sentence);
}

/* Dies with its parent, also when that one was gone before the kernel could be asked. */
static bool tie_to_parent(const Cli *cli, Error *err)
{
    const long parent = strtol(cli_value(cli, "worker"), NULL, 10);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != (pid_t)parent)
        return fail(err, "the process that wanted this one is gone");
    return true;
}

static const Stage *find(const Plan *plan, const char *hash)
{
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->stages[i]->hash, hash) == 0) return plan->stages[i];
    return NULL;
}

bool jobs_work(const Cli *cli, const Plan *plan, Session *session, Error *err)
{
    Progress progress = {.note = pass_note};
    char line[128];
    if (!tie_to_parent(cli, err)) return false;
    session->progress = &progress;
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        const Stage *s = find(plan, line);
        bool made;
        if (!s)
            say("failed", "the experiments, models or data changed while they ran; run it again");
        else if (store_make(session, s, &made, err))
            say("done", "");
        else
            say("failed", err->text);
    }
    session->progress = NULL;
    return true;
}
