/* The figures of every report: mAP by method, AP per class, training loss. */
#pragma once

#include "harness/base/progress.h"
#include "reports/summary.h"

/* Of rows that are not swept; there must be one. FOLDER/NAME.gp is written and run; it makes FOLDER/NAME.svg and NAME.png. Fails when gnuplot does. */
bool figure_map_by_method(const Summary *summary, size_t column, const char *folder, const char *name, Error *err);
/* Per-class AP, a cluster of bars a class: the best row of each method, and of more than PER_CLASS_METHODS of them those with the
 * highest mAP. *methods: how many there are. */
enum { PER_CLASS_METHODS = 8 };
bool figure_per_class(const Summary *summary, size_t column, const char *folder, const char *name, size_t *methods,
                      Error *err);
/* Training loss by step, a curve a seed; of swept rows those that represent their method. *drawn is false when no row has a loss. */
bool figure_loss(const Summary *summary, size_t column, const char *folder, const char *name, bool *drawn, Error *err);
