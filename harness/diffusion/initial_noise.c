/* Seed, then draw an image's [channels, height, width] in the order of the array. The generators are left where they
 * are then: the sampler's later noise goes on from there. */
#include "harness/diffusion/initial_noise.h"

void initial_noise(Random *generators, const uint64_t *seeds, size_t images, size_t channels, size_t height,
                   size_t width, float *noise)
{
    const size_t count = channels * height * width;
    for (size_t i = 0; i < images; i++) {
        random_seed(&generators[i], seeds[i]);
        random_normal(&generators[i], noise + i * count, count);
    }
}
