/* Choosing captions for drawing, balanced over the classes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Fills order [at most `wanted`] with places of labelled captions and returns how many; all are different and name a class.
 * Greedy: the class that the fewest chosen captions name (of equals the first) gets its next caption of the shuffled list; one
 * that has none left stands aside. So every beginning of the order is balanced, and a longer order begins with a shorter one.
 * labels [count, classes] 1 named. Draws: randperm(count) of a generator with that seed. */
size_t choose_balanced(const uint8_t *labels, size_t count, size_t classes, size_t wanted, uint64_t seed,
                       size_t *order);
