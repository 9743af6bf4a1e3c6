/* Experiments of the method "ensemble":
 *
 *     "both": {"method": "ensemble", "of": ["mini-t2ipal", "mini-dualcoop-p10"], "options": {"ratio": 0.9}}
 *
 * A member that is no experiment of the file, imported scores among them, is {"stored": NAME}: the name of a stored result. When
 * both are, "dataset" and "protocol" ("default") say what they are of.
 *
 * Data set, model, protocol and setting are its members'. Seeds are paired: seed s is made of the members' results of seed s; a member
 * with a single seed serves all. Without `seeds` they are those of the members. */
#pragma once

#include "harness/experiments/experiments.h"

/* Whether an entry asks for an ensemble; its method need not be there. */
bool ensemble_entry(Json entry);
/* Reads all of the entry but its seeds and label; the members are found later, by ensemble_resolve. */
bool ensemble_read(Experiment *e, Json entry, Error *err);
/* Finds the members and takes over what is theirs. Fails when they are not experiments of the file or stored results on the same data
 * set under the same protocol (what is stored is looked at by plan_ensemble), when one is an ensemble itself, and when seeds cannot be
 * paired. Does nothing to other experiments. */
bool ensemble_resolve(const Book *book, Experiment *e, Error *err);
/* The seed that a member gives to seed `seed` of its ensemble; false when it has none. */
bool ensemble_member_seed(const Experiment *member, int64_t seed, int64_t *own);

/* What both members were shown of the training images, from what each was (setting_read.h). Caller frees. */
char *ensemble_setting(const char *first, const char *second);

/* experiments.c: book_select, but ensembles stay without members. */
bool book_select_plain(const Book *book, const Selection *selection, ExperimentList *list, Error *err);
