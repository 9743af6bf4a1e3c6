/* Pictures in and out: JPEG (libjpeg-turbo) and PNG (libpng). */
#pragma once

#include "harness/base/error.h"
#include "harness/base/text.h"

#include <stddef.h>
#include <stdint.h>

typedef struct Image { /* RGB, row-major, 3 bytes a pixel; free with image_free */
    size_t width, height;
    uint8_t *pixels;
} Image;

/* Reads a JPEG or PNG, told apart by its first bytes. Grey and palette become RGB, CMYK JPEG is converted, alpha is dropped as
 * Pillow's convert("RGB") does; 16-bit PNG is cut to its high byte (Pillow clips
 * 16-bit grey at 255 instead, which turns such pictures white). EXIF orientation is not applied (the references do not). Fails on:
 * missing, truncated or corrupt files (a JPEG that libjpeg repairs with a warning about missing data fails too), more than
 * 2^28 pixels. */
bool image_read(const char *path, Image *image, Error *err);
/* From memory; `name` is for messages. */
bool image_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err);
void image_free(Image *image);

/* Writes an 8-bit RGB PNG: temporary name, flush, rename. texts: NULL-terminated list of key, value for text
 * chunks, or NULL: iTXt where a value is UTF-8 beyond ASCII, else tEXt (Latin-1). */
bool image_write_png(const char *path, const Image *image, const char *const *texts, Error *err);
/* The same into memory (caller frees *bytes); for pictures inside a page. */
bool image_encode_png(const Image *image, uint8_t **bytes, size_t *count, Error *err);
/* The text chunks of a PNG: key, value, key, value, ... in the file's order. Fails on what is no PNG or damaged before its pixels,
 * which are not looked at. */
bool image_read_png_texts(const char *path, TextList *texts, Error *err);
