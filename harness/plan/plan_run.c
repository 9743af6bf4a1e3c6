/* Every stage has a state; the next to run is the first that waits and whose inputs are there. A failure goes forward
 * through the list once, as inputs stand before their users. A second generator waits while one runs (the header says
 * why), and what stands behind it may go first. */
#include "harness/plan/plan_run.h"

#include <stdlib.h>
#include <string.h>

static void note_damaged(const Plan *plan, const Session *session)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->stages[i]->wanted && path_exists(plan->stages[i]->path))
            progress_note(session->progress, "%s: damaged; it is made again", plan->stages[i]->path);
}

/* Inputs stand before what uses them. */
static size_t place_of(const Plan *plan, const Stage *s, size_t before)
{
    while (before > 0 && plan->stages[before] != s) before--;
    return before;
}

bool plan_run_begin(PlanRun *r, const Plan *plan, Session *session)
{
    *r = (PlanRun){.plan = plan,
                   .states = xcalloc(plan->count + 1, sizeof *r->states),
                   .sentences = xcalloc(plan->count + 1, sizeof *r->sentences),
                   .inputs = xcalloc(plan->count + 1, sizeof *r->inputs)};
    for (size_t i = 0; i < plan->count; i++) {
        const Stage *s = plan->stages[i];
        if (stage_is_result(s) && s->stored) store_touch(s->path);
        if (s->wanted) r->states[i] = STAGE_WAITING;
        for (size_t k = 0; k < s->input_count; k++) r->inputs[i][k] = place_of(plan, s->inputs[k].stage, i);
    }
    store_sweep(session->store);
    for (size_t i = 0; i < plan->failures.count && plan->wanted; i++)
        progress_note(session->progress, "%s; the others go on", plan->failures.items[i]);
    note_damaged(plan, session);
    if (plan->wanted == 0 && plan->failures.count == 0)
        progress_note(session->progress, "nothing to do: all %zu results are stored in %s", plan->results,
                      session->store);
    return plan->wanted > 0;
}

static bool inputs_are_there(const PlanRun *r, size_t i)
{
    for (size_t k = 0; k < r->plan->stages[i]->input_count; k++) {
        const StageState state = r->states[r->inputs[i][k]];
        if (state != STAGE_IDLE && state != STAGE_DONE) return false;
    }
    return true;
}

static bool generator_runs(const PlanRun *r)
{
    for (size_t i = 0; i < r->plan->count; i++)
        if (r->states[i] == STAGE_RUNNING && r->plan->stages[i]->kind == &stage_generate) return true;
    return false;
}

size_t plan_run_next(PlanRun *r)
{
    const bool generating = generator_runs(r);
    for (size_t i = 0; i < r->plan->count; i++) {
        if (r->states[i] != STAGE_WAITING || !inputs_are_there(r, i)) continue;
        if (generating && r->plan->stages[i]->kind == &stage_generate) continue;
        r->states[i] = STAGE_RUNNING;
        r->started++;
        r->running++;
        return i;
    }
    return PLAN_NONE;
}

void plan_run_done(PlanRun *r, size_t i)
{
    r->states[i] = STAGE_DONE;
    r->running--;
}

void plan_run_failed(PlanRun *r, size_t i, const char *sentence)
{
    r->states[i] = STAGE_FAILED;
    r->sentences[i] = xstrdup(sentence);
    r->running--;
    for (size_t k = i + 1; k < r->plan->count; k++) {
        const Stage *s = r->plan->stages[k];
        for (size_t n = 0; n < s->input_count && r->states[k] == STAGE_WAITING; n++) {
            const StageState state = r->states[r->inputs[k][n]];
            if (state == STAGE_FAILED || state == STAGE_HELD) r->states[k] = STAGE_HELD;
        }
    }
}

char *plan_run_title(const PlanRun *r, size_t i)
{
    return xformat("[%zu/%zu] %s", r->started, r->plan->wanted, r->plan->stages[i]->label);
}

/* ---- what failed ---- */

/* Why stage i is not there; NULL when it is, or when nobody came to try. */
static const char *reason(const PlanRun *r, size_t i)
{
    if (r->states[i] == STAGE_FAILED) return r->sentences[i];
    const Stage *s = r->plan->stages[i];
    const char *found = NULL;
    for (size_t k = 0; r->states[i] == STAGE_HELD && k < s->input_count && !found; k++)
        found = reason(r, r->inputs[i][k]);
    return found;
}

/* Whether a stage is what somebody asked for, and not only on the way to it. */
static bool is_end(const Plan *plan, size_t i)
{
    if (plan->stages[i]->asked) return true;
    for (size_t k = i + 1; k < plan->count; k++)
        for (size_t n = 0; n < plan->stages[k]->input_count; n++)
            if (plan->stages[k]->inputs[n].stage == plan->stages[i]) return false;
    return true;
}

char *plan_failure(const char *name, const char *sentence)
{
    const size_t length = strlen(name);
    const bool named = strncmp(sentence, name, length) == 0 && sentence[length] == ':';
    return named ? xstrdup(sentence) : xformat("%s: %s", name, sentence);
}

static void add_failure(TextList *failures, const char *name, const char *sentence)
{
    char *line = plan_failure(name, sentence);
    bool known = false; /* other seeds of an experiment fail alike */
    for (size_t i = 0; i < failures->count; i++) known |= strcmp(failures->items[i], line) == 0;
    if (!known) text_list_add(failures, line);
    free(line);
}

/* "2 of 24 experiments failed: a, b"; of a single experiment, only why. */
static bool summary(const Plan *plan, const TextList *failures, size_t first, const TextList *names, Error *err)
{
    const char *only = failures->items[first];
    if (failures->count - first == 1) {
        if (names->count == 0) return fail(err, "%s", only); /* the judge */
        if (plan->experiments == 1) return fail(err, "%s", only + strlen(names->items[0]) + 2);
        return fail(err, "1 of %zu experiments failed: %s", plan->experiments, only);
    }
    Text text = {0};
    for (size_t i = 0; i < names->count; i++) text_addf(&text, "%s%s", i ? ", " : ": ", names->items[i]);
    fail(err, "%zu of %zu experiments failed%.900s", names->count, plan->experiments, text.data ? text.data : "");
    text_free(&text);
    return false;
}

static void add_name(TextList *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0) return;
    text_list_add(names, name);
}

static void free_run(PlanRun *r)
{
    for (size_t i = 0; i < r->plan->count; i++) free(r->sentences[i]);
    free(r->states);
    free(r->inputs);
    free(r->sentences);
    *r = (PlanRun){0};
}

bool plan_run_end(PlanRun *r, TextList *failures, Error *err)
{
    const Plan *plan = r->plan;
    const size_t first = failures->count;
    TextList names = {0};
    for (size_t i = 0; i < plan->failures.count; i++) {
        const char *line = plan->failures.items[i], *colon = strstr(line, ": ");
        char *name = xformat("%.*s", (int)(colon - line), line);
        text_list_add(failures, line);
        add_name(&names, name);
        free(name);
    }
    for (size_t i = 0; i < plan->count; i++) {
        const Stage *s = plan->stages[i];
        const char *why = reason(r, i);
        if (!why || !is_end(plan, i)) continue;
        const bool judge = s->kind == &stage_judge; /* is no experiment's */
        add_failure(failures, judge ? s->label : s->experiment->name, why);
        if (!judge) add_name(&names, s->experiment->name);
    }
    free_run(r);
    const bool good = failures->count == first || summary(plan, failures, first, &names, err);
    text_list_free(&names);
    return good;
}

/* ---- here, one stage after the other ---- */

bool plan_run_here(const Plan *plan, Session *session, TextList *failures, Error *err)
{
    PlanRun r;
    plan_run_begin(&r, plan, session);
    for (size_t i; (i = plan_run_next(&r)) != PLAN_NONE;) {
        char *title = plan_run_title(&r, i);
        bool made;
        progress_begin(session->progress, title, 0, "");
        if (store_make(session, plan->stages[i], &made, err)) {
            progress_end(session->progress);
            plan_run_done(&r, i);
        } else {
            progress_forget(session->progress);
            if (plan->experiments > 1) progress_note(session->progress, "%s: failed", title);
            plan_run_failed(&r, i, err->text);
        }
        free(title);
    }
    return plan_run_end(&r, failures, err);
}

bool plan_run(const Plan *plan, Session *session, Error *err)
{
    TextList failures = {0};
    const bool good = plan_run_here(plan, session, &failures, err);
    text_list_free(&failures);
    return good;
}
