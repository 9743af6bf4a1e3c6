/* Read in two steps: the entry alone, and later, when all others can be expanded, its members (members_resolve),
 * which are chosen as a command line would choose them. From them it takes over what it does not say itself; the
 * checks are that their scores are of the same images. */
#include "harness/experiments/experiment_members.h"

#include "harness/experiments/book_plugins.h"
#include "harness/experiments/experiment_grid.h"
#include "harness/experiments/experiment_keys.h"
#include "harness/experiments/setting_read.h"

#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 8 }; /* members of members: more is a circle, or nobody's wish */

bool members_entry(Json entry)
{
    const Json name = json_get(entry, "method");
    const Method *method = json_is_string(name) ? method_find(name.node->valuestring) : NULL;
    return method ? method->members > 0 : json_get(entry, "of").node != NULL;
}

/* How many the entry names, and the k-th: "of" is one of them, or a list of two. */
static size_t count_of(Json of)
{
    return json_is_array(of) ? json_count(of) : 1;
}

static Json member_of(Json of, size_t k)
{
    return json_is_array(of) ? json_at(of, k) : of;
}

/* "NAME" or {"stored": "NAME"}. */
static bool read_name(Json of, const char **name, Error *err)
{
    if (!json_is_object(of)) return json_as_string(of, name, err);
    return json_only_keys(of, (const char *const[]){"stored", NULL}, err) && json_string(of, "stored", name, err);
}

static bool read_names(const Method *method, Json entry, bool *stored, Error *err)
{
    const Json of = json_get(entry, "of");
    const char *name;
    if (method->members == 1 && json_is_array(of))
        return json_fail(of, err, "a single experiment is needed, as in \"mini-tai-dpt\"");
    if (method->members == 2 && (!json_is_array(of) || json_count(of) != 2))
        return json_fail(of, err, "a list of two experiments is needed, as in [\"mini-tai-dpt\", \"mini-coop\"]");
    *stored = true;
    for (size_t k = 0; k < method->members; k++) {
        if (!read_name(member_of(of, k), &name, err)) return false;
        *stored = *stored && json_is_object(member_of(of, k));
    }
    return true;
}

/* Data set and protocol are the members'; stored results are looked for by name, so that the file must say where. */
static bool read_place(Experiment *e, Json entry, bool stored, Error *err)
{
    const Json dataset = json_get(entry, "dataset"), protocol = json_get(entry, "protocol");
    const char *who = e->method->members == 1 ? "its member" : "its members";
    if (!stored)
        return (!dataset.node && !protocol.node) ||
               json_fail(entry, err, "it has the data set and the protocol of %s; remove these keys", who);
    if (!dataset.node)
        return json_fail(entry, err,
                         "of stored results alone it needs \"dataset\" and \"protocol\", which they must be of");
    return json_as_string(dataset, &e->dataset, err) &&
           json_string_or(entry, "protocol", "default", &e->protocol.name, err);
}

/* A method that is not known here: of a plugin, with as many members as the entry has. */
static bool find_method(const Book *book, Experiment *e, Json entry, Error *err)
{
    const char *name;
    if (!json_string(entry, "method", &name, err)) return false;
    e->method = method_find(name);
    if (!e->method && book_unloaded_method(book, e, name)) {
        e->unloaded->members = json_is_array(json_get(entry, "of")) ? 2 : 1;
        e->method = e->unloaded;
    }
    return e->method || experiment_unknown_method(entry, name, err);
}

bool members_read(const Book *book, Experiment *e, Json entry, Error *err)
{
    bool stored = false;
    e->dataset = e->model = ""; /* until it is resolved */
    if (!find_method(book, e, entry, err) || !keys_check(entry, member_keys, err)) return false;
    if (!read_names(e->method, entry, &stored, err) || !read_place(e, entry, stored, err)) return false;
    const Json none = {0}, options = json_get(entry, "options");
    return options_read(&e->options, e->method->options, e->unloaded ? none : options, err);
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

static bool resolve(const Book *book, Experiment *e, size_t depth, Error *err);

static bool find_member(const Book *book, Experiment *e, Json of, size_t depth, Error *err)
{
    const char *name;
    ExperimentList found = {0};
    if (!read_name(of, &name, err)) return false;
    if (json_is_object(of)) {
        e->members.items[e->members.count++] = (Experiment){.name = xstrdup(name), .method = e->method, .stored = true};
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
    if (good) {
        limit_member(&found.items[0], e->limit);
        good = resolve(book, &found.items[0], depth + 1, err);
    }
    if (good) {
        e->members.items[e->members.count++] = found.items[0];
        free(found.items); /* what it held has moved */
    } else {
        experiments_free(&found);
    }
    return good;
}

bool member_seed(const Experiment *m, int64_t seed, int64_t *own)
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
    const Experiment *m = e->members.items, *longer = m;
    for (size_t k = 1; k < e->members.count; k++) longer = m[k].seed_count > longer->seed_count ? &m[k] : longer;
    if (!json_get(entry, "seeds").node && longer->seed_count) {
        e->seed_count = longer->seed_count;
        e->seeds = xrealloc(e->seeds, e->seed_count * sizeof *e->seeds);
        memcpy(e->seeds, longer->seeds, e->seed_count * sizeof *e->seeds);
    }
    int64_t own;
    for (size_t i = 0; i < e->seed_count; i++)
        for (size_t k = 0; k < e->members.count; k++)
            if (!m[k].stored && !member_seed(&m[k], e->seeds[i], &own))
                return json_fail(entry, err,
                                 "%s has several seeds but not %lld; name seeds that %s, "
                                 "or give it a single one",
                                 m[k].name, (long long)e->seeds[i],
                                 e->members.count == 1 ? "it has" : "both members have");
    return true;
}

static bool take_over(const Book *book, Experiment *e, Json entry, Error *err)
{
    const Experiment *m = e->members.items, *own = m[0].stored && e->members.count > 1 ? &m[1] : &m[0];
    const bool both = e->members.count > 1 && !m[0].stored && !m[1].stored;
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

static bool check_pair(const Experiment *e, Json of, Error *err)
{
    const Experiment *m = e->members.items;
    if (e->members.count < 2 || m[0].stored || m[1].stored) return true;
    if (strcmp(m[0].dataset, m[1].dataset) != 0)
        return json_fail(of, err, "%s is on the data set %s, %s on %s; scores of the same images are needed", m[0].name,
                         m[0].dataset, m[1].name, m[1].dataset);
    return strcmp(m[0].protocol.name, m[1].protocol.name) == 0 ||
           json_fail(of, err, "%s has the protocol %s, %s has %s; scores of one protocol are needed", m[0].name,
                     m[0].protocol.name, m[1].name, m[1].protocol.name);
}

static bool resolve(const Book *book, Experiment *e, size_t depth, Error *err)
{
    if (!e->method->members || e->members.count) return true;
    const Json entry = json_get(json_get(json_root(e->file), "experiments"), e->base), of = json_get(entry, "of");
    if (depth > DEEPEST)
        return json_fail(of, err, "members of members, more than %d deep: it comes back to itself", DEEPEST);
    e->members = (ExperimentList){.items = xcalloc(count_of(of), sizeof *e->members.items), .capacity = count_of(of)};
    for (size_t k = 0; k < count_of(of); k++)
        if (!find_member(book, e, member_of(of, k), depth, err)) return false;
    return check_pair(e, of, err) && take_over(book, e, entry, err) && pair_seeds(e, entry, err);
}

bool members_resolve(const Book *book, Experiment *e, Error *err)
{
    return resolve(book, e, 0, err);
}

char *members_setting(const char *first, const char *second)
{
    if (strcmp(first, "zero-shot") == 0 || strcmp(first, second) == 0) return xstrdup(second);
    return strcmp(second, "zero-shot") == 0 ? xstrdup(first) : xformat("%s + %s", first, second);
}

char *experiment_setting(const Experiment *e)
{
    const Experiment *m = e->members.items;
    bool known = e->members.count > 0;
    for (size_t k = 0; k < e->members.count; k++) known = known && !m[k].stored;
    if (!known) return setting_text(&e->setting);
    char *first = experiment_setting(&m[0]);
    if (e->members.count == 1) return first;
    char *second = experiment_setting(&m[1]), *both = members_setting(first, second);
    free(first);
    free(second);
    return both;
}
