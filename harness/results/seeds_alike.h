/* Whether the seeds of an experiment differ in the seed alone. Of every seed the newest result counts, so when only some were run again
 * after a change, old and new ones stand side by side under one name. */
#pragma once

#include "harness/results/results.h"

/* Adds a remark for every experiment of the list (`experiment` NULL: all) whose seeds were made differently: which seeds, and in
 * what: options, code of the plugin, version of the method, CLIP, protocol, images ... Compared are the configurations, and, as far as
 * `store` (NULL: none) still holds them, those of the artifacts that the results were made from. Scores that were imported may come
 * from one file a seed. */
void seeds_compare(const ResultList *list, const char *store, const char *experiment, TextList *remarks);
