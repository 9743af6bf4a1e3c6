/* Experiments of methods that work on the scores of others (Method.members): ensembles of two results, and post-processings
 * of one.
 *
 *     "both":  {"method": "ensemble", "of": ["mini-t2ipal", "mini-dualcoop-p10"], "options": {"ratio": 0.9}}
 *     "after": {"method": "bcp", "of": "mini-t2ipal"}
 *
 * A member that is no experiment of the file, imported scores among them, is {"stored": NAME}: the name of a stored result. When
 * all are, "dataset" and "protocol" ("default") say what they are of. A member may have members itself.
 *
 * Data set, model, protocol and setting are its members'. Seeds are paired: seed s is made of the members' results of seed s; a member
 * with a single seed serves all. Without `seeds` they are those of the members. */
#pragma once

#include "harness/experiments/experiments.h"

/* Whether an entry's method has members; the method need not be there. One that is not known, of a plugin that is not loaded, is taken
 * for such a one when the entry says "of". */
bool members_entry(Json entry);
/* Reads all of the entry but its seeds and label; the members are found later, by members_resolve. */
bool members_read(const Book *book, Experiment *e, Json entry, Error *err);
/* Finds the members, theirs first, and takes over what is theirs. Fails when they are not experiments of the file or stored results on
 * the same data set under the same protocol (what is stored is looked at by plan_members), when one has itself for a member, and when
 * seeds cannot be paired. Does nothing to other experiments. */
bool members_resolve(const Book *book, Experiment *e, Error *err);
/* The seed that a member gives to seed `seed` of the experiment; false when it has none. */
bool member_seed(const Experiment *member, int64_t seed, int64_t *own);

/* What both members were shown of the training images, from what each was (setting_read.h). Caller frees. */
char *members_setting(const char *first, const char *second);

/* experiments.c: book_select, but without finding members. */
bool book_select_plain(const Book *book, const Selection *selection, ExperimentList *list, Error *err);
