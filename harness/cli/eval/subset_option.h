/* --subset NAME=FILE|class,class */
#pragma once

#include "harness/cli/command.h"
#include "harness/score/class_subset.h"

/* Is every --subset of the form NAME=...? */
bool subset_option_check(const Cli *cli, Error *err);
/* Adds every --subset of the command line: a file of class names, one a line, or the names themselves. `names` are the classes there
 * are. Fails as subset_add does, and on an unreadable file. */
bool subset_option_read(const Cli *cli, const TextList *names, SubsetList *subsets, Error *err);
