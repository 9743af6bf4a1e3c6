/* A comparison (harness/results/comparison.h) as people paste it: LaTeX, and two figures. */
#pragma once

#include "harness/base/text.h"
#include "harness/results/comparison.h"

/* A booktabs table of all pairs, and one of the classes of every pair. */
void comparison_latex(const Comparison *c, Text *out);

/* FOLDER/differences.svg, .png, .gp: every pair's difference with its interval (a forest plot); those whose interval leaves out zero
 * are full. Fails when gnuplot does. */
bool figure_differences(const Comparison *c, const char *folder, Error *err);
/* FOLDER/classes.svg, .png, .gp: the differences of the first pair class by class, sorted, with their intervals; `pair` picks another
 * pair, and then the name is classes_2, ... */
bool figure_class_differences(const Comparison *c, size_t pair, const char *folder, Error *err);
