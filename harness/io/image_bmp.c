/* BMP, a reader of our own: no library that is kept well has it on its own, and what is read is small. Uncompressed pictures of 1, 4
 * and 8 bits with a palette, of 16 (5-5-5, 5-6-5), 24 and 32 bits, bottom-up or top-down, with the headers of OS/2 1 and Windows
 * 3 to 5 (wingdi.h: BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER, BITMAPV5HEADER). Runs (RLE) and embedded JPEG or PNG are
 * refused by name. Every offset is held against the file's size before a byte is read. */
#include "harness/io/image_formats.h"

#include <string.h>

enum { FILE_HEADER = 14, CORE_HEADER = 12, INFO_HEADER = 40, RAW = 0, BITFIELDS = 3 };

typedef struct Bmp {
    const uint8_t *bytes;
    size_t count;
    const char *name;
    size_t width, height, stride, pixels; /* of a row, with its padding; where they begin */
    bool top_down;
    unsigned bits, compression;
    size_t header, palette_end;
    Palette palette;
    int byte_of[3];  /* 24 and 32 bits: of red, green, blue in a pixel */
    bool green_of_6; /* 16 bits: 5-6-5 */
} Bmp;

static uint32_t number(const uint8_t *at, size_t bytes)
{
    uint32_t value = 0;
    for (size_t i = bytes; i-- > 0;) value = value << 8 | at[i];
    return value;
}

static bool damaged(const Bmp *b, const char *what, Error *err)
{
    return fail_content(err, "%s: damaged BMP (%s); fetch the picture again", b->name, what);
}

static bool unsupported(const Bmp *b, const char *what, Error *err)
{
    return fail_content(err, "%s: a BMP %s is not supported; convert it to PNG", b->name, what);
}

static bool read_sizes(Bmp *b, Error *err)
{
    if (b->count < FILE_HEADER + CORE_HEADER) return damaged(b, "cut in its header", err);
    const uint8_t *h = b->bytes + FILE_HEADER;
    b->header = number(h, 4);
    const bool core = b->header == CORE_HEADER;
    if (!core && (b->header < INFO_HEADER || b->header > 124)) return unsupported(b, "with such a header", err);
    if (b->count - FILE_HEADER < b->header) return damaged(b, "cut in its header", err);
    int32_t height = core ? (int32_t)number(h + 6, 2) : (int32_t)number(h + 8, 4);
    const int32_t width = core ? (int32_t)number(h + 4, 2) : (int32_t)number(h + 4, 4);
    if (width <= 0 || height == 0 || height == INT32_MIN) return damaged(b, "no size", err);
    b->top_down = height < 0;
    if (height < 0) height = -height;
    b->width = (size_t)width, b->height = (size_t)height;
    b->bits = number(h + (core ? 10 : 14), 2);
    b->compression = core ? RAW : number(h + 16, 4);
    return true;
}

/* The table is as long as the header says, or whole. */
static bool read_palette(Bmp *b, Error *err)
{
    const bool core = b->header == CORE_HEADER;
    const size_t entry = core ? 3 : 4, start = FILE_HEADER + b->header;
    size_t colours = core ? 0 : number(b->bytes + FILE_HEADER + 32, 4);
    if (!colours) colours = (size_t)1 << b->bits;
    if (colours > 65536) return damaged(b, "a palette without end", err);
    b->palette_end = start + colours * entry;
    if (b->count < b->palette_end) return damaged(b, "cut in its palette", err);
    for (size_t i = 0; i < colours && i < 256; i++)
        for (size_t c = 0; c < 3; c++) b->palette.rgb[i][c] = b->bytes[start + i * entry + 2 - c];
    palette_complete(&b->palette, colours);
    return true;
}

/* Masks of whole bytes; all zero: blue, green, red. */
static bool read_masks(Bmp *b, const uint32_t mask[3], Error *err)
{
    const unsigned most = b->bits / 8;
    if (!mask[0] && !mask[1] && !mask[2]) return true;
    for (int c = 0; c < 3; c++) {
        int byte = -1;
        for (unsigned i = 0; i < most; i++)
            if (mask[c] == 0xffU << 8 * i) byte = (int)i;
        if (byte < 0) return unsupported(b, "whose colours are not whole bytes", err);
        b->byte_of[c] = byte;
    }
    return true;
}

static bool read_layout(Bmp *b, Error *err)
{
    uint32_t mask[3] = {0, 0, 0};
    b->byte_of[0] = 2, b->byte_of[1] = 1, b->byte_of[2] = 0;
    if (b->compression == 1 || b->compression == 2) return unsupported(b, "compressed by runs (RLE)", err);
    if (b->compression == 4 || b->compression == 5) return unsupported(b, "with a JPEG or PNG inside", err);
    if (b->compression != RAW && b->compression != BITFIELDS) return unsupported(b, "of this compression", err);
    if (b->compression == BITFIELDS) {
        if (b->count < FILE_HEADER + INFO_HEADER + 12) return damaged(b, "cut in its header", err);
        for (size_t c = 0; c < 3; c++) mask[c] = number(b->bytes + FILE_HEADER + INFO_HEADER + 4 * c, 4);
    }
    switch (b->bits) {
    case 1:
    case 4:
    case 8:
        return b->compression == RAW ? read_palette(b, err) : unsupported(b, "with masks and a palette", err);
    case 16:
        b->green_of_6 = mask[1] == 0x7e0;
        if (b->compression == RAW || (mask[0] == 0x7c00 && mask[1] == 0x3e0 && mask[2] == 0x1f)) return true;
        if (mask[0] == 0xf800 && b->green_of_6 && mask[2] == 0x1f) return true;
        return unsupported(b, "with such 16-bit colours", err);
    case 24:
    case 32:
        return read_masks(b, mask, err);
    default:
        return unsupported(b, "with so many bits a pixel", err);
    }
}

/* Where the pixels are: in the file header; Pillow's reading of files that leave it out, or forget the palette in it. */
static bool find_pixels(Bmp *b, Error *err)
{
    const size_t header_end = FILE_HEADER + b->header, stated = number(b->bytes + 10, 4);
    const size_t after = b->palette_end                                            ? b->palette_end
                         : b->compression == BITFIELDS && b->header == INFO_HEADER ? header_end + 12
                                                                                   : header_end;
    b->pixels = stated == 0 || (stated == header_end && b->palette_end) ? after : stated;
    const size_t used = (b->width * b->bits + 7) / 8;
    b->stride = (b->width * b->bits + 31) / 32 * 4;
    if (b->pixels > b->count || b->height - 1 > (b->count - b->pixels) / b->stride ||
        b->count - b->pixels - (b->height - 1) * b->stride < used)
        return damaged(b, "far too short for the size it claims", err);
    return true;
}

static void decode_row(const Bmp *b, const uint8_t *row, uint8_t *rgb)
{
    for (size_t x = 0; x < b->width; x++, rgb += 3) {
        if (b->bits <= 8) {
            memcpy(rgb, b->palette.rgb[packed_sample(row, x, b->bits)], 3);
        } else if (b->bits == 16) {
            const unsigned pixel = number(row + 2 * x, 2), six = b->green_of_6;
            rgb[0] = (uint8_t)((pixel >> (10 + six) & 31) * 255 / 31);
            rgb[1] = (uint8_t)(six ? (pixel >> 5 & 63) * 255 / 63 : (pixel >> 5 & 31) * 255 / 31);
            rgb[2] = (uint8_t)((pixel & 31) * 255 / 31);
        } else {
            const uint8_t *pixel = row + x * (b->bits / 8);
            for (int c = 0; c < 3; c++) rgb[c] = pixel[b->byte_of[c]];
        }
    }
}

bool bmp_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err)
{
    Bmp b = {.bytes = bytes, .count = count, .name = name};
    if (!read_sizes(&b, err) || !read_layout(&b, err) || !find_pixels(&b, err) ||
        !image_allocate(image, b.width, b.height, name, err))
        return false;
    for (size_t y = 0; y < b.height; y++) {
        const size_t from = b.top_down ? y : b.height - 1 - y;
        decode_row(&b, bytes + b.pixels + from * b.stride, image->pixels + y * 3 * b.width);
    }
    return true;
}
