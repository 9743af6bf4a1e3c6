#include "reports/sheet.h"

#include "harness/base/memory.h"
#include "harness/base/text.h"

#include <cairo-svg.h>
#include <cairo.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 6, ROWS = 3, PICTURE = 128, GAP = 16, LINES = 5, LINE = 15, TITLE = 34, SHOWN = 3 };
enum { TILE_WIDTH = PICTURE + GAP, TILE_HEIGHT = PICTURE + LINES * LINE + GAP };

typedef struct Bytes {
    const uint8_t *data;
    size_t left;
} Bytes;

static cairo_status_t next_bytes(void *closure, unsigned char *to, unsigned int length)
{
    Bytes *bytes = closure;
    if (bytes->left < length) return CAIRO_STATUS_READ_ERROR;
    memcpy(to, bytes->data, length);
    bytes->data += length, bytes->left -= length;
    return CAIRO_STATUS_SUCCESS;
}

static void draw_text(cairo_t *c, double x, double y, double size, const char *colour_hex, const char *text)
{
    const unsigned long colour = strtoul(colour_hex, NULL, 16);
    cairo_select_font_face(c, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c, size);
    cairo_set_source_rgb(c, (double)(colour >> 16 & 255) / 255, (double)(colour >> 8 & 255) / 255,
                         (double)(colour & 255) / 255);
    cairo_move_to(c, x, y);
    cairo_show_text(c, text);
}

/* Every pixel as a block of factor x factor: viewers smooth an enlarged picture, and a small rendering should stay sharp. */
static cairo_surface_t *enlarged(cairo_surface_t *picture, int factor)
{
    const int width = cairo_image_surface_get_width(picture), height = cairo_image_surface_get_height(picture);
    cairo_surface_t *large = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width * factor, height * factor);
    cairo_t *c = cairo_create(large);
    cairo_scale(c, factor, factor);
    cairo_set_source_surface(c, picture, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(c), CAIRO_FILTER_NEAREST);
    cairo_paint(c);
    cairo_destroy(c);
    return large;
}

/* The picture in a square of PICTURE pixels, its shape kept. */
static void draw_picture(cairo_t *c, cairo_surface_t *picture, double x, double y)
{
    const int width = cairo_image_surface_get_width(picture), height = cairo_image_surface_get_height(picture);
    const int longer = width > height ? width : height;
    cairo_surface_t *large = enlarged(picture, longer <= PICTURE / 2 ? PICTURE / longer : 1);
    const double factor = (double)PICTURE / (longer <= PICTURE / 2 ? PICTURE / longer * longer : longer);
    const double shown_width = factor * cairo_image_surface_get_width(large);
    const double shown_height = factor * cairo_image_surface_get_height(large);
    cairo_save(c);
    cairo_translate(c, x + (PICTURE - shown_width) / 2, y + (PICTURE - shown_height) / 2);
    cairo_scale(c, factor, factor);
    cairo_set_source_surface(c, large, 0, 0);
    cairo_paint(c);
    cairo_restore(c);
    cairo_surface_destroy(large);
}

static void best_classes(const float *scores, size_t classes, size_t best[SHOWN])
{
    for (size_t k = 0; k < SHOWN; k++) {
        size_t found = classes;
        for (size_t c = 0; c < classes; c++) {
            bool taken = false;
            for (size_t i = 0; i < k; i++) taken = taken || best[i] == c;
            if (!taken && (found == classes || scores[c] > scores[found])) found = c;
        }
        best[k] = found;
    }
}

/* The true classes, in at most two lines of the tile's width. */
static void draw_truth(cairo_t *c, const StoredResult *r, const int8_t *labels, double x, double y)
{
    Text line = {0};
    text_add(&line, "in it: ");
    cairo_set_font_size(c, 10);
    for (size_t class = 0, shown = 0; class < r->classes; class ++) {
        if (labels[class] <= 0) continue;
        cairo_text_extents_t extents;
        Text longer = {0};
        text_addf(&longer, "%s%s%s", line.data, shown ? ", " : "", r->class_names[class]);
        cairo_text_extents(c, longer.data, &extents);
        if (shown++ && extents.width > PICTURE) {
            text_add(&line, ",");
            draw_text(c, x, y, 10, "555555", line.data);
            y += LINE - 3;
            line.length = 0;
            text_add(&line, r->class_names[class]);
        } else {
            line.length = 0;
            text_add(&line, longer.data);
        }
        text_free(&longer);
    }
    draw_text(c, x, y, 10, "555555", line.data);
    text_free(&line);
}

static void draw_labels(cairo_t *c, const StoredResult *r, const float *scores, const int8_t *labels, double x,
                        double y)
{
    size_t best[SHOWN];
    const size_t shown = r->classes < SHOWN ? r->classes : SHOWN;
    best_classes(scores, r->classes, best);
    cairo_save(c);
    cairo_rectangle(c, x, y, TILE_WIDTH - 4, LINES * LINE + 4);
    cairo_clip(c);
    for (size_t k = 0; k < shown; k++) {
        const bool right = labels[best[k]] > 0;
        char *line = xformat("%s  %s", right ? "\xE2\x9C\x93" : "\xC2\xB7", r->class_names[best[k]]);
        draw_text(c, x, y + (double)(k + 1) * LINE - 3, 11.5, right ? "00734F" : "A33B00", line);
        free(line);
    }
    draw_truth(c, r, labels, x, y + (SHOWN + 1) * LINE - 3);
    cairo_restore(c);
}

static bool draw_tile(cairo_t *c, const ReportOptions *options, const StoredResult *r, size_t image,
                      const float *scores, const int8_t *labels, double x, double y, Error *err)
{
    uint8_t *png = NULL;
    size_t bytes = 0;
    if (!options->picture(options->picture_context, r, image, &png, &bytes, err)) return false;
    cairo_surface_t *picture = cairo_image_surface_create_from_png_stream(next_bytes, &(Bytes){png, bytes});
    const bool good = cairo_surface_status(picture) == CAIRO_STATUS_SUCCESS;
    if (good) draw_picture(c, picture, x, y);
    cairo_surface_destroy(picture);
    free(png);
    if (!good) return fail(err, "%s: the picture of row %zu cannot be drawn", r->file, image);
    draw_labels(c, r, scores + image * r->classes, labels + image * r->classes, x, y + PICTURE + 2);
    return true;
}

static bool draw_sheet(cairo_t *c, const ReportOptions *options, const StoredResult *r, const char *label,
                       const float *scores, const int8_t *labels, Error *err)
{
    const size_t wanted = COLUMNS * ROWS, shown = r->images < wanted ? r->images : wanted;
    cairo_set_source_rgb(c, 1, 1, 1);
    cairo_paint(c);
    char *title =
        xformat("%s on %s, seed %lld: the three classes with the highest scores (\xE2\x9C\x93 in the picture)", label,
                r->dataset, (long long)r->seed);
    draw_text(c, GAP, 22, 13, "222222", title);
    free(title);
    for (size_t k = 0; k < shown; k++) {
        /* Evenly spread over the test images: not chosen by hand. */
        const size_t image = k * r->images / shown;
        const double x = GAP + (double)(k % COLUMNS) * TILE_WIDTH, y = TITLE + (double)(k / COLUMNS) * TILE_HEIGHT;
        if (!draw_tile(c, options, r, image, scores, labels, x, y, err)) return false;
    }
    return true;
}

static bool draw_on(cairo_surface_t *surface, const ReportOptions *options, const StoredResult *r, const char *label,
                    const float *scores, const int8_t *labels, const char *png_path, Error *err)
{
    cairo_t *c = cairo_create(surface);
    bool good = draw_sheet(c, options, r, label, scores, labels, err);
    cairo_destroy(c);
    if (good && png_path && cairo_surface_write_to_png(surface, png_path) != CAIRO_STATUS_SUCCESS)
        good = fail(err, "%s: cannot write; free some space or choose another place", png_path);
    cairo_surface_finish(surface);
    if (good && cairo_surface_status(surface) != CAIRO_STATUS_SUCCESS)
        good = fail(err, "the sheet of examples cannot be written: %s",
                    cairo_status_to_string(cairo_surface_status(surface)));
    cairo_surface_destroy(surface);
    return good;
}

bool sheet_of_examples(const ReportOptions *options, const StoredResult *r, const char *label, const char *folder,
                       const char *name, Error *err)
{
    float *scores = NULL;
    int8_t *labels = NULL;
    if (!result_scores(r, &scores, &labels, NULL, err)) return false;
    const int width = GAP + COLUMNS * TILE_WIDTH, height = TITLE + ROWS * TILE_HEIGHT;
    char *svg = xformat("%s/%s.svg", folder, name), *png = xformat("%s/%s.png", folder, name);
    cairo_surface_t *vector = cairo_svg_surface_create(svg, width, height);
    cairo_surface_t *raster = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    bool good = draw_on(vector, options, r, label, scores, labels, NULL, err);
    good = draw_on(raster, options, r, label, scores, labels, png, err) && good;
    free(svg), free(png), free(scores), free(labels);
    return good;
}
