/* From a picture to the image tower's input, as the reference does it: RGB; bicubic resize as Pillow computes it (8 bits a
 * channel in and out, antialiased, a = -0.5, its fixed-point rounding); centre crop (torchvision's rounding); (x/255 - mean)/std. */
#pragma once

#include "harness/io/image.h"

typedef enum ResizeRule {
    RESIZE_CROP,   /* shorter side to `size`, then the central size x size square */
    RESIZE_STRETCH /* both sides to `size`, whatever the shape */
} ResizeRule;

/* Pillow's Image.resize((width, height), BICUBIC); `out` is allocated. */
bool image_resize_bicubic(const Image *image, size_t width, size_t height, Image *out, Error *err);
/* Resized (and cropped) to size x size, still 8-bit RGB. */
bool preprocess_square(const Image *image, size_t size, ResizeRule rule, Image *out, Error *err);
/* The same, normalised, into values [size, size, 3]. */
bool preprocess(const Image *image, size_t size, ResizeRule rule, const float mean[3], const float std[3],
                float *values, Error *err);
