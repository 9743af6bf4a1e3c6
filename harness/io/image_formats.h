/* The picture formats behind image.h. Inside harness/io only. A decoder gets a file's bytes and gives pixels; `name` is for
 * sentences. Contents that it cannot decode are told with fail_content: as damaged, or as intact but not supported. */
#pragma once

#include "harness/io/image.h"

enum { IMAGE_PIXELS_MAX = 1 << 28 };

/* Allocates image->pixels after checking the size. */
bool image_allocate(Image *image, size_t width, size_t height, const char *name, Error *err);

bool jpeg_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err);
bool png_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err);
bool webp_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err);
bool gif_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err);
bool tiff_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err);
bool bmp_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err);

bool png_texts(const uint8_t *bytes, size_t count, const char *name, TextList *texts, Error *err);
/* Appends to *bytes (realloc); texts as in image_write_png. */
bool png_encode(const Image *image, const char *const *texts, uint8_t **bytes, size_t *count, Error *err);

/* ---- for the decoders ---- */

/* A colour table. As in Pillow, numbers beyond its entries are black, or greys where there is no table or it holds greys in order. */
typedef struct Palette {
    uint8_t rgb[256][3];
} Palette;
/* `count` entries are filled in: fills in the others. */
void palette_complete(Palette *p, size_t count);

/* Sample x of a row of samples of 1, 2, 4 or 8 bits, the first in the highest bits. */
unsigned packed_sample(const uint8_t *row, size_t x, unsigned bits);

/* Inks as Adobe's JPEGs have them, 255 meaning none: Pillow's convert("RGB"). inks [width, 4] -> rgb [width, 3] */
void rgb_of_inks(const uint8_t *inks, uint8_t *rgb, size_t width);
