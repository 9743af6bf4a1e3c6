/* WebP through libwebp. A still picture is decoded straight into ours; of an animation the first frame is taken, composed by
 * libwebpdemux as Pillow has it done. Alpha is dropped, not blended. */
#include "harness/io/image_formats.h"

#include "harness/base/memory.h"

#include <webp/decode.h>
#include <webp/demux.h>

/* One colour packs to nothing here, so no ratio is impossible; but no small file may ask for gigabytes. */
enum { UNSUSPECTED = 1 << 24, BEST_PACKING = 1 << 14 };

static bool damaged(const char *name, const char *what, Error *err)
{
    return fail_content(err, "%s: damaged WebP (%s); fetch the picture again", name, what);
}

/* "RIFF", then the bytes that follow. */
static bool is_whole(const uint8_t *bytes, size_t count)
{
    const size_t follow = bytes[4] | (size_t)bytes[5] << 8 | (size_t)bytes[6] << 16 | (size_t)bytes[7] << 24;
    return count >= 12 && follow <= count - 8;
}

static bool decode_animation(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err)
{
    WebPAnimDecoderOptions options;
    WebPAnimInfo info;
    uint8_t *frame; /* [height, width, 4], the decoder's */
    int time;
    const WebPData data = {bytes, count};
    if (!WebPAnimDecoderOptionsInit(&options))
        return fail(err, "%s: libwebpdemux is another than was built with", name);
    options.color_mode = MODE_RGBA;
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(&data, &options);
    bool good = decoder && WebPAnimDecoderGetInfo(decoder, &info) && WebPAnimDecoderGetNext(decoder, &frame, &time);
    if (!good) damaged(name, "its first frame cannot be decoded", err);
    good = good && image_allocate(image, info.canvas_width, info.canvas_height, name, err);
    for (size_t i = 0; good && i < image->width * image->height; i++)
        for (size_t c = 0; c < 3; c++) image->pixels[3 * i + c] = frame[4 * i + c];
    WebPAnimDecoderDelete(decoder);
    return good;
}

bool webp_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err)
{
    WebPBitstreamFeatures f;
    if (!is_whole(bytes, count)) return damaged(name, "it is cut short", err);
    if (WebPGetFeatures(bytes, count, &f) != VP8_STATUS_OK || f.width <= 0 || f.height <= 0)
        return damaged(name, "its header makes no sense", err);
    const size_t width = (size_t)f.width, height = (size_t)f.height;
    if (height > IMAGE_PIXELS_MAX / width) return image_allocate(image, width, height, name, err); /* its sentence */
    if (width * height > UNSUSPECTED && width * height / BEST_PACKING > count)
        return damaged(name, "far too short for the size it claims", err);
    if (f.has_animation) return decode_animation(bytes, count, name, image, err);
    if (!image_allocate(image, width, height, name, err)) return false;
    return WebPDecodeRGBInto(bytes, count, image->pixels, 3 * width * height, 3 * f.width) ||
           damaged(name, "its pixels cannot be decoded", err);
}
