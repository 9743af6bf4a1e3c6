/* One entry of experiments.json into the experiments it stands for: --set, grids, names, checks. */
#pragma once

#include "harness/experiments/experiments.h"

/* Appends the experiments of `entry`. `name`: the one expanded name that is wanted, with or without what --set and --limit
 * add to it, NULL for all; fails when there is none of that name. An experiment whose name is in the list already is not appended again. */
bool experiment_expand(const Book *book, Json entry, const char *name, const Selection *selection, ExperimentList *list,
                       Error *err);
/* Fails with the methods that there are. */
bool experiment_unknown_method(Json entry, const char *name, Error *err);
