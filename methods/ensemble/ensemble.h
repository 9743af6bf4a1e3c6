/* Mixing the scores of two results. */
#pragma once

#include <stddef.h>

extern const struct Method method_ensemble;

/* out = (1 - ratio) n(a) + ratio n(b), with n(s) = (s - min s) / (max s - min s) over all `count` entries of a score matrix (0 where
 * all are equal), in doubles. out may be one of the two. */
void ensemble_mix(const float *a, const float *b, size_t count, double ratio, float *out);
