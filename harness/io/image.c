/* The format is told by a picture's first bytes, never by its name; the coders are in image_FORMAT.c, which get bytes and give
 * pixels. Sides are checked here, in one place, before pixels are allocated. What is no picture that is read gets a name where its
 * first bytes tell one: half of the "damaged pictures" of a downloaded list are web pages. */
#include "harness/io/image.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/image_formats.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const size_t file_limit = (size_t)1 << 30;

bool image_allocate(Image *image, size_t width, size_t height, const char *name, Error *err)
{
    if (!width || !height || height > IMAGE_PIXELS_MAX / width)
        return fail_content(err, "%s: a picture of %zu x %zu pixels; from 1 to 2^28 pixels are read", name, width,
                            height);
    if (!big_alloc(&image->pixels, width * height, 3, "a picture", err)) return fail_in(err, name);
    image->width = width;
    image->height = height;
    return true;
}

/* ---- formats ---- */

typedef struct Format {
    size_t at; /* of the magic bytes; "RIFF" of WebP stands before them */
    const char *magic;
    size_t length;
    bool (*decode)(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err);
} Format;

static const Format formats[] = {
    {0, "\xff\xd8\xff", 3, jpeg_decode}, {0, "\x89PNG\r\n\x1a\n", 8, png_decode},
    {8, "WEBP", 4, webp_decode},         {0, "GIF87a", 6, gif_decode},
    {0, "GIF89a", 6, gif_decode},        {0, "II*\0", 4, tiff_decode},
    {0, "MM\0*", 4, tiff_decode},        {0, "BM", 2, bmp_decode},
};

static bool has_magic(const uint8_t *bytes, size_t count, size_t at, const char *magic, size_t length)
{
    return count >= at + length && memcmp(bytes + at, magic, length) == 0;
}

typedef struct Stranger {
    size_t at;
    const char *magic, *what;
} Stranger;

static const Stranger strangers[] = {
    {4, "ftypavif", "an AVIF picture"},
    {4, "ftypavis", "an AVIF picture"},
    {4, "ftypheic", "a HEIC picture"},
    {4, "ftypheix", "a HEIC picture"},
    {4, "ftypmif1", "a HEIF picture"},
    {4, "ftyp", "a film"},
    {4, "jP  ", "a JPEG 2000 picture"},
    {4, "JXL ", "a JPEG XL picture"},
    {0, "\xff\x4f\xff\x51", "a JPEG 2000 picture"},
    {0, "\xff\x0a", "a JPEG XL picture"},
    {1, "PNG", "a damaged PNG (its first bytes are changed, as by a transfer as text)"},
    {0, "8BPS", "a Photoshop file"},
    {0, "II+", "a BigTIFF picture"},
    {0, "%PDF", "a PDF"},
    {0, "PK\x03\x04", "a zip archive"},
    {0, "\x1f\x8b", "a gzip archive"},
    {0, "version https://git-lfs", "a Git LFS pointer; fetch the file itself with `git lfs pull`"},
    {0, "<svg", "an SVG drawing"},
};

/* Text that begins, blanks and capitals aside, like a web page. */
static bool is_web_page(const uint8_t *bytes, size_t count)
{
    static const char *const beginnings[] = {"<!doctype html", "<html", "<head", "<?xml"};
    while (count && (isspace(*bytes) || *bytes >= 0x80)) bytes++, count--; /* a byte order mark, too */
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        const size_t length = strlen(beginnings[i]);
        if (count >= length && strncasecmp((const char *)bytes, beginnings[i], length) == 0) return true;
    }
    return false;
}

static bool refuse_stranger(const uint8_t *bytes, size_t count, const char *name, Error *err)
{
    static const char read[] = "JPEG, PNG, WebP, GIF, TIFF and BMP are read";
    if (!count) return fail_content(err, "%s: an empty file; fetch the picture again", name);
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++)
        if (has_magic(bytes, count, strangers[i].at, strangers[i].magic, strlen(strangers[i].magic)))
            return fail_content(err, "%s: %s; %s", name, strangers[i].what, read);
    if (is_web_page(bytes, count))
        return fail_content(err, "%s: a web page or XML, no picture (a download that failed?); fetch the picture again",
                            name);
    return fail_content(err, "%s: no picture of a kind that is known here; %s", name, read);
}

bool image_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err)
{
    *image = (Image){0};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const Format *f = &formats[i];
        if (!has_magic(bytes, count, f->at, f->magic, f->length)) continue;
        if (f->decode == webp_decode && memcmp(bytes, "RIFF", 4) != 0) continue;
        if (f->decode(bytes, count, name, image, err)) return true;
        image_free(image);
        return false;
    }
    return refuse_stranger(bytes, count, name, err);
}

static bool read_bytes(const char *path, char **bytes, size_t *count, Error *err)
{
    if (path_exists(path) && !path_is_folder(path) && !path_is_file(path))
        return fail(err, "%s: a device or a pipe; a picture must be a file", path); /* it may never end */
    return read_file(path, file_limit, bytes, count, err);
}

bool image_read(const char *path, Image *image, Error *err)
{
    char *bytes = NULL;
    size_t count = 0;
    *image = (Image){0};
    if (!read_bytes(path, &bytes, &count, err)) return false;
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
    char *bytes = NULL;
    size_t count = 0;
    if (!read_bytes(path, &bytes, &count, err)) return false;
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

/* ---- for the decoders ---- */

void palette_complete(Palette *p, size_t count)
{
    bool greys = true;
    for (size_t i = 0; i < count && i < 256; i++)
        for (size_t c = 0; c < 3; c++) greys = greys && p->rgb[i][c] == i;
    for (size_t i = count; i < 256; i++) memset(p->rgb[i], greys ? (int)i : 0, 3);
}

unsigned packed_sample(const uint8_t *row, size_t x, unsigned bits)
{
    const size_t a_byte = 8 / bits;
    const unsigned shift = 8 - bits * (unsigned)(x % a_byte + 1);
    return row[x / a_byte] >> shift & ((1U << bits) - 1);
}

/* a * b / 255, rounded, as Pillow computes it. */
static unsigned times_255(unsigned a, unsigned b)
{
    const unsigned t = a * b + 128;
    return ((t >> 8) + t) >> 8;
}

/* Pillow: (255 - K) - C * (255 - K) / 255. */
void rgb_of_inks(const uint8_t *inks, uint8_t *rgb, size_t width)
{
    for (size_t x = 0; x < width; x++, inks += 4, rgb += 3)
        for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)(inks[3] - times_255(255U - inks[c], inks[3]));
}
