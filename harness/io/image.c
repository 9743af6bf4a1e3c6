/* The format is told by a picture's first bytes, never by its name; the coders are in image_jpeg.c and image_png.c,
 * which get bytes and give pixels. Sides are checked here, in one place, before pixels are allocated. */
#include "harness/io/image.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/image_formats.h"

#include <stdlib.h>
#include <string.h>

static const size_t file_limit = (size_t)1 << 30;

bool image_allocate(Image *image, size_t width, size_t height, const char *name, Error *err)
{
    if (!width || !height || height > IMAGE_PIXELS_MAX / width)
        return fail(err, "%s: a picture of %zu x %zu pixels; from 1 to 2^28 pixels are read", name, width, height);
    if (!big_alloc(&image->pixels, width * height, 3, "a picture", err)) return fail_in(err, name);
    image->width = width;
    image->height = height;
    return true;
}

bool image_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err)
{
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}, jpeg[3] = {0xff, 0xd8, 0xff};
    *image = (Image){0};
    bool good;
    if (count >= sizeof png && memcmp(bytes, png, sizeof png) == 0)
        good = png_decode(bytes, count, name, image, err);
    else if (count >= sizeof jpeg && memcmp(bytes, jpeg, sizeof jpeg) == 0)
        good = jpeg_decode(bytes, count, name, image, err);
    else
        good = fail(err, "%s: neither JPEG nor PNG; convert it to one of them", name);
    if (!good) image_free(image);
    return good;
}

bool image_read(const char *path, Image *image, Error *err)
{
    char *bytes;
    size_t count;
    *image = (Image){0};
    if (!read_file(path, file_limit, &bytes, &count, err)) return false;
    const bool good = image_decode((const uint8_t *)bytes, count, path, image, err);
    free(bytes);
    return good;
}

void image_free(Image *image)
{
    free(image->pixels);
    *image = (Image){0};
}

bool image_encode_png(const Image *image, uint8_t **bytes, size_t *count, Error *err)
{
    return png_encode(image, NULL, bytes, count, err);
}

bool image_read_png_texts(const char *path, TextList *texts, Error *err)
{
    char *bytes;
    size_t count;
    if (!read_file(path, file_limit, &bytes, &count, err)) return false;
    const bool good = png_texts((const uint8_t *)bytes, count, path, texts, err);
    free(bytes);
    return good;
}

bool image_write_png(const char *path, const Image *image, const char *const *texts, Error *err)
{
    uint8_t *bytes;
    size_t count;
    if (!png_encode(image, texts, &bytes, &count, err)) return fail_in(err, path);
    const bool good = write_file(path, (const char *)bytes, count, err);
    free(bytes);
    return good;
}
