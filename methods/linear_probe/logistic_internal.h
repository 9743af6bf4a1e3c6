/* Logistic regression, one class against the rest, for all classes at once:
 *     minimise over (w, b)   1/2 |w|^2 + cost sum_i log(1 + exp(-y_i (w x_i + b)))
 * the objective of scikit-learn's LogisticRegression(C=cost) (the intercept is not penalised). Solved by L-BFGS (Nocedal 1980)
 * with Armijo backtracking. All classes take their steps in lockstep, so that a round is two matrix products for all of
 * them instead of two passes over the data for each. No draws: the result is a function of the data. */
#pragma once

#include "harness/base/error.h"

#include <stddef.h>
#include <stdint.h>

typedef struct LogisticProblem {
    size_t count, width, classes;
    const float *x;       /* [count, width] */
    const int8_t *labels; /* [count, classes] 1 positive, -1 negative, 0 left out */
    double cost;
} LogisticProblem;

/* weight [classes, width], bias [classes]. A class without a positive or without a negative gets zeros, and `skipped` counts
 * it. Fails on: not enough memory, no convergence within the bound on rounds. */
bool logistic_fit(const LogisticProblem *p, float *weight, float *bias, size_t *skipped, Error *err);
