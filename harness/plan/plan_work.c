/* Every stage has a state; the next to make is the first that waits and whose inputs are there. A failure goes forward
 * through the list once, as inputs stand before their users. A second generator waits while one works (the header says
 * why), and what stands behind it may go first. */
#include "harness/plan/plan_work.h"

#include <stdlib.h>
#include <string.h>

static void note_damaged(const Plan *plan, const Session *session)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->stages[i]->wanted && path_exists(plan->stages[i]->path))
            progress_note(session->progress, "%s: damaged; it is made again", plan->stages[i]->path);
}

static void note_left_out(const Plan *plan, const Session *session)
{
    TextList lines = {0};
    plan_left_out(plan, &lines);
    for (size_t i = 0; i < lines.count; i++) progress_note(session->progress, "%s", lines.items[i]);
    text_list_free(&lines);
}

/* Inputs stand before what uses them. */
static size_t place_of(const Plan *plan, const Stage *s, size_t before)
{
    while (before > 0 && plan->stages[before] != s) before--;
    return before;
}

bool plan_work_begin(PlanWork *w, const Plan *plan, Session *session)
{
    *w = (PlanWork){.plan = plan,
                    .drop_local = session->drop_local,
                    .states = xcalloc(plan->count + 1, sizeof *w->states),
                    .sentences = xcalloc(plan->count + 1, sizeof *w->sentences),
                    .inputs = xcalloc(plan->count + 1, sizeof *w->inputs)};
    for (size_t i = 0; i < plan->count; i++) {
        const Stage *s = plan->stages[i];
        if (stage_is_result(s) && s->stored) store_touch(s->path);
        if (s->wanted) w->states[i] = STAGE_WAITING;
        for (size_t k = 0; k < s->input_count; k++) w->inputs[i][k] = place_of(plan, s->inputs[k].stage, i);
    }
    store_sweep(session->store);
    for (size_t i = 0; i < plan->failures.count && plan->wanted; i++)
        progress_note(session->progress, "%s; the others go on", plan->failures.items[i]);
    note_left_out(plan, session);
    note_damaged(plan, session);
    if (plan->wanted == 0 && plan->failures.count == 0)
        progress_note(session->progress, "nothing to do: all %zu results are stored in %s", plan->results,
                      session->store);
    return plan->wanted > 0;
}

static bool inputs_are_there(const PlanWork *w, size_t i)
{
    for (size_t k = 0; k < w->plan->stages[i]->input_count; k++) {
        const StageState state = w->states[w->inputs[i][k]];
        if (state != STAGE_IDLE && state != STAGE_DONE) return false;
    }
    return true;
}

static bool generator_works(const PlanWork *w)
{
    for (size_t i = 0; i < w->plan->count; i++)
        if (w->states[i] == STAGE_IN_WORK && w->plan->stages[i]->kind == &stage_generate) return true;
    return false;
}

size_t plan_work_next(PlanWork *w)
{
    const bool generating = generator_works(w);
    for (size_t i = 0; i < w->plan->count; i++) {
        if (w->states[i] != STAGE_WAITING || !inputs_are_there(w, i)) continue;
        if (generating && w->plan->stages[i]->kind == &stage_generate) continue;
        w->states[i] = STAGE_IN_WORK;
        w->started++;
        w->in_work++;
        return i;
    }
    return PLAN_NONE;
}

static bool has_local(const Stage *s)
{
    if (s->kind == &stage_encode_text) return true;
    return s->kind == &stage_encode_image && ((const EncodeImageParameters *)s->parameters)->encode.want_local;
}

static bool is_waited_for(const PlanWork *w, size_t i)
{
    for (size_t k = i + 1; k < w->plan->count; k++)
        for (size_t n = 0; n < w->plan->stages[k]->input_count; n++)
            if (w->inputs[k][n] == i && (w->states[k] == STAGE_WAITING || w->states[k] == STAGE_IN_WORK)) return true;
    return false;
}

/* Features are the largest part of a store, and what was made from them stays. */
static void drop_inputs(const PlanWork *w, size_t i)
{
    for (size_t n = 0; n < w->plan->stages[i]->input_count; n++) {
        const size_t input = w->inputs[i][n];
        const Stage *s = w->plan->stages[input];
        if (has_local(s) && !is_waited_for(w, input)) store_drop(s->path);
    }
}

void plan_work_done(PlanWork *w, size_t i)
{
    w->states[i] = STAGE_DONE;
    w->in_work--;
    if (w->drop_local) drop_inputs(w, i);
}

void plan_work_failed(PlanWork *w, size_t i, const char *sentence)
{
    w->states[i] = STAGE_FAILED;
    w->sentences[i] = xstrdup(sentence);
    w->in_work--;
    for (size_t k = i + 1; k < w->plan->count; k++) {
        const Stage *s = w->plan->stages[k];
        for (size_t n = 0; n < s->input_count && w->states[k] == STAGE_WAITING; n++) {
            const StageState state = w->states[w->inputs[k][n]];
            if (state == STAGE_FAILED || state == STAGE_HELD) w->states[k] = STAGE_HELD;
        }
    }
}

char *plan_work_title(const PlanWork *w, size_t i)
{
    return xformat("[%zu/%zu] %s", w->started, w->plan->wanted, w->plan->stages[i]->label);
}

/* ---- what failed ---- */

/* Why stage i is not there; NULL when it is, or when nobody came to try. */
static const char *reason(const PlanWork *w, size_t i)
{
    if (w->states[i] == STAGE_FAILED) return w->sentences[i];
    const Stage *s = w->plan->stages[i];
    const char *found = NULL;
    for (size_t k = 0; w->states[i] == STAGE_HELD && k < s->input_count && !found; k++)
        found = reason(w, w->inputs[i][k]);
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
    text_list_add_once(failures, line); /* other seeds of an experiment fail alike */
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

static void free_run(PlanWork *w)
{
    for (size_t i = 0; i < w->plan->count; i++) free(w->sentences[i]);
    free(w->states);
    free(w->inputs);
    free(w->sentences);
    *w = (PlanWork){0};
}

bool plan_work_end(PlanWork *w, TextList *failures, Error *err)
{
    const Plan *plan = w->plan;
    const size_t first = failures->count;
    TextList names = {0};
    for (size_t i = 0; i < plan->failures.count; i++) {
        const char *line = plan->failures.items[i], *colon = strstr(line, ": ");
        char *name = xformat("%.*s", (int)(colon - line), line);
        text_list_add(failures, line);
        text_list_add_once(&names, name);
        free(name);
    }
    for (size_t i = 0; i < plan->count; i++) {
        const Stage *s = plan->stages[i];
        const char *why = reason(w, i);
        if (!why || !is_end(plan, i)) continue;
        const bool judge = s->kind == &stage_judge; /* is no experiment's */
        add_failure(failures, judge ? s->label : s->experiment->name, why);
        if (!judge) text_list_add_once(&names, s->experiment->name);
    }
    free_run(w);
    const bool good = failures->count == first || summary(plan, failures, first, &names, err);
    text_list_free(&names);
    return good;
}

/* ---- here, one stage after the other ---- */

bool plan_work_here(const Plan *plan, Session *session, TextList *failures, Error *err)
{
    PlanWork w;
    plan_work_begin(&w, plan, session);
    for (size_t i; (i = plan_work_next(&w)) != PLAN_NONE;) {
        char *title = plan_work_title(&w, i);
        bool made;
        progress_begin(session->progress, title, 0, "");
        if (store_make(session, plan->stages[i], &made, err)) {
            progress_end(session->progress);
            plan_work_done(&w, i);
        } else {
            progress_forget(session->progress);
            if (plan->experiments > 1) progress_note(session->progress, "%s: failed", title);
            plan_work_failed(&w, i, err->text);
        }
        free(title);
    }
    return plan_work_end(&w, failures, err);
}

bool plan_work(const Plan *plan, Session *session, Error *err)
{
    TextList failures = {0};
    const bool good = plan_work_here(plan, session, &failures, err);
    text_list_free(&failures);
    return good;
}
