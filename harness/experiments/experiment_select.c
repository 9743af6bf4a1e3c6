/* Chooses experiments by suite or by name, expanded names among them, each once; ensembles find their members last, when everything that
 * they can name is there. */
#include "harness/experiments/experiments.h"

#include "harness/experiments/experiment_extends.h"
#include "harness/experiments/experiment_grid.h"
#include "harness/experiments/experiment_members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool select_one(const Book *book, const char *name, const Selection *s, ExperimentList *list, Error *err)
{
    const size_t base = strcspn(name, "[");
    char *plain = xformat("%.*s", (int)base, name);
    const Json entry = heritage_find(book->heritage, plain);
    free(plain);
    if (!entry.node)
        return fail_usage(err, "%s: experiments has no %s; palbench ls experiments lists them", book->path, name);
    return experiment_expand(book, entry, name[base] ? name : NULL, s, list, err);
}

bool book_select_plain(const Book *book, const Selection *s, ExperimentList *list, Error *err)
{
    if (s->suite) {
        const Suite *suite = book_suite(book, s->suite);
        if (!suite)
            return fail_usage(err, "%s: there is no suite %s; palbench ls suites lists them", book->path, s->suite);
        for (size_t i = 0; i < suite->count && suite->of_suites; i++) {
            const Selection part = {.suite = suite->experiments[i], .sets = s->sets, .limit = s->limit};
            if (!book_select_plain(book, &part, list, err)) return false;
        }
        for (size_t i = 0; i < suite->count && !suite->of_suites; i++)
            if (!select_one(book, suite->experiments[i], s, list, err)) {
                char where[256];
                snprintf(where, sizeof where, "suites.%s", s->suite);
                return fail_in(err, where);
            }
        return true;
    }
    for (size_t i = 0; i < s->name_count; i++)
        if (!select_one(book, s->names[i], s, list, err)) return false;
    if (s->name_count) return true;

    const Json experiments = json_get(json_root(book->file), "experiments");
    if (!experiments.node) return true;
    for (size_t i = 0; i < json_count(experiments); i++)
        if (!experiment_expand(book, json_at(experiments, i), NULL, s, list, err)) return false;
    return true;
}

bool book_select(const Book *book, const Selection *s, ExperimentList *list, Error *err)
{
    if (!book_select_plain(book, s, list, err)) return false;
    for (size_t i = 0; i < list->count; i++)
        if (!members_resolve(book, &list->items[i], err)) return false;
    return true;
}

void experiments_free(ExperimentList *list)
{
    for (size_t i = 0; i < list->count; i++) {
        Experiment *e = &list->items[i];
        free(e->name);
        free(e->label);
        free(e->base);
        free(e->seeds);
        free(e->models);
        free(e->unloaded);
        experiments_free(&e->members);
        options_free(&e->options);
        if (e->file) json_free(e->file);
    }
    free(list->items);
    *list = (ExperimentList){0};
}
