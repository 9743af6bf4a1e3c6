/* Seeding and distributions (the generator's step stands in the header, to be inlined). What is to be drawn is four
 * numbers; each is mixed in after a step of the generator, as neighbours such as (split 1, index 2) and (split 2,
 * index 1) must have nothing in common. */
#include "datasets/mini/world_random.h"

#include <math.h>

Dice dice_new(DicePurpose purpose, uint64_t split, uint64_t index, uint64_t seed)
{
    const uint64_t parts[] = {(uint64_t)purpose + 1, split, index, seed};
    Dice dice = {0};
    for (int i = 0; i < 4; i++) dice.state = dice_bits(&dice) ^ parts[i] * 0xd1342543de82ef95u;
    dice.state = dice_bits(&dice);
    return dice;
}

double dice_unit(Dice *dice)
{
    return (double)(dice_bits(dice) >> 11) * 0x1p-53;
}

double dice_between(Dice *dice, double low, double high)
{
    return low + (high - low) * dice_unit(dice);
}

int dice_integer(Dice *dice, int low, int high)
{
    return low + (int)(dice_unit(dice) * (high - low + 1));
}

bool dice_chance(Dice *dice, double probability)
{
    return dice_unit(dice) < probability;
}

double dice_normal(Dice *dice)
{
    const double radius = sqrt(-2 * log(1 - dice_unit(dice)));
    return radius * cos(2 * M_PI * dice_unit(dice));
}
