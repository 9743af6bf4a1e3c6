/* TIFF through libtiff, which unpacks strips and tiles; what the samples mean is worked out here, so that the pixels are Pillow's
 * (libtiff's own way to RGB blends alpha in). Grey, bilevel and palette pictures up to 8 bits, grey and RGB of 16 (grey clipped, RGB their high bytes),
 * RGB and CMYK of 8, JPEG inside; the first page; turned as its orientation says, as Pillow turns it. Everything else is refused
 * by name. */
#include "harness/io/image_formats.h"

#include "harness/base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

enum { EXTRAS_MAX = 8 };

typedef struct Decoder {
    TIFF *tiff;
    const uint8_t *bytes;
    size_t count;
    uint64_t at;
    const char *name;
    char complaint[200]; /* libtiff's first */
    uint32_t width, height;
    uint16_t bits, samples, photometric, compression, planes, orientation;
    bool associated; /* RGB is multiplied by alpha */
    bool tiled;
    uint32_t block_width, block_height, block_bytes;
    Palette palette;
    uint8_t *block, *colours; /* one block as stored; a row of it as RGB or inks */
    Image *image;             /* not turned yet */
} Decoder;

/* ---- libtiff's view of memory ---- */

static tmsize_t feed(thandle_t handle, void *to, tmsize_t length)
{
    Decoder *d = (Decoder *)handle;
    const uint64_t left = d->at < d->count ? d->count - d->at : 0,
                   got = (uint64_t)length < left ? (uint64_t)length : left;
    memcpy(to, d->bytes + (d->at < d->count ? d->at : 0), got);
    d->at += got;
    return (tmsize_t)got;
}

static tmsize_t no_writing(thandle_t handle, void *from, tmsize_t length)
{
    (void)handle, (void)from, (void)length;
    return 0;
}

static toff_t move(thandle_t handle, toff_t to, int from)
{
    Decoder *d = (Decoder *)handle;
    d->at = from == SEEK_CUR ? d->at + to : from == SEEK_END ? d->count + to : to;
    return d->at;
}

static int no_closing(thandle_t handle)
{
    (void)handle;
    return 0;
}

static toff_t size_of(thandle_t handle)
{
    return ((const Decoder *)handle)->count;
}

/* The handle is ours: no other file is open through libtiff. */
static void complain(thandle_t handle, const char *module, const char *format, va_list arguments)
{
    Decoder *d = (Decoder *)handle;
    (void)module;
    if (d && !*d->complaint) vsnprintf(d->complaint, sizeof d->complaint, format, arguments);
}

static bool damaged(const Decoder *d, const char *what, Error *err)
{
    return fail_content(err, "%s: damaged TIFF (%s); fetch the picture again", d->name,
                        *d->complaint ? d->complaint : what);
}

static bool unsupported(const Decoder *d, const char *what, Error *err)
{
    return fail_content(err, "%s: a TIFF %s is not supported; convert it to PNG", d->name, what);
}

/* ---- what it holds ---- */

static unsigned colours_of(const Decoder *d)
{
    return d->photometric == PHOTOMETRIC_RGB || d->photometric == PHOTOMETRIC_YCBCR ? 3
           : d->photometric == PHOTOMETRIC_SEPARATED                                ? 4
                                                                                    : 1;
}

static bool check_kind(Decoder *d, Error *err)
{
    uint16_t format;
    TIFFGetFieldDefaulted(d->tiff, TIFFTAG_SAMPLEFORMAT, &format);
    if (format == SAMPLEFORMAT_IEEEFP || format > SAMPLEFORMAT_VOID)
        return unsupported(d, "of floating-point numbers", err);
    if (format == SAMPLEFORMAT_INT && d->bits > 8) return unsupported(d, "of signed numbers", err);
    const bool packed = d->bits == 1 || d->bits == 2 || d->bits == 4;
    switch (d->photometric) {
    case PHOTOMETRIC_MINISWHITE:
    case PHOTOMETRIC_MINISBLACK:
        if (d->bits == 8 || d->bits == 16 || (packed && d->samples == 1)) return true;
        break;
    case PHOTOMETRIC_PALETTE:
        if (d->bits == 8 || (packed && d->samples == 1)) return true;
        break;
    case PHOTOMETRIC_RGB:
        if (d->bits == 8 || (d->bits == 16 && !d->associated)) return true;
        break;
    case PHOTOMETRIC_SEPARATED:
        if (d->bits == 8) return true;
        break;
    case PHOTOMETRIC_YCBCR: /* libjpeg turns it into RGB */
        if (d->bits == 8 && d->compression == COMPRESSION_JPEG && d->planes == PLANARCONFIG_CONTIG) return true;
        return unsupported(d, "in YCbCr without JPEG", err);
    default:
        return unsupported(d, "in these colours", err);
    }
    char what[40];
    snprintf(what, sizeof what, "of %u bits a sample", d->bits);
    return unsupported(d, what, err);
}

/* What a byte can unpack to at most; pictures that claim more are refused before memory is taken. 0: no bound is known. */
static double best_packing(uint16_t compression)
{
    switch (compression) {
    case COMPRESSION_NONE:
        return 1;
    case COMPRESSION_PACKBITS:
        return 64;
    case COMPRESSION_LZW:
        return 4096;
    case COMPRESSION_DEFLATE:
    case COMPRESSION_ADOBE_DEFLATE:
        return 1032;
    case COMPRESSION_JPEG:
        return 64 * 3 * 8;
    default:
        return 0;
    }
}

static void read_palette(Decoder *d)
{
    uint16_t *red, *green, *blue;
    if (d->photometric != PHOTOMETRIC_PALETTE || !TIFFGetField(d->tiff, TIFFTAG_COLORMAP, &red, &green, &blue)) return;
    for (unsigned i = 0; i < 1U << d->bits && i < 256; i++) {
        const uint8_t rgb[3] = {(uint8_t)(red[i] >> 8), (uint8_t)(green[i] >> 8), (uint8_t)(blue[i] >> 8)};
        memcpy(d->palette.rgb[i], rgb, 3);
    }
    palette_complete(&d->palette, (size_t)1 << d->bits);
}

static bool read_header(Decoder *d, Error *err)
{
    uint16_t extras = 0, *kinds = NULL;
    if (!TIFFGetField(d->tiff, TIFFTAG_IMAGEWIDTH, &d->width) ||
        !TIFFGetField(d->tiff, TIFFTAG_IMAGELENGTH, &d->height) ||
        !TIFFGetField(d->tiff, TIFFTAG_PHOTOMETRIC, &d->photometric))
        return damaged(d, "its size or colours are not said", err);
    TIFFGetFieldDefaulted(d->tiff, TIFFTAG_BITSPERSAMPLE, &d->bits);
    TIFFGetFieldDefaulted(d->tiff, TIFFTAG_SAMPLESPERPIXEL, &d->samples);
    TIFFGetFieldDefaulted(d->tiff, TIFFTAG_PLANARCONFIG, &d->planes);
    TIFFGetFieldDefaulted(d->tiff, TIFFTAG_ORIENTATION, &d->orientation);
    TIFFGetFieldDefaulted(d->tiff, TIFFTAG_COMPRESSION, &d->compression);
    TIFFGetFieldDefaulted(d->tiff, TIFFTAG_EXTRASAMPLES, &extras, &kinds);
    d->associated = extras > 0 && kinds && kinds[0] == EXTRASAMPLE_ASSOCALPHA;
    if (!TIFFIsCODECConfigured(d->compression)) return unsupported(d, "of this compression", err);
    if (!check_kind(d, err)) return false;
    if (d->samples < colours_of(d) || d->samples > colours_of(d) + EXTRAS_MAX)
        return damaged(d, "its samples do not fit its colours", err);
    if (d->photometric == PHOTOMETRIC_YCBCR) TIFFSetField(d->tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    const double bytes = (double)d->width * d->height * d->bits * d->samples / 8, best = best_packing(d->compression);
    if (best > 0 && bytes > best * (double)d->count) return damaged(d, "far too short for the size it claims", err);
    read_palette(d);
    return true;
}

/* ---- pixels ---- */

/* Sample `channel` of pixel x; `per_pixel` samples lie side by side. Of 16 bits as Pillow makes 8 of them: grey is clipped, of colours it
 * is the high byte. */
static unsigned sample(const Decoder *d, const uint8_t *row, size_t x, size_t per_pixel, size_t channel)
{
    if (d->bits < 8) return packed_sample(row, x, d->bits);
    const size_t i = x * per_pixel + channel;
    if (d->bits == 8) return row[i];
    uint16_t deep;
    memcpy(&deep, row + 2 * i, 2); /* libtiff has put it in this machine's order */
    if (colours_of(d) > 1) return deep >> 8;
    return deep < 255 ? deep : 255;
}

/* Pillow's RGBa -> RGBA; alpha is then dropped. */
static uint8_t without_alpha(unsigned value, unsigned alpha)
{
    const unsigned full = alpha ? value * 255 / alpha : 0;
    return (uint8_t)(full > 255 ? 255 : full);
}

static void rgb_of_row(const Decoder *d, const uint8_t *row, size_t width, uint8_t *rgb)
{
    const unsigned most = d->bits < 8 ? (1U << d->bits) - 1 : 255;
    const bool inverted = d->photometric == PHOTOMETRIC_MINISWHITE && d->bits < 16; /* as Pillow */
    for (size_t x = 0; x < width; x++, rgb += 3) {
        unsigned value = sample(d, row, x, d->samples, 0);
        if (colours_of(d) == 3) {
            for (size_t c = 0; c < 3; c++) {
                value = sample(d, row, x, d->samples, c);
                rgb[c] = d->associated ? without_alpha(value, sample(d, row, x, d->samples, 3)) : (uint8_t)value;
            }
        } else if (d->photometric == PHOTOMETRIC_PALETTE) {
            memcpy(rgb, d->palette.rgb[value], 3);
        } else {
            memset(rgb, (int)((inverted ? most - value : value) * 255 / most), 3);
        }
    }
}

static void rgb_of_cmyk(const Decoder *d, const uint8_t *row, size_t width, uint8_t *rgb)
{
    for (size_t x = 0; x < width; x++) {
        uint8_t inks[4];
        for (size_t c = 0; c < 4; c++) inks[c] = (uint8_t)(255 - row[x * d->samples + c]);
        rgb_of_inks(inks, rgb + 3 * x, 1);
    }
}

/* One block (strip or tile) of samples that lie side by side, at x, y. */
static void put_block(const Decoder *d, size_t left, size_t top)
{
    const size_t width = d->width - left < d->block_width ? d->width - left : d->block_width;
    const size_t height = d->height - top < d->block_height ? d->height - top : d->block_height;
    const size_t stride = ((size_t)d->block_width * d->samples * d->bits + 7) / 8;
    for (size_t y = 0; y < height; y++) {
        const uint8_t *row = d->block + y * stride;
        uint8_t *rgb = d->image->pixels + 3 * ((top + y) * d->width + left);
        if (d->photometric == PHOTOMETRIC_SEPARATED)
            rgb_of_cmyk(d, row, width, rgb);
        else
            rgb_of_row(d, row, width, rgb);
    }
}

/* One block of one colour alone: planes lie one behind the other. */
static void put_plane(const Decoder *d, size_t left, size_t top, size_t plane)
{
    const size_t width = d->width - left < d->block_width ? d->width - left : d->block_width;
    const size_t height = d->height - top < d->block_height ? d->height - top : d->block_height;
    const size_t stride = ((size_t)d->block_width * d->bits + 7) / 8;
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++)
            d->image->pixels[3 * ((top + y) * d->width + left + x) + plane] =
                (uint8_t)sample(d, d->block + y * stride, x, 1, 0);
}

static bool read_block(Decoder *d, size_t left, size_t top, size_t plane, Error *err)
{
    const uint32_t x = (uint32_t)left, y = (uint32_t)top;
    const uint16_t p = (uint16_t)plane;
    const size_t rows = d->height - top < d->block_height ? d->height - top : d->block_height;
    const size_t wanted = d->tiled ? d->block_bytes : d->block_bytes / d->block_height * rows;
    const tmsize_t got =
        d->tiled
            ? TIFFReadEncodedTile(d->tiff, TIFFComputeTile(d->tiff, x, y, 0, p), d->block, (tmsize_t)d->block_bytes)
            : TIFFReadEncodedStrip(d->tiff, TIFFComputeStrip(d->tiff, y, p), d->block, (tmsize_t)wanted);
    return got == (tmsize_t)wanted || damaged(d, "a strip or tile is cut", err);
}

static bool plan_blocks(Decoder *d, Error *err)
{
    uint32_t rows;
    d->tiled = TIFFIsTiled(d->tiff) != 0;
    TIFFGetFieldDefaulted(d->tiff, TIFFTAG_ROWSPERSTRIP, &rows);
    d->block_width = d->width, d->block_height = rows < d->height ? rows : d->height;
    if (d->tiled && (!TIFFGetField(d->tiff, TIFFTAG_TILEWIDTH, &d->block_width) ||
                     !TIFFGetField(d->tiff, TIFFTAG_TILELENGTH, &d->block_height)))
        return damaged(d, "its tiles have no size", err);
    const bool apart = d->planes == PLANARCONFIG_SEPARATE;
    const size_t per_pixel = apart ? 1 : d->samples, row = ((size_t)d->block_width * per_pixel * d->bits + 7) / 8;
    const tmsize_t bytes = d->tiled ? TIFFTileSize(d->tiff) : TIFFStripSize(d->tiff);
    if (!d->block_height || !row || bytes <= 0 || (size_t)bytes / d->block_height != row ||
        (size_t)bytes > (size_t)1 << 31)
        return damaged(d, "its strips or tiles have an impossible size", err);
    d->block_bytes = (uint32_t)bytes;
    return big_alloc(&d->block, 1, (size_t)bytes, "a strip of a picture", err) || fail_in(err, d->name);
}

static bool read_pixels(Decoder *d, Error *err)
{
    const bool apart = d->planes == PLANARCONFIG_SEPARATE && d->samples > 1;
    if (apart && (d->photometric != PHOTOMETRIC_RGB || d->associated))
        return unsupported(d, "whose planes are apart", err);
    if (!plan_blocks(d, err)) return false;
    for (size_t plane = 0; plane < (apart ? 3 : 1); plane++)
        for (size_t top = 0; top < d->height; top += d->block_height)
            for (size_t left = 0; left < d->width; left += d->block_width) {
                if (!read_block(d, left, top, plane, err)) return false;
                if (apart)
                    put_plane(d, left, top, plane);
                else
                    put_block(d, left, top);
            }
    return true;
}

/* ---- orientation ---- */

/* Of the shown picture's pixel x, y: where it is stored. TIFF 6.0, tag 274: where row 0 and column 0 are. */
static void place(unsigned orientation, size_t width, size_t height, size_t x, size_t y, size_t *column, size_t *row)
{
    const bool swapped = orientation >= 5;
    const size_t across = swapped ? y : x, down = swapped ? x : y;
    const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool from_below = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    *column = from_right ? width - 1 - across : across;
    *row = from_below ? height - 1 - down : down;
}

static bool turn(Image *image, unsigned orientation, const char *name, Error *err)
{
    const bool swapped = orientation >= 5;
    Image turned = {0};
    if (orientation < 2 || orientation > 8) return true;
    if (!image_allocate(&turned, swapped ? image->height : image->width, swapped ? image->width : image->height, name,
                        err))
        return false;
    for (size_t y = 0; y < turned.height; y++)
        for (size_t x = 0; x < turned.width; x++) {
            size_t column, row;
            place(orientation, image->width, image->height, x, y, &column, &row);
            memcpy(turned.pixels + 3 * (y * turned.width + x), image->pixels + 3 * (row * image->width + column), 3);
        }
    image_free(image);
    *image = turned;
    return true;
}

bool tiff_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err)
{
    Decoder d = {.bytes = bytes, .count = count, .name = name, .image = image};
    TIFFSetErrorHandler(NULL), TIFFSetWarningHandler(NULL);
    TIFFSetErrorHandlerExt(complain);
    d.tiff = TIFFClientOpen(name, "rm", (thandle_t)&d, feed, no_writing, move, no_closing, size_of, NULL, NULL);
    if (!d.tiff) return damaged(&d, "its directory makes no sense", err);
    const bool good = read_header(&d, err) && image_allocate(image, d.width, d.height, name, err) &&
                      read_pixels(&d, err) && turn(image, d.orientation, name, err);
    TIFFClose(d.tiff);
    free(d.block);
    return good;
}
