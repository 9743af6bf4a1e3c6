/* The parent's side: a pair of sockets a worker, one poll over them all. Lines of text go over them: to the worker a
 * stage's hash, back "note SENTENCE", "done" or "failed SENTENCE" (worker.c). A worker that ends costs the stage that
 * it had, and the next stage starts another one. */
#include "harness/cli/jobs.h"

#include "harness/base/clock.h"
#include "harness/base/memory.h"

#include <omp.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

typedef struct Worker {
    pid_t process; /* 0: not started */
    int socket;
    size_t stage; /* that it runs; PLAN_NONE: it waits */
    double started;
    char *title;
    Text heard; /* what it has said of a line so far */
} Worker;

typedef struct Jobs {
    const Cli *cli;
    Session *session;
    PlanWork work;
    Worker *workers; /* [count] */
    size_t count;
} Jobs;

/* ---- starting ---- */

/* The parent's command line with --worker. */
static void worker_arguments(const Cli *cli, TextList *arguments)
{
    static const char *const for_parent[] = {"jobs", "threads", "quiet", "worker", NULL};
    char numbers[96];
    snprintf(numbers, sizeof numbers, "--threads=%d", omp_get_max_threads());
    text_list_add(arguments, cli->program);
    text_list_add(arguments, cli->command->name);
    text_list_add(arguments, "--quiet");
    text_list_add(arguments, numbers);
    snprintf(numbers, sizeof numbers, "--worker=%ld", (long)getpid());
    text_list_add(arguments, numbers);
    cli_repeat(cli, for_parent, arguments);
}

static int spawn(const Cli *cli, int socket, pid_t *process)
{
    TextList arguments = {0};
    worker_arguments(cli, &arguments);
    char **argv = xcalloc(arguments.count + 1, sizeof *argv);
    memcpy(argv, arguments.items, arguments.count * sizeof *argv);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO);
    const int status = posix_spawn(process, "/proc/self/exe", &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    free(argv);
    text_list_free(&arguments);
    return status;
}

static bool start(const Cli *cli, Worker *w, Error *err)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return fail(err, "no connection to another process could be made; use fewer --jobs");
    const int status = spawn(cli, ends[1], &w->process);
    close(ends[1]);
    if (status == 0) {
        w->socket = ends[0];
        return true;
    }
    close(ends[0]);
    w->process = 0;
    return fail(err, "another process could not be started: %s; use fewer --jobs", strerror(status));
}

/* ---- handing out ---- */

static void forget_stage(Worker *w)
{
    free(w->title);
    w->title = NULL;
    w->stage = PLAN_NONE;
}

static void stage_failed(Jobs *j, Worker *w, const char *sentence)
{
    if (j->work.plan->experiments > 1) progress_note(j->session->progress, "%s: failed", w->title);
    plan_work_failed(&j->work, w->stage, sentence);
    forget_stage(w);
}

static void stage_done(Jobs *j, Worker *w)
{
    progress_note(j->session->progress, "%s: %.1f s", w->title, seconds_now() - w->started);
    plan_work_done(&j->work, w->stage);
    forget_stage(w);
}

/* What a worker's end means for the stage that it had, if it had one. */
static void bury(Jobs *j, Worker *w)
{
    int status = 0;
    close(w->socket);
    waitpid(w->process, &status, 0);
    w->process = 0;
    text_free(&w->heard);
    if (w->stage == PLAN_NONE) return;
    char sentence[256];
    if (WIFSIGNALED(status))
        snprintf(sentence, sizeof sentence, "its process was killed by signal %d (%s)%s", WTERMSIG(status),
                 strsignal(WTERMSIG(status)),
                 WTERMSIG(status) == SIGKILL ? "; if memory ran out, use fewer --jobs" : "");
    else
        snprintf(sentence, sizeof sentence, "its process ended with status %d", WEXITSTATUS(status));
    stage_failed(j, w, sentence);
}

static void hand_out(Jobs *j, Worker *w, size_t stage)
{
    Error err;
    w->stage = stage;
    w->title = plan_work_title(&j->work, stage);
    w->started = seconds_now();
    if (!w->process && !start(j->cli, w, &err)) {
        stage_failed(j, w, err.text);
        return;
    }
    char line[80];
    const int length = snprintf(line, sizeof line, "%s\n", j->work.plan->stages[stage]->hash);
    if (send(w->socket, line, (size_t)length, MSG_NOSIGNAL) != length) bury(j, w);
}

static void hand_out_all(Jobs *j)
{
    for (size_t i = 0; i < j->count; i++) {
        size_t stage;
        while (j->workers[i].stage == PLAN_NONE && (stage = plan_work_next(&j->work)) != PLAN_NONE)
            hand_out(j, &j->workers[i], stage);
    }
}

/* ---- listening ---- */

static void hear_line(Jobs *j, Worker *w, const char *line)
{
    if (strncmp(line, "note ", 5) == 0)
        progress_note(j->session->progress, "%s", line + 5);
    else if (w->stage != PLAN_NONE && strcmp(line, "done") == 0)
        stage_done(j, w);
    else if (w->stage != PLAN_NONE && strncmp(line, "failed ", 7) == 0)
        stage_failed(j, w, line + 7);
}

static void hear(Jobs *j, Worker *w)
{
    char bytes[4096];
    const ssize_t count = recv(w->socket, bytes, sizeof bytes, 0);
    if (count <= 0) {
        bury(j, w);
        return;
    }
    for (ssize_t i = 0; i < count; i++) {
        if (bytes[i] != '\n') {
            text_add_bytes(&w->heard, &bytes[i], 1);
            continue;
        }
        if (w->heard.length) hear_line(j, w, w->heard.data);
        text_free(&w->heard);
    }
}

static void wait_for_any(Jobs *j)
{
    struct pollfd polled[JOBS_MAX];
    Worker *who[JOBS_MAX];
    nfds_t count = 0;
    for (size_t i = 0; i < j->count; i++) {
        if (!j->workers[i].process) continue;
        who[count] = &j->workers[i];
        polled[count++] = (struct pollfd){.fd = j->workers[i].socket, .events = POLLIN};
    }
    if (poll(polled, count, -1) <= 0) return; /* a signal; they are asked again */
    for (nfds_t i = 0; i < count; i++)
        if (polled[i].revents) hear(j, who[i]);
}

static void dismiss(Jobs *j)
{
    for (size_t i = 0; i < j->count; i++)
        if (j->workers[i].process) bury(j, &j->workers[i]);
}

bool jobs_run(const Cli *cli, const Plan *plan, Session *session, size_t jobs, TextList *failures, Error *err)
{
    Jobs j = {.cli = cli, .session = session, .workers = xcalloc(jobs, sizeof *j.workers), .count = jobs};
    for (size_t i = 0; i < jobs; i++) j.workers[i].stage = PLAN_NONE;
    plan_work_begin(&j.work, plan, session);
    size_t done = 0;
    progress_begin(session->progress, "stages", plan->wanted, "stages");
    for (hand_out_all(&j); j.work.in_work; hand_out_all(&j)) {
        wait_for_any(&j);
        progress_step(session->progress, done = j.work.started - j.work.in_work);
    }
    if (done == plan->wanted) progress_end(session->progress);
    progress_forget(session->progress);
    dismiss(&j);
    free(j.workers);
    return plan_work_end(&j.work, failures, err);
}
