/* The figures of every report: mAP by method, AP per class, training loss. */
#pragma once

#include "harness/base/progress.h"
#include "reports/summary.h"

/* FOLDER/NAME.gp is written and run; it makes FOLDER/NAME.svg and NAME.png. Fails when gnuplot does. */
bool figure_map_by_method(const Summary *summary, size_t column, const char *folder, const char *name, Error *err);
/* Per-class AP, a cluster of bars a class; at most five rows: the best of each method. */
bool figure_per_class(const Summary *summary, size_t column, const char *folder, const char *name, Error *err);
/* Training loss by step, a curve a seed. *drawn is false when no row has a loss. */
bool figure_loss(const Summary *summary, size_t column, const char *folder, const char *name, bool *drawn, Error *err);
