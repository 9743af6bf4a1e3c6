/* GIF through giflib: the first frame of an animation on a screen that is large enough for it, as Pillow shows it. Where the frame
 * does not reach, the screen has the transparent colour, or colour 0. */
#include "harness/io/image_formats.h"

#include "harness/base/memory.h"

#include <gif_lib.h>
#include <stdlib.h>
#include <string.h>

typedef struct Decoder {
    GifFileType *gif;
    const uint8_t *bytes;
    size_t count, at;
    const char *name;
    int transparent; /* colour, or -1 */
    Palette palette;
    uint8_t *line;
} Decoder;

static int feed(GifFileType *gif, GifByteType *to, int length)
{
    Decoder *d = gif->UserData;
    const size_t left = d->count - d->at, got = (size_t)length < left ? (size_t)length : left;
    memcpy(to, d->bytes + d->at, got);
    d->at += got;
    return (int)got;
}

static bool damaged(const Decoder *d, int code, Error *err)
{
    const char *words = GifErrorString(code);
    return fail_content(err, "%s: damaged GIF (%s); fetch the picture again", d->name,
                        words ? words : "its first frame is not there");
}

/* Of the extensions before the first frame only the transparent colour matters. */
static bool pass_extension(Decoder *d)
{
    int code;
    GifByteType *block;
    if (DGifGetExtension(d->gif, &code, &block) == GIF_ERROR) return false;
    while (block) {
        if (code == GRAPHICS_EXT_FUNC_CODE && block[0] >= 4 && (block[1] & 1)) d->transparent = block[4];
        if (DGifGetExtensionNext(d->gif, &block) == GIF_ERROR) return false;
    }
    return true;
}

static bool find_frame(Decoder *d)
{
    for (;;) {
        GifRecordType type;
        if (DGifGetRecordType(d->gif, &type) == GIF_ERROR || type == TERMINATE_RECORD_TYPE) return false;
        if (type == IMAGE_DESC_RECORD_TYPE) return DGifGetImageDesc(d->gif) != GIF_ERROR;
        if (type == EXTENSION_RECORD_TYPE && !pass_extension(d)) return false;
    }
}

static void read_palette(Decoder *d)
{
    const ColorMapObject *map = d->gif->Image.ColorMap ? d->gif->Image.ColorMap : d->gif->SColorMap;
    for (int i = 0; map && i < map->ColorCount && i < 256; i++) {
        const uint8_t rgb[3] = {map->Colors[i].Red, map->Colors[i].Green, map->Colors[i].Blue};
        memcpy(d->palette.rgb[i], rgb, 3);
    }
    palette_complete(&d->palette, map ? (size_t)map->ColorCount : 0);
}

/* A code of LZW has two bits at least and stands for at most 4096 pixels, so a small file cannot ask for a large picture. */
static bool allocate(Decoder *d, Image *image, Error *err)
{
    const GifImageDesc *f = &d->gif->Image;
    if (f->Left < 0 || f->Top < 0 || f->Width <= 0 || f->Height <= 0) return damaged(d, 0, err);
    const size_t right = (size_t)f->Left + (size_t)f->Width, bottom = (size_t)f->Top + (size_t)f->Height;
    const size_t width = d->gif->SWidth > (int)right ? (size_t)d->gif->SWidth : right;
    const size_t height = d->gif->SHeight > (int)bottom ? (size_t)d->gif->SHeight : bottom;
    if (width * height / 4096 / 4 > d->count)
        return fail_content(err, "%s: damaged GIF (far too short for the size it claims); fetch the picture again",
                            d->name);
    if (!image_allocate(image, width, height, d->name, err)) return false;
    const uint8_t *fill = d->palette.rgb[d->transparent < 0 ? 0 : d->transparent];
    for (size_t i = 0; i < width * height; i++) memcpy(image->pixels + 3 * i, fill, 3);
    return true;
}

static bool read_line(Decoder *d, size_t y, Image *image)
{
    const GifImageDesc *f = &d->gif->Image;
    if (DGifGetLine(d->gif, d->line, f->Width) == GIF_ERROR) return false;
    uint8_t *to = image->pixels + 3 * (((size_t)f->Top + y) * image->width + (size_t)f->Left);
    for (size_t x = 0; x < (size_t)f->Width; x++) memcpy(to + 3 * x, d->palette.rgb[d->line[x]], 3);
    return true;
}

static bool read_pixels(Decoder *d, Image *image)
{
    static const size_t firsts[] = {0, 4, 2, 1}, steps[] = {8, 8, 4, 2};
    const size_t height = (size_t)d->gif->Image.Height;
    const bool interlaced = d->gif->Image.Interlace;
    d->line = xmalloc((size_t)d->gif->Image.Width);
    for (size_t pass = 0; pass < (interlaced ? 4 : 1); pass++)
        for (size_t y = interlaced ? firsts[pass] : 0; y < height; y += interlaced ? steps[pass] : 1)
            if (!read_line(d, y, image)) return false;
    return true;
}

static bool decode(Decoder *d, Image *image, Error *err)
{
    if (!find_frame(d)) return damaged(d, d->gif->Error, err);
    read_palette(d);
    if (!allocate(d, image, err)) return false;
    return read_pixels(d, image) || damaged(d, d->gif->Error, err);
}

bool gif_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err)
{
    Decoder d = {.bytes = bytes, .count = count, .name = name, .transparent = -1};
    int code = 0;
    d.gif = DGifOpen(&d, feed, &code);
    if (!d.gif) return damaged(&d, code, err);
    const bool good = decode(&d, image, err);
    DGifCloseFile(d.gif, &code);
    free(d.line);
    return good;
}
