/* The twister renews its 624 words at once and hands them out one by one. The distributions follow ATen's CPU code,
 * oddities included, since a seed must give the same bits: fewer than 16 normal numbers come from pairs in doubles, 16
 * and more from blocks of 16 floats, and where the last block is not full, it is drawn again over what stands before
 * it. */
#include "harness/graph/random.h"

#include <math.h>

enum { MT_SIZE = 624, MT_SHIFT = 397, NORMAL_BLOCK = 16 };

/* torch keeps the low 32 bits of a seed. */
void random_seed(Random *r, uint64_t seed)
{
    r->state[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < MT_SIZE; i++) r->state[i] = 1812433253u * (r->state[i - 1] ^ (r->state[i - 1] >> 30)) + i;
    r->next = MT_SIZE;
    r->has_saved_normal = false;
    r->saved_normal = 0;
}

static uint32_t twist(uint32_t high, uint32_t low)
{
    return (((high & 0x80000000u) | (low & 0x7fffffffu)) >> 1) ^ ((low & 1) ? 0x9908b0dfu : 0);
}

static void next_state(Random *r)
{
    uint32_t *s = r->state;
    for (int i = 0; i < MT_SIZE - MT_SHIFT; i++) s[i] = s[i + MT_SHIFT] ^ twist(s[i], s[i + 1]);
    for (int i = MT_SIZE - MT_SHIFT; i < MT_SIZE - 1; i++) s[i] = s[i + MT_SHIFT - MT_SIZE] ^ twist(s[i], s[i + 1]);
    s[MT_SIZE - 1] = s[MT_SHIFT - 1] ^ twist(s[MT_SIZE - 1], s[0]);
    r->next = 0;
}

uint32_t random_u32(Random *r)
{
    if (r->next == MT_SIZE) next_state(r);
    uint32_t y = r->state[r->next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

uint64_t random_u64(Random *r)
{
    const uint64_t high = random_u32(r);
    return high << 32 | random_u32(r);
}

static float uniform(Random *r)
{
    return (float)(random_u32(r) & 0xffffffu) * 0x1p-24f;
}

void random_uniform(Random *r, float *values, size_t n)
{
    for (size_t i = 0; i < n; i++) values[i] = uniform(r);
}

double random_double(Random *r)
{
    return (double)(random_u64(r) & 0x1fffffffffffffull) * 0x1p-53;
}

/* Box and Muller's pair in doubles; the sine waits for the next call, as torch's distribution keeps it. */
static float normal_one(Random *r)
{
    if (r->has_saved_normal) {
        r->has_saved_normal = false;
        return (float)r->saved_normal;
    }
    const double u1 = random_double(r), u2 = random_double(r);
    const double radius = sqrt(-2 * log1p(-u2)), theta = 2 * M_PI * u1;
    r->saved_normal = radius * sin(theta);
    r->has_saved_normal = true;
    return (float)(radius * cos(theta));
}

/* 16 uniform values, in place, to 16 normal ones: value i pairs with i + 8. The angle is rounded to float as torch rounds
 * it, which is most of what float arithmetic can move here. */
static void normal_block(float *values)
{
    for (int i = 0; i < NORMAL_BLOCK / 2; i++) {
        const float u1 = 1 - values[i], u2 = values[i + NORMAL_BLOCK / 2];
        const float radius = sqrtf(-2 * logf(u1)), theta = 2 * (float)M_PI * u2;
        values[i] = radius * cosf(theta);
        values[i + NORMAL_BLOCK / 2] = radius * sinf(theta);
    }
}

void random_normal(Random *r, float *values, size_t n)
{
    if (n < NORMAL_BLOCK) {
        for (size_t i = 0; i < n; i++) values[i] = normal_one(r);
        return;
    }
    random_uniform(r, values, n);
    for (size_t i = 0; i + NORMAL_BLOCK <= n; i += NORMAL_BLOCK) normal_block(values + i);
    if (n % NORMAL_BLOCK) { /* torch draws the last 16 again, over values that were normal already */
        float *tail = values + n - NORMAL_BLOCK;
        random_uniform(r, tail, NORMAL_BLOCK);
        normal_block(tail);
    }
}

/* Fisher and Yates from the front, with one 32-bit draw a step (torch's way as long as n is far below 2^32). */
void random_permutation(Random *r, int64_t *order, size_t n)
{
    for (size_t i = 0; i < n; i++) order[i] = (int64_t)i;
    for (size_t i = 0; i + 1 < n; i++) {
        const size_t other = i + random_u32(r) % (n - i);
        const int64_t kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}

/* torch takes a 64-bit draw from 2^28 on, so that the remainder's bias stays small. */
uint64_t random_below(Random *r, uint64_t n)
{
    return n >= 1u << 28 ? random_u64(r) % n : random_u32(r) % n;
}
