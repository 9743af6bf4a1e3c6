/* The two picture formats behind image.h. Inside harness/io only. */
#pragma once

#include "harness/io/image.h"

enum { IMAGE_PIXELS_MAX = 1 << 28 };

/* Allocates image->pixels after checking the size; `name` is for the sentence. */
bool image_allocate(Image *image, size_t width, size_t height, const char *name, Error *err);

bool jpeg_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err);
bool png_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err);
bool png_texts(const uint8_t *bytes, size_t count, const char *name, TextList *texts, Error *err);
/* Appends to *bytes (realloc); texts as in image_write_png. */
bool png_encode(const Image *image, const char *const *texts, uint8_t **bytes, size_t *count, Error *err);
