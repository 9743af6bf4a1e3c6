/* JPEG through libjpeg-turbo with its defaults (accurate integer DCT, smooth chroma upsampling), which are Pillow's too. */
#include "harness/base/memory.h"
#include "harness/io/image_formats.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

typedef struct Decoder {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    jmp_buf escape;
    const char *name;
    Error *err;
    uint8_t *row; /* one row of four inks */
    Image *image;
} Decoder;

/* A whole picture of a kind that this libjpeg does not decode is not damaged. */
static bool name_kind(Decoder *d, const struct jpeg_error_mgr *errors)
{
    enum { FIRST = 0xc0, LOSSLESS = 0xc3 };
    const int code = errors->msg_code, number = errors->msg_parm.i[0];
    static const char convert[] = "is not supported; convert it to an ordinary JPEG or PNG";
    if (code == JERR_BAD_PRECISION)
        fail_content(d->err, "%s: a JPEG of %d bits a sample %s", d->name, number, convert);
    else if (code == JERR_SOF_UNSUPPORTED && number == LOSSLESS)
        fail_content(d->err, "%s: a lossless JPEG (SOF3) %s", d->name, convert);
    else if (code == JERR_SOF_UNSUPPORTED)
        fail_content(d->err, "%s: a JPEG of the unusual process SOF%d %s", d->name, number - FIRST, convert);
    else if (code == JERR_ARITH_NOTIMPL)
        fail_content(d->err, "%s: a JPEG with arithmetic coding %s", d->name, convert);
    else if (code == JERR_CONVERSION_NOTIMPL || code == JERR_BAD_J_COLORSPACE || code == JERR_BAD_IN_COLORSPACE)
        fail_content(d->err, "%s: a JPEG in these colours %s", d->name, convert);
    else
        return false;
    return true;
}

/* libjpeg's error and warning hooks: the decoder stands in client_data. Never returns to libjpeg. */
static _Noreturn void give_up(j_common_ptr info)
{
    Decoder *d = info->client_data;
    char sentence[JMSG_LENGTH_MAX];
    info->err->format_message(info, sentence);
    if (!name_kind(d, info->err))
        fail_content(d->err, "%s: damaged JPEG (%s); fetch the picture again", d->name, sentence);
    longjmp(d->escape, 1);
}

/* Warnings under which libjpeg goes on with made-up pixels are failures. The others (stray bytes between markers, an unknown
 * version of a header) lose nothing and are common in the wild. */
static void judge_warning(j_common_ptr info, int level)
{
    if (level >= 0) return;
    switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
        give_up(info);
    default:
        info->err->num_warnings++;
    }
}

static _Noreturn void refuse(Decoder *d, const char *sentence)
{
    fail_content(d->err, "%s: %s", d->name, sentence);
    longjmp(d->escape, 1);
}

/* Every 8x8 block of a Huffman-coded file takes at least one bit, so a small file cannot ask for a large picture. */
static void check_size(Decoder *d, size_t count)
{
    const size_t blocks = ((size_t)d->info.image_width + 7) / 8 * (((size_t)d->info.image_height + 7) / 8);
    if (!d->info.arith_code && blocks / 8 > count)
        refuse(d, "damaged JPEG (far too short for the size it claims); fetch the picture again");
    if (!image_allocate(d->image, d->info.image_width, d->info.image_height, d->name, d->err)) longjmp(d->escape, 1);
}

static void read_rows(Decoder *d)
{
    const size_t width = d->image->width, stride = 3 * width;
    const bool inks = d->info.out_color_space == JCS_CMYK;
    if (inks) d->row = xmalloc(4 * width);
    while (d->info.output_scanline < d->info.output_height) {
        uint8_t *rgb = d->image->pixels + d->info.output_scanline * stride;
        JSAMPROW row = inks ? d->row : rgb;
        if (jpeg_read_scanlines(&d->info, &row, 1) != 1) refuse(d, "damaged JPEG (a row is missing)");
        if (inks) rgb_of_inks(d->row, rgb, width);
    }
}

static bool decode(Decoder *d, const uint8_t *bytes, size_t count)
{
    if (setjmp(d->escape)) return false;
    jpeg_create_decompress(&d->info);
    jpeg_mem_src(&d->info, bytes, (unsigned long)count);
    jpeg_read_header(&d->info, TRUE);
    const int components = d->info.num_components;
    if (components != 1 && components != 3 && components != 4)
        refuse(d, "a JPEG that is neither grey, colour nor CMYK; convert it to colour");
    d->info.out_color_space = components == 4 ? JCS_CMYK : JCS_RGB;
    check_size(d, count);
    jpeg_start_decompress(&d->info);
    read_rows(d);
    jpeg_finish_decompress(&d->info);
    return true;
}

bool jpeg_decode(const uint8_t *bytes, size_t count, const char *name, Image *image, Error *err)
{
    Decoder *d = xcalloc(1, sizeof *d); /* on the heap: locals changed after setjmp are lost on longjmp */
    d->name = name;
    d->err = err;
    d->image = image;
    d->info.err = jpeg_std_error(&d->errors);
    d->errors.error_exit = give_up;
    d->errors.emit_message = judge_warning;
    d->info.client_data = d; /* kept by jpeg_create_decompress */
    const bool good = decode(d, bytes, count);
    jpeg_destroy_decompress(&d->info);
    free(d->row);
    free(d);
    return good;
}
