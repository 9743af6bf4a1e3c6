/* What both encoders need. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* No NaN, no infinity. */
bool all_finite(const float *values, size_t count);
