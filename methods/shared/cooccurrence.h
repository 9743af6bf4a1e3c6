/* Which classes occur together, counted in label rows, and the companions of a class by DualPrompt's rule (coo_derive of its code). */
#pragma once

#include "methods/shared/option.h"

#include <stdint.h>

/* together [N, N]: how many of the rows [rows, N] of 1 and 0 name both classes; on the diagonal how many name the class. */
void count_together(const uint8_t *labels, size_t rows, size_t classes, double *together);
/* together <- P(j|i) = C_ij / C_ii in row i; 0 on the diagonal and of a class that no row names. */
void conditional_of(double *together, size_t classes);

extern const char *const companion_choices[]; /* "both", "given", "giving"; NULL-terminated */
#define COMPANION_OPTIONS                                                                                              \
    OPTION_CHOICE("companions_from", "both", companion_choices,                                                        \
                  "of a class: the likeliest where it is (given), those where it is likeliest (giving), or both"),     \
        OPTION_INT("companions_most", 4, 1, 100, "how many of each"),                                                  \
        OPTION_REAL("companions_threshold", 0.2, 0, 1, "and how likely they must be, more than that")

typedef struct CompanionRule {
    bool given, giving; /* from row i, P(j|i), and from column i, P(i|j) */
    size_t most;
    double threshold;
} CompanionRule;
CompanionRule companion_rule(const Options *options);

/* Companions of class i by `conditional` [N, N] -> list [2 * most]; returns how many. Those of the row come first, the likeliest first and
 * equal ones by their number; then what the column adds. (The published union goes through a set, so that its order, which changes a
 * sentence, is random.) */
size_t companions_of(const double *conditional, size_t classes, size_t i, CompanionRule rule, size_t *list);
