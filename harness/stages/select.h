/* Which labelled images, and which of their labels, a setting shows to a method. Pure functions of split, setting and seed, so that
 * every method sees the same draw. Labels are 1 positive, -1 negative, 0 difficult or not known. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Few-shot: for every class a draw of `shots` images that have it; an image that was drawn for one class keeps all its labels, so that
 * a class can have more positives than shots. rows [at most count] get the places of the drawn images, rising, each once; returns how
 * many. have [classes] gets the positives that a class has to draw from: with fewer than `shots` it gives them all.
 * Draws of a generator with that seed: class by class in their order, randperm(positives of the class); the class's images in the
 * order of the split, so permuted, of which the first `shots` are taken: 4 shots contain the 2 shots of the same seed. */
size_t select_few_shot(const int8_t *labels, size_t count, size_t classes, size_t shots, uint64_t seed, int32_t *rows,
                       size_t *have);

/* Partial labels: out [count, classes] is the label where rand(count, classes) of a generator with that seed is below `known`, else 0.
 * So every label is known with probability `known`, whatever its class and image, as the published code of DualCoOp has it
 * ((torch.rand(n, C) < share), Sun et al., NeurIPS 2022), and what is known at 10 % is known at 20 % too. With known = 1 all is. */
void select_partial(const int8_t *labels, size_t count, size_t classes, double known, uint64_t seed, int8_t *out);

/* Single positive (Cole et al., Multi-Label Learning from Single Positive Labels, CVPR 2021): out [count, classes] is 1 for one of each
 * image's positives, drawn uniformly, and -1 for everything else: their baseline "assume negative", as nothing that is not drawn is known and
 * the methods here have no other way with it. So -1 says no more than "not known to be there". An image without a positive is all -1.
 * Draws of a generator with that seed: random_below(positives of the image), which is torch.randint, image by image that has any. */
void select_single_positive(const int8_t *labels, size_t count, size_t classes, uint64_t seed, int8_t *out);
