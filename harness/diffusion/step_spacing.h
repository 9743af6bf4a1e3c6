/* Which training timesteps a sampler visits (Lin et al. 2024, table 2, names the three ways):
 *   leading   0, r, 2r, ... with r = floor(T / n), plus steps_offset: never the last timestep
 *   linspace  n values evenly spaced from 0 to T - 1
 *   trailing  T, T - T/n, ... minus 1: never the first one
 * The rounding (half to even, in doubles) is part of what a config means. */
#pragma once

#include <stddef.h>

typedef enum StepSpacing { SPACING_LEADING, SPACING_LINSPACE, SPACING_TRAILING, SPACINGS } StepSpacing;

/* Value i of `count` evenly spaced ones from 0 to `last`; 0 when there is one. Not rounded. */
double spacing_linear(size_t i, size_t count, double last);

/* Value i, from 0 at the noisy end, of trailing spacing: round(first - i T / n) - 1; `first` is T but for a lowered end. */
double spacing_trailing(size_t i, size_t steps, size_t timesteps, size_t first);

/* Value i, from 0 at the noisy end, of leading spacing without the offset: (n - 1 - i) floor(T / n). */
double spacing_leading(size_t i, size_t steps, size_t timesteps);
