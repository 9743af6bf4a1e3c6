/* The section of heat maps: m_jc = <x_j, L_c> of a test picture's positions x_j and a class's local prompt L_c, laid over the
 * picture for the classes in it and for the false class that scores highest.
 *
 * One colour scale a picture, from the lowest to the highest similarity among the maps shown, so that maps of one picture can be
 * compared; between positions bilinear, with a position's value at the middle of its square. */
#include "harness/base/memory.h"
#include "reports/drawing.h"
#include "reports/section.h"
#include "reports/shown_pictures.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PICTURES = 6, TRUE_SHOWN = 4, PICTURE = 150, GAP = 16, LINE = 15, SIDE = 300 };
enum { COLUMNS = TRUE_SHOWN + 2, TILE_WIDTH = PICTURE + GAP, TILE_HEIGHT = PICTURE + 2 * LINE + GAP };

typedef struct HeatMaps {
    const StoredResult *result;
    Image pictures[PICTURES];
    size_t count, positions, rows, columns; /* pictures; rows * columns = positions */
    float *maps, *scores;                   /* [count, classes, positions], [images, classes] */
    int8_t *labels;                         /* [images, classes] */
    bool crop;                              /* the square in the middle was encoded */
} HeatMaps;

static void heat_maps_free(HeatMaps *h)
{
    free(h->maps), free(h->scores), free(h->labels);
    report_pictures_free(h->pictures, PICTURES);
}

/* How the protocol brings pictures to a square. */
static bool was_cropped(const StoredResult *r)
{
    cJSON *root = cJSON_Parse(r->config);
    const cJSON *config = cJSON_GetObjectItemCaseSensitive(root, "config");
    const cJSON *protocol = cJSON_GetObjectItemCaseSensitive(config, "protocol_fields");
    const cJSON *resize = cJSON_GetObjectItemCaseSensitive(protocol, "resize");
    const bool crop = cJSON_IsString(resize) && strcmp(resize->valuestring, "crop") == 0;
    cJSON_Delete(root);
    return crop;
}

static bool read_maps(const ArtifactReader *r, HeatMaps *h, Error *err)
{
    size_t dim[3] = {0, h->result->classes, 0};
    int32_t *grid = NULL;
    if (!artifact_read_floats(r, "heat_maps", 3, dim, &h->maps, err) ||
        !artifact_read_int32(r, "grid", 1, (size_t[]){2}, &grid, err))
        return false;
    h->count = dim[0], h->positions = dim[2];
    h->rows = grid[0] > 0 ? (size_t)grid[0] : 0, h->columns = grid[1] > 0 ? (size_t)grid[1] : 0;
    free(grid);
    bool good = h->rows && h->columns && h->rows <= h->positions && h->columns == h->positions / h->rows &&
                h->rows * h->columns == h->positions && h->count <= h->result->images;
    for (size_t i = 0; good && i < h->count * h->result->classes * h->positions; i++) good = isfinite(h->maps[i]) != 0;
    return good || fail(err, "%s: heat_maps and grid do not belong together; delete it to have it made again",
                        artifact_path(r));
}

static bool has_maps(const char *path, bool *has, Error *err)
{
    ArtifactReader *r = artifact_open(path, err);
    *has = r && artifact_has(r, "heat_maps") && artifact_has(r, "grid");
    artifact_close(r);
    return r != NULL;
}

static bool heat_maps_read(const StoredResult *result, HeatMaps *h, Error *err)
{
    char *resize = NULL;
    *h = (HeatMaps){.result = result, .crop = was_cropped(result)};
    ArtifactReader *r = artifact_open(result->file, err);
    if (!r) return false;
    bool good = read_maps(r, h, err) &&
                (!artifact_has_attribute(r, "resize") || artifact_attribute_get_text(r, "resize", &resize, err));
    if (good && resize) h->crop = strcmp(resize, "crop") == 0; /* the model's own way */
    free(resize);
    artifact_close(r);
    good = good && result_scores(result, &h->scores, &h->labels, NULL, err);
    if (!good) heat_maps_free(h);
    return good;
}

/* Stops of the colour map "viridis" (Smith, van der Walt 2015): as bright as the value is high, for any colour vision. */
static void colour_of(double value, double rgb[3])
{
    static const double stops[][3] = {{68, 1, 84},    {71, 44, 122}, {59, 81, 139},  {44, 113, 142}, {33, 144, 141},
                                      {39, 173, 129}, {92, 200, 99}, {170, 220, 50}, {253, 231, 37}};
    const size_t last = sizeof stops / sizeof *stops - 1;
    const double place = fmin(fmax(value, 0), 1) * (double)last;
    const size_t low = place >= (double)last ? last - 1 : (size_t)place;
    for (size_t k = 0; k < 3; k++) rgb[k] = stops[low][k] + (stops[low + 1][k] - stops[low][k]) * (place - (double)low);
}

/* The two nearest of `count` middles around `at` in [0, 1], and the weight of the second. */
static double neighbours(double at, size_t count, size_t *first, size_t *second)
{
    const double place = fmin(fmax(at * (double)count - 0.5, 0), (double)(count - 1));
    *first = (size_t)place;
    *second = *first + 1 < count ? *first + 1 : *first;
    return place - (double)*first;
}

static double interpolated(const HeatMaps *h, const float *map, double x, double y)
{
    size_t left, right, above, below;
    const double across = neighbours(x, h->columns, &left, &right), down = neighbours(y, h->rows, &above, &below);
    const double upper =
        (1 - across) * (double)map[above * h->columns + left] + across * (double)map[above * h->columns + right];
    const double lower =
        (1 - across) * (double)map[below * h->columns + left] + across * (double)map[below * h->columns + right];
    return (1 - down) * upper + down * lower;
}

/* The picture in grey under the colours of its map: SIDE pixels on its longer side. */
static void draw_overlay(cairo_t *c, const HeatMaps *h, const Image *picture, const float *map, const double range[2],
                         double left, double top)
{
    const size_t longer = picture->width > picture->height ? picture->width : picture->height;
    Image out = {picture->width * SIDE / longer, picture->height * SIDE / longer, NULL};
    if (!out.width) out.width = 1;
    if (!out.height) out.height = 1;
    out.pixels = xmalloc(3 * out.width * out.height);
    for (size_t y = 0; y < out.height; y++)
        for (size_t x = 0; x < out.width; x++) {
            const double u = ((double)x + 0.5) / (double)out.width, v = ((double)y + 0.5) / (double)out.height;
            const uint8_t *p = picture->pixels + 3 * ((size_t)(v * (double)picture->height) * picture->width +
                                                      (size_t)(u * (double)picture->width));
            const double grey = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2], span = range[1] - range[0];
            double rgb[3];
            colour_of(span > 0 ? (interpolated(h, map, u, v) - range[0]) / span : 0, rgb);
            for (size_t k = 0; k < 3; k++)
                out.pixels[3 * (y * out.width + x) + k] = (uint8_t)(0.35 * grey + 0.65 * rgb[k] + 0.5);
        }
    drawing_image(c, &out, left, top, PICTURE);
    free(out.pixels);
}

static void crop_to_square(Image *image)
{
    const size_t side = image->width < image->height ? image->width : image->height;
    const size_t left = (image->width - side) / 2, top = (image->height - side) / 2;
    for (size_t y = 0; y < side; y++)
        memmove(image->pixels + 3 * y * side, image->pixels + 3 * ((top + y) * image->width + left), 3 * side);
    image->width = image->height = side;
}

/* The first classes that are in the picture, then the highest of the others; returns how many. */
static size_t choose_classes(const HeatMaps *h, size_t image, size_t chosen[COLUMNS])
{
    const size_t classes = h->result->classes;
    const int8_t *labels = h->labels + image * classes;
    const float *scores = h->scores + image * classes;
    size_t count = 0, wrong = classes;
    for (size_t k = 0; k < classes; k++) {
        if (labels[k] > 0 && count < TRUE_SHOWN) chosen[count++] = k;
        if (labels[k] < 0 && (wrong == classes || scores[k] > scores[wrong])) wrong = k;
    }
    if (wrong < classes) chosen[count++] = wrong;
    return count;
}

static void draw_row(cairo_t *c, const HeatMaps *h, size_t image, double y)
{
    const Image *picture = &h->pictures[image];
    drawing_image(c, picture, GAP, y, PICTURE);
    size_t chosen[COLUMNS];
    double range[2] = {INFINITY, -INFINITY};
    const size_t count = choose_classes(h, image, chosen), classes = h->result->classes;
    for (size_t k = 0; k < count; k++)
        for (size_t p = 0; p < h->positions; p++) {
            const double m = (double)h->maps[(image * classes + chosen[k]) * h->positions + p];
            range[0] = fmin(range[0], m), range[1] = fmax(range[1], m);
        }
    for (size_t k = 0; k < count; k++) {
        const double x = GAP + (double)(k + 1) * TILE_WIDTH;
        const bool true_class = h->labels[image * classes + chosen[k]] > 0;
        char *name = xformat("%s %s", true_class ? "\xE2\x9C\x93" : "\xE2\x9C\x97", h->result->class_names[chosen[k]]);
        char *score = xformat("score %.3f", (double)h->scores[image * classes + chosen[k]]);
        draw_overlay(c, h, picture, h->maps + (image * classes + chosen[k]) * h->positions, range, x, y);
        drawing_text(c, x, y + PICTURE + LINE, 11.5, true_class ? "00734F" : "A33B00", name);
        drawing_text(c, x, y + PICTURE + 2 * LINE - 1, 10.5, "555555", score);
        free(name), free(score);
    }
    if (count) {
        char *scale = xformat("colours: %.3f to %.3f", range[0], range[1]);
        drawing_text(c, GAP, y + PICTURE + LINE, 10.5, "555555", scale);
        free(scale);
    }
}

static size_t shown(const HeatMaps *h)
{
    return h->count < PICTURES ? h->count : PICTURES;
}

static bool draw_sheet(cairo_t *c, const void *context, Error *err)
{
    (void)err;
    const HeatMaps *h = context;
    for (size_t i = 0; i < shown(h); i++) draw_row(c, h, i, GAP + (double)i * TILE_HEIGHT);
    return true;
}

/* The pictures as they were encoded; false: none of them is there. */
static bool read_pictures(const SectionInput *in, HeatMaps *h)
{
    static const size_t rows[PICTURES] = {0, 1, 2, 3, 4, 5};
    if (!report_pictures_read(in->options, h->result, rows, shown(h), h->pictures, in->remarks)) return false;
    for (size_t i = 0; h->crop && i < shown(h); i++) crop_to_square(&h->pictures[i]);
    return true;
}

/* The row with maps and the highest mean; rows made from generated images go first. NULL: there is none. */
static bool choose_result(const SectionInput *in, size_t column, const StoredResult **chosen, const char **label,
                          Error *err)
{
    Best drawn;
    bool has = false;
    double highest = 0;
    *chosen = NULL;
    if (!section_best(in, column, "generate", &drawn, err)) return false;
    bool good = !drawn.result || has_maps(drawn.result->file, &has, err);
    if (has) *chosen = drawn.result, *label = drawn.label;
    best_free(&drawn);
    for (size_t row = 0; good && !has && row < in->summary->row_count; row++) {
        const Cell *cell = summary_cell(in->summary, row, column);
        bool here = false;
        if (!cell->count || (*chosen && cell->map.mean <= highest)) continue;
        good = has_maps(cell->results[0]->file, &here, err);
        if (here) *chosen = cell->results[0], *label = in->summary->rows[row].label, highest = cell->map.mean;
    }
    return good;
}

static bool add_column(const SectionInput *in, size_t column, Section *out, Error *err)
{
    const char *label = NULL;
    const StoredResult *result;
    if (!choose_result(in, column, &result, &label, err)) return false;
    if (!result || !report_has_pictures(in->options, result)) return true;
    HeatMaps h;
    if (!heat_maps_read(result, &h, err)) return false;
    char *name = section_name("heat_maps", column);
    char *caption = xformat(
        "The first test images of %s, and where %s (seed %lld) sees a class: cosine similarity of each of the %zu x "
        "%zu "
        "positions with the class's local prompt, bilinear between them. Green: classes in the picture (at most %d); "
        "red: the highest-scoring class that is not. One colour scale a row, from its lowest (violet) to its highest "
        "(yellow) value.",
        result->dataset, label, (long long)result->seed, h.rows, h.columns, TRUE_SHOWN);
    const bool good =
        !read_pictures(in, &h) || (drawing_save(in->figures, name, GAP + COLUMNS * TILE_WIDTH,
                                                GAP + (int)shown(&h) * TILE_HEIGHT, draw_sheet, &h, err) &&
                                   section_figure(in, name, caption, out, err));
    free(name), free(caption);
    heat_maps_free(&h);
    return good;
}

bool section_heat_maps(const SectionInput *in, Section *out, Error *err)
{
    out->id = "heat-maps", out->title = "Heat maps";
    bool good = true;
    for (size_t column = 0; good && column < in->summary->column_count; column++)
        good = add_column(in, column, out, err);
    return good;
}
