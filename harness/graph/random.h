/* Random numbers equal to PyTorch's CPU generator: Mersenne twister MT19937 (Matsumoto and Nishimura 1998), seeded as
 * torch.manual_seed does, so that a seed means the same thing in both worlds.
 *
 *     Random r;
 *     random_seed(&r, 1);
 *     random_normal(&r, values, n);           // torch.randn(n)
 *     random_permutation(&r, order, n);       // torch.randperm(n)
 *
 * The order of draws is part of every method's definition; see each method's header. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Random {
    uint32_t state[624];
    int next;
    bool has_saved_normal; /* torch keeps the second value of a Box-Muller pair of doubles between small calls */
    double saved_normal;
} Random;

void random_seed(Random *r, uint64_t seed);
uint32_t random_u32(Random *r);
uint64_t random_u64(Random *r); /* two draws, the first one the high half */

/* torch.rand(n), float32: 24 bits of one draw each, in [0, 1). */
void random_uniform(Random *r, float *values, size_t n);
/* One torch.rand double: 53 bits of a 64-bit draw. */
double random_double(Random *r);
/* torch.randn(n), float32, to 1e-6: one value after the other in doubles below 16 values, blocks of 16 from there on. */
void random_normal(Random *r, float *values, size_t n);
/* torch.randperm(n), exactly. */
void random_permutation(Random *r, int64_t *order, size_t n);
/* An integer in [0, n), n > 0, by remainder as torch.randint takes it. */
uint64_t random_below(Random *r, uint64_t n);
