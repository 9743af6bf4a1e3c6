/* What CLIP's towers take, counted from their weights: for expected times, nothing else depends on it. A multiply-add
 * is two operations. */
#pragma once

#include "harness/clip/clip.h"

/* Forward, of one token through the text tower's blocks. Backward to the tokens takes twice as much again. */
double clip_token_flop(const Clip *clip);
/* Forward, of one picture of `size` pixels a side through the image tower. */
double clip_picture_flop(const Clip *clip, double size);
/* Positions of the feature map of such a picture: how many local features it has. */
double clip_positions(const Clip *clip, double size);
