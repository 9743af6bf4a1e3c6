/* The stages of an experiment on the scores of others: those of its members' results, theirs first, and the one that makes
 * scores of theirs. */
#include "harness/base/hash.h"
#include "harness/experiments/book_plugins.h"
#include "harness/experiments/experiment_members.h"
#include "harness/plan/plan_internal.h"
#include "harness/results/results.h"

#include <stdlib.h>
#include <string.h>

typedef struct Member {
    Planner p;
    PlanInputs inputs;
    ResultList results; /* of a stored member */
    char *setting;
    struct Member *of; /* [p.e->members.count] of one that has members itself */
} Member;

static bool find_stored(Member *m, const Experiment *user, Error *err)
{
    const char *const names[] = {m->p.e->name, NULL};
    if (!results_load(m->p.session->store, names, &m->results, NULL, err))
        return fail(
            err,
            "%s: no result of %s is stored in %s; make it, or bring it in with: palbench import-scores FILE --as %s",
            user->name, names[0], m->p.session->store, names[0]);
    const StoredResult *r = &m->results.items[0];
    m->setting = xstrdup(r->setting);
    if (strcmp(r->dataset, user->dataset) == 0 && strcmp(r->protocol, user->protocol.name) == 0) return true;
    return fail_usage(err,
                      "%s: the stored result %s is on %s under the protocol %s, and is needed on %s under %s; "
                      "scores of the same images under one protocol are needed",
                      user->name, r->experiment, r->dataset, r->protocol, user->dataset, user->protocol.name);
}

static bool find_member(Member *m, const Planner *p, const Experiment *e, Error *err);

/* Whether what it works on, in the end, are stored results alone: they have all that is needed, and of a data set of which
 * somebody has nothing but scores there is nothing to open. */
static bool is_stored(const Experiment *e)
{
    bool stored = true;
    for (size_t k = 0; k < e->members.count; k++) stored = stored && is_stored(&e->members.items[k]);
    return e->members.count ? stored : e->stored;
}

/* Its data set, what it asks for beside scores, and its members. */
static bool find_members(Member *m, Error *err)
{
    const Experiment *e = m->p.e;
    if (!experiment_is_known(m->p.session->book, e, err)) return false;
    const unsigned needs = e->method->needs(&e->options);
    if (!is_stored(e) || (needs & NEED_CAPTIONS)) {
        m->p.dataset = session_dataset(m->p.session, e->dataset, e->protocol.test_set, e->limit, err);
        if (!m->p.dataset) return false;
    }
    if ((needs & NEED_CAPTIONS) && !(m->inputs.captions = plan_captions(&m->p, false, err))) return false;
    m->of = xcalloc(e->members.count, sizeof *m->of);
    for (size_t k = 0; k < e->members.count; k++)
        if (!find_member(&m->of[k], &m->p, &e->members.items[k], err)) return false;
    m->setting =
        e->members.count == 1 ? xstrdup(m->of[0].setting) : members_setting(m->of[0].setting, m->of[1].setting);
    return true;
}

static bool find_member(Member *m, const Planner *p, const Experiment *e, Error *err)
{
    *m = (Member){.p = {.plan = p->plan, .session = p->session, .e = e}};
    if (e->stored) return find_stored(m, p->e, err);
    if (e->members.count) return find_members(m, err);
    m->setting = experiment_setting(e);
    return plan_prepare(&m->p, &m->inputs, err);
}

static void member_free(Member *m)
{
    for (size_t k = 0; m->of && k < m->p.e->members.count; k++) member_free(&m->of[k]);
    free(m->of);
    results_free(&m->results);
    free(m->setting);
}

/* A file that is there already as a stage of the plan, so that others can have it as input; its bytes are its hash. */
static Stage *plan_stored(const Member *m, int64_t seed, Error *err)
{
    const StoredResult *found = NULL;
    for (size_t i = 0; i < m->results.count && !found; i++)
        if (m->results.count == 1 || m->results.items[i].seed == seed) found = &m->results.items[i];
    if (!found) {
        fail_usage(err, "%s: several seeds are stored, but not %lld; give it seeds that there are", m->p.e->name,
                   (long long)seed);
        return NULL;
    }
    Stage *s = plan_new_stage(&m->p, &stage_score);
    if (!hash_file(found->file, s->hash, err)) {
        stage_free(s);
        return NULL;
    }
    s->path = xstrdup(found->file);
    s->words = xstrdup(m->p.e->name);
    s->label = xformat("the stored result %s, seed %lld", m->p.e->name, (long long)found->seed);
    s->seed = found->seed;
    s = plan_keep(&m->p, s);
    if (s->stored) return s;
    fail(err, "%s: damaged, and no experiment makes it again; store it anew", s->path); /* the plan keeps the stage */
    return NULL;
}

static Stage *plan_rescoring(const Member *m, int64_t seed, Error *err);

static Stage *member_result(const Member *m, int64_t seed, Error *err)
{
    int64_t own;
    if (m->p.e->stored) return plan_stored(m, seed, err);
    member_seed(m->p.e, seed, &own); /* it has one: resolving saw to that */
    return m->of ? plan_rescoring(m, own, err) : plan_result(&m->p, &m->inputs, own, err);
}

static Stage *new_rescoring(const Member *m, int64_t seed)
{
    const Experiment *e = m->p.e;
    const ExperimentList *of = &e->members;
    Stage *s = plan_new_stage(&m->p, &stage_rescore);
    *(RescoreParameters *)s->parameters = (RescoreParameters){.dataset = m->p.dataset, .setting = xstrdup(m->setting)};
    s->seed = seed;
    s->words = xformat("%s-s%lld", e->name, (long long)seed);
    s->label =
        of->count == 1
            ? xformat("%s on the scores of %s, seed %lld", e->method->name, of->items[0].name, (long long)seed)
            : xformat("mix the scores of %s and %s, seed %lld", of->items[0].name, of->items[1].name, (long long)seed);
    return s;
}

/* Scores of scores, of one seed. */
static Stage *plan_rescoring(const Member *m, int64_t seed, Error *err)
{
    static const StageRole roles[MEMBERS_MAX] = {ROLE_FIRST_MEMBER, ROLE_SECOND_MEMBER};
    const size_t count = m->p.e->members.count;
    const Stage *scores[MEMBERS_MAX];
    for (size_t k = 0; k < count; k++)
        if (!(scores[k] = member_result(&m->of[k], seed, err))) return NULL;
    Stage *s = new_rescoring(m, seed);
    for (size_t k = 0; k < count; k++) stage_add_input(s, roles[k], scores[k]);
    stage_add_input(s, ROLE_CAPTIONS, m->inputs.captions);
    s->seconds = 0.2;
    s->bytes = scores[0]->bytes;
    return plan_add(&m->p, s);
}

bool plan_members(Planner *p, Error *err)
{
    const Experiment *e = p->e;
    Member top = {.p = *p};
    bool good = find_members(&top, err);
    p->dataset = top.p.dataset;
    for (size_t i = 0; i < e->seed_count && good; i++) {
        Stage *s = plan_rescoring(&top, e->seeds[i], err);
        good = s != NULL;
        if (s) s->asked = true;
    }
    member_free(&top);
    return good;
}
