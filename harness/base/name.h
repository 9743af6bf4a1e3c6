/* What may be called what: suites, experiments, models, data sets, protocols, imported results.
 *
 * Names become parts of file names, folders, command lines and other names ("taidpt-mine[lr=0.001]", "A:scores_local"), so all follow
 * one rule: 1 to NAME_BYTES bytes of letters and digits (of any script), blanks and the signs - _ . + ( ) @ & < > |; the first is a letter or a
 * digit, the last no blank. So no name is a path, an option, a pattern or hidden. What is shown to people ("label") is free. */
#pragma once

#include "harness/base/error.h"

enum { NAME_BYTES = 100 };

/* The rule, for a sentence: "a name is ...". */
extern const char name_rule[];
bool name_is_good(const char *name);
