/* The dice of the embedded world: SplitMix64 (Steele, Lea, Flood 2014), one 64-bit word of state, seeded by what is to be
 * drawn so that everything is a pure function of (split, index, purpose).
 *
 * A value a statement: C leaves the order of evaluation inside an expression open, so two throws never stand in one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct Dice {
    uint64_t state;
} Dice;

typedef enum DicePurpose { DICE_SCENE, DICE_RENDER, DICE_CAPTION, DICE_SENTENCE } DicePurpose;

static inline uint64_t dice_bits(Dice *dice)
{
    uint64_t z = dice->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Dice for one purpose; any change of any of the four gives an unrelated stream. */
Dice dice_new(DicePurpose purpose, uint64_t split, uint64_t index, uint64_t seed);
double dice_unit(Dice *dice);                             /* [0, 1), 53 bits */
double dice_between(Dice *dice, double low, double high); /* [low, high) */
int dice_integer(Dice *dice, int low, int high);          /* low ... high, both included */
bool dice_chance(Dice *dice, double probability);
double dice_normal(Dice *dice); /* mean 0, deviation 1 (Box and Muller 1958, the cosine half) */
