/* Waiting: on NFS a file that another host has renamed into its place may stay unseen here until what this host remembers
 * of the folder is a minute old. Opening the folder makes the client ask the server again. */
#include "harness/cluster/task_run.h"

#include "harness/base/clock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const Stage *stage_with(const Plan *plan, const char *hash)
{
    for (size_t i = 0; i < plan->count; i++)
        if (strcmp(plan->stages[i]->hash, hash) == 0) return plan->stages[i];
    return NULL;
}

bool task_check(const TaskRun *run, size_t task, Error *err)
{
    const PlannedTask *t = &run->file->tasks[task];
    for (size_t i = 0; i < t->count; i++) {
        const PlannedWork *w = &t->work[i];
        const Stage *s = w->hash ? stage_with(run->plan, w->hash) : NULL;
        if (w->hash && (!s || (w->shards.count && !s->kind->shards)))
            return fail(err,
                        "%s: task %zu: experiments, models, data or the program have changed since the plan was "
                        "exported (%s); nothing was done; export the plan anew",
                        run->file->path, task, w->what);
    }
    return true;
}

static bool is_done(const TaskRun *run, const PlannedWork *w)
{
    if (!w->hash) return run->report_stands(run->context);
    const Stage *s = stage_with(run->plan, w->hash);
    if (!s || !s->wanted || store_has(s->path)) return true;
    return w->shards.count && s->kind->shards && s->kind->shards->stand(run->session, s, w->shards);
}

bool task_is_missing(const TaskRun *run, size_t task)
{
    const PlannedTask *t = &run->file->tasks[task];
    for (size_t i = 0; i < t->count; i++)
        if (!is_done(run, &t->work[i])) return true;
    return false;
}

/* ---- waiting ---- */

static void rest(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
}

static void look_again(const char *path)
{
    char *folder = path_folder(path);
    const int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file >= 0) close(file);
    free(folder);
}

static bool wait_for(const TaskRun *run, const Stage *input, const char *what, Error *err)
{
    const double began = seconds_now();
    for (bool said = false; !store_has(input->path); said = true) {
        if (seconds_now() - began >= (double)run->wait)
            return fail(err, "%s: not there, and %s needs it; run the task that makes it (%s) first", input->path, what,
                        input->label);
        if (!said)
            progress_note(run->session->progress, "waits up to %zu s for %s, which another host may just have written",
                          run->wait, input->path);
        rest();
        look_again(input->path);
    }
    return true;
}

static bool wait_for_inputs(const TaskRun *run, const Stage *s, Error *err)
{
    for (size_t i = 0; i < s->input_count; i++)
        if (!wait_for(run, s->inputs[i].stage, s->label, err)) return false;
    return true;
}

/* Shards that other tasks have made: who did not see them would make them again. */
static void wait_for_shards(const TaskRun *run, const Stage *s)
{
    const double began = seconds_now();
    for (size_t i = 0; i < run->file->count; i++)
        for (size_t k = 0; k < run->file->tasks[i].count; k++) {
            const PlannedWork *w = &run->file->tasks[i].work[k];
            if (!w->shards.count || !w->hash || strcmp(w->hash, s->hash) != 0) continue;
            while (!s->kind->shards->stand(run->session, s, w->shards) && seconds_now() - began < (double)run->wait)
                rest(), look_again(s->path);
        }
}

/* ---- working ---- */

static bool do_stage(const TaskRun *run, const PlannedWork *w, const char *title, Error *err)
{
    const Stage *s = stage_with(run->plan, w->hash);
    bool made;
    if (!wait_for_inputs(run, s, err)) return false;
    if (!w->shards.count && s->kind->shards) wait_for_shards(run, s);
    progress_begin(run->session->progress, title, 0, "");
    const bool good = w->shards.count ? s->kind->shards->make(run->session, s, w->shards, err)
                                      : store_make(run->session, s, &made, err);
    if (good)
        progress_end(run->session->progress);
    else
        progress_forget(run->session->progress);
    return good;
}

static bool do_work(const TaskRun *run, size_t task, const PlannedWork *w, Error *err)
{
    if (is_done(run, w)) return true;
    if (!w->hash) return run->report(run->context, err);
    char *title = w->shards.count ? xformat("task %zu: %s, shards %zu to %zu", task, w->what, w->shards.first,
                                            w->shards.first + w->shards.count - 1)
                                  : xformat("task %zu: %s", task, w->what);
    const bool good = do_stage(run, w, title, err);
    free(title);
    return good;
}

bool task_run(const TaskRun *run, size_t task, Error *err)
{
    const PlannedTask *t = &run->file->tasks[task];
    if (!task_is_missing(run, task)) {
        progress_note(run->session->progress, "task %zu: nothing to do", task);
        return true;
    }
    for (size_t i = 0; i < t->count; i++)
        if (!do_work(run, task, &t->work[i], err)) return false;
    return true;
}

/* ---- several processes together ---- */

typedef struct Rank {
    const TaskRun *run;
    bool *done, *failed; /* [tasks] as far as this process knows */
} Rank;

static bool is_open(const Rank *r, size_t task)
{
    if (r->done[task] || r->failed[task]) return false;
    r->done[task] = !task_is_missing(r->run, task);
    return !r->done[task];
}

static bool needs_are_there(const Rank *r, size_t task)
{
    const PlannedTask *t = &r->run->file->tasks[task];
    for (size_t i = 0; i < t->need_count; i++)
        if (is_open(r, t->needs[i]) || r->failed[t->needs[i]]) return false;
    return true;
}

/* The first task of begin, begin + step, ... that is to be done and can be; *waits: there are others. SIZE_MAX: none. */
static size_t next_task(const Rank *r, size_t begin, size_t step, bool *waits)
{
    *waits = false;
    for (size_t i = begin; i < r->run->file->count; i += step) {
        if (!is_open(r, i)) continue;
        if (needs_are_there(r, i)) return i;
        *waits = true;
    }
    return SIZE_MAX;
}

static void do_task(const Rank *r, size_t task, Error *first, bool *good)
{
    Error later;
    if (task_run(r->run, task, *good ? first : &later))
        r->done[task] = true;
    else
        r->failed[task] = true, *good = false;
}

bool task_run_rank(const TaskRun *run, size_t from, size_t rank, size_t ranks, Error *err)
{
    Rank r = {run, xcalloc(run->file->count + 1, sizeof(bool)), xcalloc(run->file->count + 1, sizeof(bool))};
    double idle = seconds_now();
    bool good = true, waits, others;
    for (;;) {
        size_t task = next_task(&r, from + rank, ranks, &waits);
        if (task == SIZE_MAX && !waits) break;
        if (task ==
            SIZE_MAX) { /* another one's, when that takes too long; none can be done: what they need has failed */
            task = next_task(&r, from, 1, &others);
            if (task == SIZE_MAX) break;
            const double patience = (double)run->wait + 3 * run->file->tasks[task].seconds;
            if (seconds_now() - idle < patience) {
                rest();
                continue;
            }
        }
        do_task(&r, task, err, &good);
        idle = seconds_now();
    }
    free(r.done), free(r.failed);
    return good;
}
