/* The camera: what happens to the picture after it was drawn. */
#pragma once

#include "datasets/mini/mini_world.h"
#include "datasets/mini/world_random.h"

enum { WORLD_VALUES = WORLD_SIZE * WORLD_SIZE * 3 };

/* values [64, 64, 3], 0 to 255, in place: paler colours, tint, contrast, brightness and blur in proportion to the shift;
 * pixel noise always. Values may leave the range; the caller clips. */
void style_apply(float *values, double shift, Dice *dice);
