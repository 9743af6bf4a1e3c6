/* A drawing is a function that gets a cairo context; it is called twice, for SVG and for PNG, so that both show the
 * same. What cairo finds wrong is kept in its state and told at the end. */
#include "reports/drawing.h"

#include "harness/base/memory.h"
#include "harness/base/shown.h"

#include <cairo-svg.h>
#include <stdlib.h>
#include <string.h>

static void set_font(cairo_t *c, double size, const char *colour_hex)
{
    const unsigned long colour = strtoul(colour_hex, NULL, 16);
    cairo_select_font_face(c, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c, size);
    cairo_set_source_rgb(c, (double)(colour >> 16 & 255) / 255, (double)(colour >> 8 & 255) / 255,
                         (double)(colour & 255) / 255);
}

void drawing_text(cairo_t *c, double x, double y, double size, const char *colour, const char *text)
{
    char *plain = shown(text); /* cairo takes nothing that is not UTF-8, and SVG no control characters */
    set_font(c, size, colour);
    cairo_move_to(c, x, y);
    cairo_show_text(c, plain);
    free(plain);
}

bool drawing_fits(cairo_t *c, const char *text, double width)
{
    cairo_text_extents_t extents;
    char *plain = shown(text);
    cairo_text_extents(c, plain, &extents);
    free(plain);
    return extents.width <= width;
}

size_t drawing_wrapped(cairo_t *c, double x, double y, double width, double size, size_t lines, const char *colour,
                       const char *text)
{
    char *words = xstrdup(text), *rest = words, *line = xstrdup("");
    size_t drawn = 0;
    set_font(c, size, colour);
    for (char *word; drawn < lines && (word = strsep(&rest, " \t\r\n"));) {
        if (!*word) continue;
        char *longer = xformat("%s%s%s", line, *line ? " " : "", word);
        if (*line && !drawing_fits(c, longer, width)) {
            const bool last = drawn + 1 == lines; /* and a word is left over */
            char *shown = xformat("%s%s", line, last ? " \xE2\x80\xA6" : "");
            drawing_text(c, x, y + 1.3 * size * (double)drawn++, size, colour, shown);
            free(shown), free(longer);
            longer = xstrdup(word);
        }
        free(line);
        line = longer;
    }
    if (*line && drawn < lines) drawing_text(c, x, y + 1.3 * size * (double)drawn++, size, colour, line);
    free(line), free(words);
    return drawn;
}

/* Every pixel as a block of factor x factor: viewers smooth an enlarged picture, and a small rendering should stay sharp. */
static cairo_surface_t *surface_of(const Image *image, size_t factor)
{
    const size_t width = image->width * factor, height = image->height * factor;
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    if (cairo_surface_status(s) != CAIRO_STATUS_SUCCESS) return s; /* drawing with it is harmless; drawing_save tells */
    unsigned char *data = cairo_image_surface_get_data(s);
    const size_t stride = (size_t)cairo_image_surface_get_stride(s);
    for (size_t y = 0; y < height; y++)
        for (size_t x = 0; x < width; x++) {
            const uint8_t *p = image->pixels + 3 * (y / factor * image->width + x / factor);
            const uint32_t rgb = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
            memcpy(data + y * stride + 4 * x, &rgb, sizeof rgb);
        }
    cairo_surface_mark_dirty(s);
    return s;
}

void drawing_image(cairo_t *c, const Image *image, double x, double y, double side)
{
    const size_t longer = image->width > image->height ? image->width : image->height;
    size_t factor = (size_t)side / longer;
    if (factor < 1) factor = 1;
    cairo_surface_t *surface = surface_of(image, factor);
    const double scale = side / (double)(longer * factor);
    cairo_save(c);
    cairo_translate(c, x + (side - scale * (double)(image->width * factor)) / 2,
                    y + (side - scale * (double)(image->height * factor)) / 2);
    cairo_scale(c, scale, scale);
    cairo_set_source_surface(c, surface, 0, 0);
    cairo_paint(c);
    cairo_restore(c);
    cairo_surface_destroy(surface);
}

typedef bool Draw(cairo_t *c, const void *context, Error *err);

static cairo_status_t take(void *bytes, const unsigned char *data, unsigned count)
{
    text_add_bytes(bytes, (const char *)data, count);
    return CAIRO_STATUS_SUCCESS;
}

/* Draws into memory first, so that a file is whole or not there. `bytes` already takes what an SVG surface writes. */
static bool draw_on(cairo_surface_t *surface, Draw *draw, const void *context, const char *path, Text *bytes, bool png,
                    Error *err)
{
    cairo_t *c = cairo_create(surface);
    cairo_set_source_rgb(c, 1, 1, 1);
    cairo_paint(c);
    bool good = draw(c, context, err);
    cairo_status_t status = cairo_status(c);
    cairo_destroy(c);
    if (good && png && status == CAIRO_STATUS_SUCCESS) status = cairo_surface_write_to_png_stream(surface, take, bytes);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_status(surface);
    if (good && status != CAIRO_STATUS_SUCCESS)
        good = fail(err, "%s: cannot draw (%s)", path, cairo_status_to_string(status));
    cairo_surface_destroy(surface);
    good = good && write_file(path, bytes->data, bytes->length, err);
    text_free(bytes);
    return good;
}

bool drawing_save(const char *folder, const char *name, int width, int height, Draw *draw, const void *context,
                  Error *err)
{
    char *svg = xformat("%s/%s.svg", folder, name), *png = xformat("%s/%s.png", folder, name);
    Text bytes = {0};
    const bool good =
        draw_on(cairo_svg_surface_create_for_stream(take, &bytes, width, height), draw, context, svg, &bytes, false,
                err) &&
        draw_on(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height), draw, context, png, &bytes, true, err);
    free(svg), free(png);
    return good;
}
