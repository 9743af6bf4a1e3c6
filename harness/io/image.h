/* Pictures in: JPEG (libjpeg-turbo), PNG (libpng), WebP (libwebp), GIF (giflib), TIFF (libtiff), BMP; and out: PNG. */
#pragma once

#include "harness/base/error.h"
#include "harness/base/text.h"

#include <stddef.h>
#include <stdint.h>

typedef struct Image { /* RGB, row-major, 3 bytes a pixel; free with image_free */
    size_t width, height;
    uint8_t *pixels;
} Image;

/* Reads a picture, told by its first bytes; of an animation the first frame, of a TIFF the first page. The pixels are those of Pillow's
 * Image.open(path).convert("RGB"): grey and palette become RGB, CMYK is converted, alpha is dropped. 16-bit samples are cut to their
 * high byte, 16-bit grey is clipped at 255 (which turns most such pictures white: convert them to 8 bits first). EXIF orientation is not applied, as the
 * references' pipelines do not; a TIFF's own orientation is, as Pillow does it while loading. Fails on: what is no regular file;
 * missing files; and, with err->of_content, truncated or corrupt ones (a JPEG that libjpeg repairs with a warning about missing data
 * fails too), kinds that are not supported, which are named, more than 2^28 pixels. */
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
