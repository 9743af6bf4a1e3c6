/* Resizing pictures as Pillow's Image.resize computes it: 8 bits a channel in and out, antialiased when shrinking, its fixed-point
 * rounding; the same bits as Pillow 13 for every filter. */
#pragma once

#include "harness/io/image.h"

/* By Pillow's numbers, which are what `resample` of a preprocessor_config.json holds. */
typedef enum PixelFilter {
    FILTER_NEAREST,
    FILTER_LANCZOS,
    FILTER_BILINEAR,
    FILTER_BICUBIC,
    FILTER_BOX,
    FILTER_HAMMING,
    FILTERS
} PixelFilter;

/* "bicubic" and so on */
const char *filter_word(PixelFilter filter);

typedef struct Window { /* what is wanted of a resized picture */
    size_t left, top, width, height;
} Window;

/* The window of the picture resized to width x height; `out` is allocated, of the window's size. Only the window is computed.
 * Fails on sides below 1 or above 2^20, and when memory is short. */
bool image_resize(const Image *image, size_t width, size_t height, Window window, PixelFilter filter, Image *out,
                  Error *err);
