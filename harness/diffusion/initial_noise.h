/* The noise that an image starts from. A seed means the image that it means in diffusers on the CPU: torch.randn of a
 * generator with that seed, and the scheduler's later noise from the same generator. Every image has a generator of its
 * own, so that it does not depend on the batch or shard that it is drawn in. */
#pragma once

#include "harness/graph/random.h"

#include <stddef.h>
#include <stdint.h>

/* Seeds generators[i] with seeds[i] and draws randn(1, channels, height, width) from it.
 *   noise [images, channels, height, width], unit normal, not yet times scheduler_noise_scale */
void initial_noise(Random *generators, const uint64_t *seeds, size_t images, size_t channels, size_t height,
                   size_t width, float *noise);
