/* Read in two steps: the entry alone, and later, when all others can be expanded, its members (ensemble_resolve),
 * which are chosen as a command line would choose them. From them the ensemble takes over what it does not say itself;
 * the checks are that their scores are of the same images. */
#include "harness/experiments/experiment_ensemble.h"

#include "harness/experiments/experiment_keys.h"
#include "harness/experiments/setting_read.h"
#include "methods/ensemble/ensemble.h"

#include <stdlib.h>
#include <string.h>

bool ensemble_entry(Json entry)
{
    const Json method = json_get(entry, "method");
    return json_is_string(method) && strcmp(method.node->valuestring, method_ensemble.name) == 0;
}

/* "NAME" or {"stored": "NAME"}. */
static bool read_name(Json of, const char **name, Error *err)
{
    if (!json_is_object(of)) return json_as_string(of, name, err);
    return json_only_keys(of, (const char *const[]){"stored", NULL}, err) && json_string(of, "stored", name, err);
}

/* Data set and protocol are the members'; two stored results are looked for by name, so that the file must say where. */
static bool read_place(Experiment *e, Json entry, bool both_stored, Error *err)
{
    const Json dataset = json_get(entry, "dataset"), protocol = json_get(entry, "protocol");
    if (!both_stored)
        return (!dataset.node && !protocol.node) ||
               json_fail(entry, err, "an ensemble has the data set and the protocol of its members; remove these keys");
    if (!dataset.node)
        return json_fail(entry, err, "two stored results need \"dataset\" and \"protocol\", which they must be of");
    return json_as_string(dataset, &e->dataset, err) &&
           json_string_or(entry, "protocol", "default", &e->protocol.name, err);
}

bool ensemble_read(Experiment *e, Json entry, Error *err)
{
    e->method = &method_ensemble;
    e->dataset = e->model = ""; /* until it is resolved */
    if (!keys_check(entry, ensemble_keys, err)) return false;
    const Json of = json_get(entry, "of");
    if (!json_is_array(of) || json_count(of) != 2)
        return json_fail(of, err, "a list of two experiments is needed, as in [\"mini-tai-dpt\", \"mini-coop\"]");
    if (!read_place(e, entry, json_is_object(json_at(of, 0)) && json_is_object(json_at(of, 1)), err)) return false;
    const char *name;
    for (size_t k = 0; k < 2; k++)
        if (!read_name(json_at(of, k), &name, err)) return false;
    return options_read(&e->options, e->method->options, json_get(entry, "options"), err);
}

/* A member is chosen without --limit, so that its name is the file's; the limit is put on it as expanding would have done. */
static void limit_member(Experiment *m, size_t limit)
{
    if (!limit) return;
    const size_t length = strlen(m->name);
    char *name = m->name[length - 1] == ']' ? xformat("%.*s,limit=%zu]", (int)(length - 1), m->name, limit)
                                            : xformat("%s[limit=%zu]", m->name, limit);
    free(m->name);
    m->name = name;
    m->limit = limit;
    options_rehearse(&m->options);
}

static bool find_member(const Book *book, Experiment *e, Json of, Error *err)
{
    const char *name;
    ExperimentList found = {0};
    if (!read_name(of, &name, err)) return false;
    if (json_is_object(of)) {
        e->members.items[e->members.count++] =
            (Experiment){.name = xstrdup(name), .method = &method_ensemble, .stored = true};
        return true;
    }
    if (!book_select_plain(book, &(Selection){.names = &name, .name_count = 1}, &found, err)) {
        experiments_free(&found);
        return fail_in(err, e->name);
    }
    bool good = found.count == 1;
    if (!good)
        json_fail(of, err, "%s stands for %zu experiments; name one of them, as in \"%s\"", name, found.count,
                  found.count ? found.items[0].name : name);
    else if (found.items[0].method == &method_ensemble)
        good = json_fail(of, err, "%s is an ensemble itself; the members must be experiments of other methods", name);
    if (good) {
        limit_member(&found.items[0], e->limit);
        e->members.items[e->members.count++] = found.items[0];
        free(found.items); /* what it held has moved */
    } else {
        experiments_free(&found);
    }
    return good;
}

bool ensemble_member_seed(const Experiment *m, int64_t seed, int64_t *own)
{
    *own = m->seeds[0];
    bool found = m->seed_count == 1;
    for (size_t i = 0; i < m->seed_count && !found; i++)
        if ((found = m->seeds[i] == seed)) *own = seed;
    return found;
}

/* Seeds of the file, or else those of the member with most of them; every one must have its pair. */
static bool pair_seeds(Experiment *e, Json entry, Error *err)
{
    const Experiment *m = e->members.items, *longer = m[1].seed_count > m[0].seed_count ? &m[1] : &m[0];
    if (!json_get(entry, "seeds").node && longer->seed_count) {
        e->seed_count = longer->seed_count;
        e->seeds = xrealloc(e->seeds, e->seed_count * sizeof *e->seeds);
        memcpy(e->seeds, longer->seeds, e->seed_count * sizeof *e->seeds);
    }
    int64_t own;
    for (size_t i = 0; i < e->seed_count; i++)
        for (size_t k = 0; k < 2; k++)
            if (!m[k].stored && !ensemble_member_seed(&m[k], e->seeds[i], &own))
                return json_fail(entry, err,
                                 "%s has several seeds but not %lld; name seeds that both members have, "
                                 "or give it a single one",
                                 m[k].name, (long long)e->seeds[i]);
    return true;
}

static bool take_over(const Book *book, Experiment *e, Json entry, Error *err)
{
    const Experiment *m = e->members.items, *own = m[0].stored ? &m[1] : &m[0];
    const bool both = !m[0].stored && !m[1].stored;
    if (own->stored) {
        const Protocol *named = book_protocol(book, e->protocol.name);
        if (!named)
            return json_fail(entry, err, "there is no protocol %s; palbench ls protocols lists them", e->protocol.name);
        e->protocol = *named;
        e->model = "stored";
        return true;
    }
    e->dataset = own->dataset;
    e->protocol = own->protocol;
    e->model = own->model;
    if (both && strcmp(m[0].model, m[1].model) != 0) e->model = e->models = xformat("%s + %s", m[0].model, m[1].model);
    e->setting = both && m[1].setting.kind > m[0].setting.kind ? m[1].setting : own->setting;
    return true;
}

static bool check_pair(const Experiment *m, Json of, Error *err)
{
    if (m[0].stored || m[1].stored) return true;
    if (strcmp(m[0].dataset, m[1].dataset) != 0)
        return json_fail(of, err, "%s is on the data set %s, %s on %s; scores of the same images are needed", m[0].name,
                         m[0].dataset, m[1].name, m[1].dataset);
    return strcmp(m[0].protocol.name, m[1].protocol.name) == 0 ||
           json_fail(of, err, "%s has the protocol %s, %s has %s; scores of one protocol are needed", m[0].name,
                     m[0].protocol.name, m[1].name, m[1].protocol.name);
}

bool ensemble_resolve(const Book *book, Experiment *e, Error *err)
{
    if (e->method != &method_ensemble || e->members.count) return true;
    const Json entry = json_get(json_get(json_root(e->file), "experiments"), e->base), of = json_get(entry, "of");
    e->members = (ExperimentList){.items = xcalloc(2, sizeof *e->members.items), .capacity = 2};
    for (size_t k = 0; k < 2; k++)
        if (!find_member(book, e, json_at(of, k), err)) return false;
    if (!check_pair(e->members.items, of, err)) return false;
    return take_over(book, e, entry, err) && pair_seeds(e, entry, err);
}

char *ensemble_setting(const char *first, const char *second)
{
    if (strcmp(first, "zero-shot") == 0 || strcmp(first, second) == 0) return xstrdup(second);
    return strcmp(second, "zero-shot") == 0 ? xstrdup(first) : xformat("%s + %s", first, second);
}

char *experiment_setting(const Experiment *e)
{
    const Experiment *m = e->members.items;
    if (!e->members.count || m[0].stored || m[1].stored) return setting_text(&e->setting);
    char *first = setting_text(&m[0].setting), *second = setting_text(&m[1].setting);
    char *both = ensemble_setting(first, second);
    free(first);
    free(second);
    return both;
}
