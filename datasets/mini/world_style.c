/* Colours, then blur, then noise, on float values that may leave 0 to 255: who calls it cuts them off at the end. All
 * of it grows with the shift; without one a little noise is left. */
#include "datasets/mini/world_style.h"

#include <math.h>
#include <string.h>

/* value -> ((grey + (value - grey) * keep) - 128) * gain[channel] + offset */
static void change_colours(float *values, double shift, Dice *dice)
{
    const float keep = (float)(1 - shift * dice_between(dice, 0, 0.6));
    const double contrast = 1 + shift * dice_between(dice, -0.4, 0.15);
    const float offset = (float)(128 + shift * dice_between(dice, -30, 25));
    float gain[3];
    for (int k = 0; k < 3; k++) gain[k] = (float)(contrast * (1 + shift * dice_between(dice, -0.22, 0.22)));
    for (float *pixel = values; pixel < values + WORLD_VALUES; pixel += 3) {
        const float grey = (pixel[0] + pixel[1] + pixel[2]) / 3;
        for (int k = 0; k < 3; k++) pixel[k] = (grey + (pixel[k] - grey) * keep - 128) * gain[k] + offset;
    }
}

/* Mean of 2 x 2 pixels; the last row and column stay. */
static void blur(float *values)
{
    enum { ROW = WORLD_SIZE * 3 };
    for (int y = 0; y + 1 < WORLD_SIZE; y++)
        for (int i = 0; i + 3 < ROW; i++) {
            float *v = values + y * ROW + i;
            *v = (v[0] + v[3] + v[ROW] + v[ROW + 3]) / 4;
        }
}

/* Sum of four 16-bit numbers, centred and scaled to deviation 1: near enough to a normal for noise, at a tenth of its
 * price. The deviation of one is 65536 / sqrt(12). */
static float rough_normal(Dice *dice)
{
    const uint64_t bits = dice_bits(dice);
    const int32_t sum = (int32_t)(bits & 0xffff) + (int32_t)(bits >> 16 & 0xffff) + (int32_t)(bits >> 32 & 0xffff) +
                        (int32_t)(bits >> 48);
    return (float)(sum - 131070) * (1.7320508f / 65536);
}

void style_apply(float *values, double shift, Dice *dice)
{
    if (shift > 0) {
        change_colours(values, shift, dice);
        if (dice_chance(dice, 0.5 * shift)) blur(values);
    }
    const float noise = (float)dice_between(dice, 0, 5 + 18 * shift);
    for (int i = 0; i < WORLD_VALUES; i++) values[i] += noise * rough_normal(dice);
}
