/* How much work a pipeline's pictures are, from the sizes of its weights; for estimates of time alone. */
#pragma once

#include "harness/diffusion/pipeline.h"

/* Operations a pixel of a picture: of one call of the U-Net without guidance, and of the decoding. Every weight counts two
 * operations a position of its level; attention's own products and the text tower are left out. */
void pipeline_cost(const Pipeline *p, double *call, double *decoding);
