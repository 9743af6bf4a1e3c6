/* How well generated pictures stand for real ones, in a space of features (Naeem et al., Reliable Fidelity and Diversity Metrics for
 * Generative Models, ICML 2020; precision and recall: Kynkaanniemi et al., NeurIPS 2019).
 *
 * B(x) is the ball around x that reaches to its k-th nearest neighbour among its own kind, itself not counted.
 *   density   = sum over generated of the number of real balls that hold it / (k * generated)   may exceed 1
 *   coverage  = share of the real ones whose ball holds a generated one
 *   precision = share of the generated ones in any real ball       recall = share of the real ones in any generated ball
 * A ball holds what is nearer than its radius: on the rim is outside for density and coverage as in the authors' code. */
#pragma once

#include "harness/base/error.h"

#include <stddef.h>

typedef struct Coverage {
    double density, coverage, precision, recall; /* shares, not percent */
} Coverage;

enum { COVERAGE_NEAREST = 5 };

/* Divides every row by its length, as CLIP's features are directions; a row of zeros stays. */
void coverage_unit_rows(float *rows, size_t count, size_t width);

/* Rows [count, width]; Euclidean distance. Fails when a set has no more than `nearest` rows, or memory is short. */
bool coverage_compute(Coverage *c, const float *real, size_t reals, const float *generated, size_t generateds,
                      size_t width, size_t nearest, Error *err);
