/* What both encoders need. */
#pragma once

#include "harness/clip/clip.h"

/* No NaN, no infinity. */
bool all_finite(const float *values, size_t count);

/* clip_encode_images with options.tiles. */
bool encode_tiles(const Clip *clip, const ImageSource *source, EncodeOptions options, ImageFeatures *f,
                  Progress *progress, Error *err);
