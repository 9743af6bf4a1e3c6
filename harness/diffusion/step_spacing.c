/* One value at its place, without the array that numpy would build, but with its operations in its order: a value that
 * stands half-way between two timesteps is decided by the last bit. */
#include "harness/diffusion/step_spacing.h"

#include <math.h>

double spacing_linear(size_t i, size_t count, double last)
{
    if (count == 1) return 0;
    return i + 1 == count ? last : (double)i * (last / (double)(count - 1));
}

/* The difference of the first two values, not T / n itself, is what gets multiplied: their last bits can differ, and a
 * value that stands half-way between two timesteps would be rounded to the other one. */
double spacing_trailing(size_t i, size_t steps, size_t timesteps, size_t first)
{
    const double start = (double)first, second = start - (double)timesteps / (double)steps;
    return nearbyint(start + (double)i * (second - start)) - 1;
}

double spacing_leading(size_t i, size_t steps, size_t timesteps)
{
    return (double)((steps - 1 - i) * (timesteps / steps));
}
