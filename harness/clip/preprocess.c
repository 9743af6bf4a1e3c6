/* Pillow's resize (libImaging/Resample.c): every output pixel is a weighted sum of the input pixels under a filter
 * whose width grows when shrinking; weights are rounded to 22 bits; one direction, then the other, with 8-bit values
 * between. As output pixels do not depend on each other, only the part that is wanted (the crop) is computed. */
#include "harness/clip/preprocess.h"

#include "harness/base/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PRECISION_BITS = 32 - 8 - 2, SIDE_MAX = 1 << 20 };

/* The weights of a stretch of outputs along one side. */
typedef struct Taps {
    size_t count, most;  /* outputs; weights an output at most */
    size_t *first, *got; /* [count] first input, how many */
    int32_t *weight;     /* [count, most] */
} Taps;

/* Keys 1981, a = -0.5 */
static double bicubic(double x)
{
    const double a = -0.5;
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
}

static void taps_free(Taps *t)
{
    free(t->first);
    free(t->got);
    free(t->weight);
}

/* Weights of output number `at`; `work` holds t->most doubles. */
static void one_tap(Taps *t, size_t i, size_t at, size_t in, double scale, double *work)
{
    const double filter_scale = scale < 1 ? 1 : scale, support = 2 * filter_scale, inverse = 1 / filter_scale;
    const double center = ((double)at + 0.5) * scale;
    const double low = trunc(center - support + 0.5), high = trunc(center + support + 0.5);
    const size_t first = low < 0 ? 0 : (size_t)low, end = high > (double)in ? in : (size_t)high;
    double sum = 0;
    for (size_t k = 0; k < end - first; k++)
        sum += work[k] = bicubic(((double)k + (double)first - center + 0.5) * inverse);
    for (size_t k = 0; k < end - first; k++) {
        const double w = (sum != 0 ? work[k] / sum : work[k]) * (1 << PRECISION_BITS);
        t->weight[i * t->most + k] = (int32_t)(w < 0 ? w - 0.5 : w + 0.5);
    }
    t->first[i] = first;
    t->got[i] = end - first;
}

/* Outputs start .. start+count-1 of `out` from `in` inputs. */
static bool taps_new(Taps *t, size_t in, size_t out, size_t start, size_t count, Error *err)
{
    const double scale = (double)in / (double)out;
    const size_t most = (size_t)ceil(2 * (scale < 1 ? 1 : scale)) * 2 + 1;
    *t = (Taps){.count = count, .most = most < in ? most : in};
    t->first = xcalloc(count, sizeof *t->first);
    t->got = xcalloc(count, sizeof *t->got);
    double *work = NULL;
    const bool good = big_alloc(&t->weight, count * t->most, sizeof *t->weight, "the weights of a resize", err) &&
                      big_alloc(&work, t->most, sizeof *work, "the weights of a resize", err);
    for (size_t i = 0; i < count && good; i++) one_tap(t, i, start + i, in, scale, work);
    free(work);
    return good;
}

static uint8_t rounded(int32_t sum)
{
    const int32_t value = sum >> PRECISION_BITS; /* an arithmetic shift, as Pillow relies on too */
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* One row of `taps->count` pixels from a row of input pixels. */
static void resize_row(const Taps *t, const uint8_t *in, uint8_t *out)
{
    for (size_t i = 0; i < t->count; i++) {
        const uint8_t *pixel = in + 3 * t->first[i];
        const int32_t *weight = t->weight + i * t->most;
        int32_t r = 1 << (PRECISION_BITS - 1), g = r, b = r;
        for (size_t k = 0; k < t->got[i]; k++) {
            r += pixel[3 * k] * weight[k];
            g += pixel[3 * k + 1] * weight[k];
            b += pixel[3 * k + 2] * weight[k];
        }
        out[3 * i] = rounded(r), out[3 * i + 1] = rounded(g), out[3 * i + 2] = rounded(b);
    }
}

/* Output row i from the rows of `in`, the first of which is input row `base`; `sum` holds `bytes` numbers. */
static void resize_column(const Taps *t, size_t i, const uint8_t *in, size_t base, size_t bytes, int32_t *sum,
                          uint8_t *out)
{
    for (size_t x = 0; x < bytes; x++) sum[x] = 1 << (PRECISION_BITS - 1);
    for (size_t k = 0; k < t->got[i]; k++) {
        const uint8_t *row = in + (t->first[i] + k - base) * bytes;
        const int32_t weight = t->weight[i * t->most + k];
        for (size_t x = 0; x < bytes; x++) sum[x] += row[x] * weight;
    }
    for (size_t x = 0; x < bytes; x++) out[x] = rounded(sum[x]);
}

typedef struct Window { /* what is wanted of the resized picture */
    size_t left, top, width, height;
} Window;

/* Rows first. `between` holds the resized rows that the columns need. */
static bool rows_first(const Image *image, const Taps *across, const Taps *down, int32_t *sum, Image *out, Error *err)
{
    const size_t bytes = 3 * out->width, base = down->first[0], last = out->height - 1;
    const size_t rows = down->first[last] + down->got[last] - base;
    uint8_t *between = NULL;
    if (!big_alloc(&between, rows, bytes, "a resized picture", err)) return false;
    for (size_t y = 0; y < rows; y++)
        resize_row(across, image->pixels + (base + y) * image->width * 3, between + y * bytes);
    for (size_t y = 0; y < out->height; y++) resize_column(down, y, between, base, bytes, sum, out->pixels + y * bytes);
    free(between);
    return true;
}

/* Columns first, each resulting row at once resized. */
static bool columns_first(const Image *image, const Taps *across, const Taps *down, int32_t *sum, Image *out,
                          Error *err)
{
    const size_t bytes = 3 * image->width;
    uint8_t *row = NULL;
    if (!big_alloc(&row, 1, bytes, "a resized picture", err)) return false;
    for (size_t y = 0; y < out->height; y++) {
        resize_column(down, y, image->pixels, 0, bytes, sum, row);
        resize_row(across, row, out->pixels + 3 * y * out->width);
    }
    free(row);
    return true;
}

/* Pillow 13 takes columns first when the height loses more than twice what the width loses (found by comparing with it);
 * Pillow 12 and older always took rows first, which differs by a few grey levels in tall pictures. */
static bool takes_columns_first(const Image *image, size_t width, size_t height)
{
    const ptrdiff_t lost_width = (ptrdiff_t)image->width - (ptrdiff_t)width;
    const ptrdiff_t lost_height = (ptrdiff_t)image->height - (ptrdiff_t)height;
    return lost_height > 0 && lost_height > 2 * lost_width;
}

static bool resize_window(const Image *image, size_t width, size_t height, Window w, Image *out, Error *err)
{
    Taps across = {0}, down = {0};
    int32_t *sum = NULL;
    const size_t widest = image->width > w.width ? image->width : w.width;
    *out = (Image){.width = w.width, .height = w.height};
    const bool good =
        taps_new(&across, image->width, width, w.left, w.width, err) &&
        taps_new(&down, image->height, height, w.top, w.height, err) &&
        big_alloc(&sum, widest, 3 * sizeof *sum, "a resized picture", err) &&
        big_alloc(&out->pixels, w.height, 3 * w.width, "a resized picture", err) &&
        (takes_columns_first(image, width, height) ? columns_first : rows_first)(image, &across, &down, sum, out, err);
    taps_free(&across);
    taps_free(&down);
    free(sum);
    return good;
}

static bool check_sides(const Image *image, size_t width, size_t height, Error *err)
{
    const size_t sides[] = {image->width, image->height, width, height};
    for (size_t i = 0; i < 4; i++)
        if (sides[i] < 1 || sides[i] > SIDE_MAX)
            return fail(err, "a picture of %zu x %zu cannot be resized to %zu x %zu; sides from 1 to %d are possible",
                        image->width, image->height, width, height, SIDE_MAX);
    return true;
}

bool image_resize_bicubic(const Image *image, size_t width, size_t height, Image *out, Error *err)
{
    const Window whole = {0, 0, width, height};
    *out = (Image){0};
    return check_sides(image, width, height, err) && resize_window(image, width, height, whole, out, err);
}

/* torchvision's CenterCrop: int(round((side - size) / 2.0)), Python's round: halves to the even number. */
static size_t crop_start(size_t side, size_t size)
{
    const size_t rest = side - size, half = rest / 2;
    return rest % 2 && half % 2 ? half + 1 : half;
}

/* torchvision's Resize(size): the other side is int(size * long / short). */
static size_t longer_side(size_t size, size_t longer, size_t shorter)
{
    return (size_t)((double)(size * longer) / (double)shorter);
}

bool preprocess_square(const Image *image, size_t size, ResizeRule rule, Image *out, Error *err)
{
    *out = (Image){0};
    if (!check_sides(image, size, size, err)) return false;
    size_t width = size, height = size;
    if (rule == RESIZE_CROP && image->width > image->height) width = longer_side(size, image->width, image->height);
    if (rule == RESIZE_CROP && image->height > image->width) height = longer_side(size, image->height, image->width);
    const Window square = {crop_start(width, size), crop_start(height, size), size, size};
    return resize_window(image, width, height, square, out, err);
}

bool preprocess(const Image *image, size_t size, ResizeRule rule, const float mean[3], const float std[3],
                float *values, Error *err)
{
    Image square;
    const bool good = preprocess_square(image, size, rule, &square, err);
    for (size_t i = 0; i < size * size * 3 && good; i++)
        values[i] = ((float)square.pixels[i] / 255.0f - mean[i % 3]) / std[i % 3];
    image_free(&square);
    return good;
}
