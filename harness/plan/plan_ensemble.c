/* The stages of an ensemble: those of its members' results, and the mixing of their scores. */
#include "harness/base/hash.h"
#include "harness/experiments/experiment_ensemble.h"
#include "harness/plan/plan_internal.h"
#include "harness/results/results.h"

#include <stdlib.h>
#include <string.h>

typedef struct Member {
    Planner p;
    PlanInputs inputs;
    ResultList results; /* of a stored member */
    char *setting;
} Member;

static bool find_stored(Member *m, const Experiment *ensemble, Error *err)
{
    const char *const names[] = {m->p.e->name, NULL};
    if (!results_load(m->p.session->store, names, &m->results, NULL, err))
        return fail(
            err,
            "%s: no result of %s is stored in %s; make it, or bring it in with: palbench import-scores FILE --as %s",
            ensemble->name, names[0], m->p.session->store, names[0]);
    const StoredResult *r = &m->results.items[0];
    m->setting = xstrdup(r->setting);
    if (strcmp(r->dataset, ensemble->dataset) == 0 && strcmp(r->protocol, ensemble->protocol.name) == 0) return true;
    return fail_usage(err,
                      "%s: the stored result %s is on %s under the protocol %s, the other member on %s under %s; "
                      "scores of the same images under one protocol are needed",
                      ensemble->name, r->experiment, r->dataset, r->protocol, ensemble->dataset,
                      ensemble->protocol.name);
}

static bool find_member(Member *m, const Planner *p, const Experiment *e, Error *err)
{
    *m = (Member){.p = {.plan = p->plan, .session = p->session, .e = e}};
    if (e->stored) return find_stored(m, p->e, err);
    m->setting = experiment_setting(e);
    return plan_prepare(&m->p, &m->inputs, err);
}

static void member_free(Member *m)
{
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
        fail_usage(err, "%s: several seeds are stored, but not %lld; give the ensemble seeds that there are",
                   m->p.e->name, (long long)seed);
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

static const Stage *member_result(const Member *m, int64_t seed, Error *err)
{
    int64_t own;
    if (m->p.e->stored) return plan_stored(m, seed, err);
    ensemble_member_seed(m->p.e, seed, &own); /* it has one: resolving saw to that */
    return plan_result(&m->p, &m->inputs, own, err);
}

static Stage *new_ensemble(const Planner *p, const Member *members, int64_t seed)
{
    const Experiment *e = p->e;
    Stage *s = plan_new_stage(p, &stage_ensemble);
    *(EnsembleParameters *)s->parameters = (EnsembleParameters){
        .dataset = p->dataset, .setting = ensemble_setting(members[0].setting, members[1].setting)};
    s->seed = seed;
    s->words = xformat("%s-s%lld", e->name, (long long)seed);
    s->label = xformat("mix the scores of %s and %s, seed %lld", e->members.items[0].name, e->members.items[1].name,
                       (long long)seed);
    return s;
}

static bool plan_seed(const Planner *p, const Member *members, int64_t seed, Error *err)
{
    const Stage *scores[2];
    for (size_t k = 0; k < 2; k++)
        if (!(scores[k] = member_result(&members[k], seed, err))) return false;
    Stage *s = new_ensemble(p, members, seed);
    stage_add_input(s, ROLE_FIRST_MEMBER, scores[0]);
    stage_add_input(s, ROLE_SECOND_MEMBER, scores[1]);
    s->seconds = 0.2;
    s->bytes = scores[0]->bytes;
    plan_add(p, s)->asked = true;
    return true;
}

bool plan_ensemble(Planner *p, Error *err)
{
    const Experiment *e = p->e;
    p->dataset = session_dataset(p->session, e->dataset, e->protocol.test_set, e->limit, err);
    if (!p->dataset) return false;
    Member members[2] = {{.setting = NULL}, {.setting = NULL}};
    bool good = true;
    for (size_t k = 0; k < 2 && good; k++) good = find_member(&members[k], p, &e->members.items[k], err);
    for (size_t i = 0; i < e->seed_count && good; i++) good = plan_seed(p, members, e->seeds[i], err);
    member_free(&members[0]);
    member_free(&members[1]);
    return good;
}
