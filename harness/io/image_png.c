/* PNG through libpng. Colours are taken as they are stored: gamma and colour profiles are not applied, as in Pillow. */
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/image_formats.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

typedef struct Decoder {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t count, at;
    const char *name;
    Error *err;
    Image *image;
    uint8_t **rows;
} Decoder;

static _Noreturn void give_up(png_structp png, png_const_charp sentence)
{
    const Decoder *d = png_get_error_ptr(png);
    const bool apple = d->count > 16 && memcmp(d->bytes + 12, "CgBI", 4) == 0;
    if (apple)
        fail_content(d->err, "%s: a PNG of Apple's own kind (CgBI) is not supported; convert it to an ordinary PNG",
                     d->name);
    else
        fail_content(d->err, "%s: damaged PNG (%s); fetch the picture again", d->name, sentence);
    png_longjmp(png, 1);
}

static void pass_over(png_structp png, png_const_charp sentence)
{
    (void)png, (void)sentence; /* a checksum in an optional chunk, an odd profile: the pixels are whole */
}

static void feed(png_structp png, png_bytep to, size_t length)
{
    Decoder *d = png_get_io_ptr(png);
    if (length > d->count - d->at) png_error(png, "truncated");
    memcpy(to, d->bytes + d->at, length);
    d->at += length;
}

/* Deflate packs at most 1032 to 1, so a small file cannot ask for a large picture. */
static void check_size(Decoder *d)
{
    const size_t width = png_get_image_width(d->png, d->info), height = png_get_image_height(d->png, d->info);
    const size_t bits = (size_t)png_get_bit_depth(d->png, d->info) * png_get_channels(d->png, d->info);
    const double unpacked = (double)height * (1.0 + (double)width * (double)bits / 8);
    if (unpacked > 1032.0 * (double)d->count) png_error(d->png, "far too short for the size it claims");
    if (!image_allocate(d->image, width, height, d->name, d->err)) png_longjmp(d->png, 1);
}

/* Pillow's convert clips 16-bit grey at 255. (Of colour and of grey with alpha it takes the high byte, libpng's strip_16.) */
static void clip(png_structp png, png_row_infop row, png_bytep bytes)
{
    (void)png;
    for (size_t i = 0; i < row->rowbytes / 2; i++) bytes[i] = bytes[2 * i] ? 255 : bytes[2 * i + 1];
}

/* Whatever is stored becomes 8-bit RGB. Transparency is dropped, not blended. */
static void ask_for_rgb(Decoder *d)
{
    const int depth = png_get_bit_depth(d->png, d->info), colour = png_get_color_type(d->png, d->info);
    if (depth == 16 && colour == PNG_COLOR_TYPE_GRAY) {
        png_set_read_user_transform_fn(d->png, clip);
        png_set_user_transform_info(d->png, NULL, 8, 3);
    } else if (depth == 16) {
        png_set_strip_16(d->png);
    }
    if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(d->png);
    if (colour == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(d->png);
    if (!(colour & PNG_COLOR_MASK_COLOR)) png_set_gray_to_rgb(d->png);
    png_set_strip_alpha(d->png);
    png_set_interlace_handling(d->png);
    png_read_update_info(d->png, d->info);
    if (png_get_rowbytes(d->png, d->info) != 3 * d->image->width) png_error(d->png, "an unknown layout of pixels");
}

static bool decode(Decoder *d)
{
    if (setjmp(png_jmpbuf(d->png))) return false;
    png_set_read_fn(d->png, d, feed);
    png_read_info(d->png, d->info);
    check_size(d);
    ask_for_rgb(d);
    d->rows = xmalloc(d->image->height * sizeof *d->rows);
    for (size_t y = 0; y < d->image->height; y++) d->rows[y] = d->image->pixels + y * 3 * d->image->width;
    png_read_image(d->png, d->rows);
    png_read_end(d->png, NULL); /* the last checksum and the end mark */
    return true;
}

bool png_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err)
{
    Decoder d = {.bytes = bytes, .count = count, .name = name, .err = err, .image = image};
    d.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d, give_up, pass_over);
    d.info = d.png ? png_create_info_struct(d.png) : NULL;
    const bool good = d.info ? decode(&d) : fail(err, "%s: libpng cannot be set up", name);
    png_destroy_read_struct(&d.png, &d.info, NULL);
    free(d.rows);
    return good;
}

static bool collect_texts(Decoder *d, TextList *texts)
{
    if (setjmp(png_jmpbuf(d->png))) return false;
    png_set_read_fn(d->png, d, feed);
    png_read_info(d->png, d->info);
    png_textp found;
    const int count = png_get_text(d->png, d->info, &found, NULL);
    for (int i = 0; i < count; i++) {
        text_list_add(texts, found[i].key);
        text_list_add(texts, found[i].text ? found[i].text : "");
    }
    return true;
}

bool png_texts(const uint8_t *bytes, size_t count, const char *name, TextList *texts, Error *err)
{
    Decoder d = {.bytes = bytes, .count = count, .name = name, .err = err};
    d.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &d, give_up, pass_over);
    d.info = d.png ? png_create_info_struct(d.png) : NULL;
    const bool good = d.info ? collect_texts(&d, texts) : fail(err, "%s: libpng cannot be set up", name);
    png_destroy_read_struct(&d.png, &d.info, NULL);
    return good;
}

typedef struct Encoder {
    Text out;
    Error *err;
} Encoder;

static _Noreturn void encoding_failed(png_structp png, png_const_charp sentence)
{
    const Encoder *e = png_get_error_ptr(png);
    fail(e->err, "cannot make a PNG: %s", sentence);
    png_longjmp(png, 1);
}

static void collect(png_structp png, png_bytep bytes, size_t length)
{
    Encoder *e = png_get_io_ptr(png);
    text_add_bytes(&e->out, (const char *)bytes, length);
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

/* UTF-8 beyond ASCII. */
static bool needs_itxt(const char *text)
{
    const char *at = text;
    while (*at && (unsigned char)*at < 0x80) at++;
    return *at && !u8_check((const uint8_t *)text, strlen(text));
}

/* tEXt is Latin-1 by its definition; UTF-8 beyond ASCII goes into iTXt. What is no UTF-8 is taken for Latin-1. */
static void add_texts(png_structp png, png_infop info, const char *const *texts)
{
    for (size_t i = 0; texts && texts[i]; i += 2) {
        png_text text = {.key = (char *)(uintptr_t)texts[i], .text = (char *)(uintptr_t)texts[i + 1]};
        text.compression = needs_itxt(texts[i + 1]) ? PNG_ITXT_COMPRESSION_NONE : PNG_TEXT_COMPRESSION_NONE;
        text.text_length = strlen(texts[i + 1]);
        png_set_text(png, info, &text, 1);
    }
}

static bool encode(png_structp png, png_infop info, Encoder *e, const Image *image, const char *const *texts)
{
    if (setjmp(png_jmpbuf(png))) return false;
    png_set_write_fn(png, e, collect, flush_nothing);
    png_set_IHDR(png, info, (png_uint_32)image->width, (png_uint_32)image->height, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    add_texts(png, info, texts);
    png_write_info(png, info);
    for (size_t y = 0; y < image->height; y++) png_write_row(png, image->pixels + y * 3 * image->width);
    png_write_end(png, info);
    return true;
}

bool png_encode(const Image *image, const char *const *texts, uint8_t **bytes, size_t *count, Error *err)
{
    Encoder e = {.err = err};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &e, encoding_failed, pass_over);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    const bool good = info ? encode(png, info, &e, image, texts) : fail(err, "libpng cannot be set up");
    png_destroy_write_struct(&png, &info);
    if (!good) {
        text_free(&e.out);
        return false;
    }
    *bytes = (uint8_t *)e.out.data;
    *count = e.out.length;
    return true;
}
